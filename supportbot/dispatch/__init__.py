"""Who wakes which ticket when: the contract in `base`, in-process lanes in `local`."""
