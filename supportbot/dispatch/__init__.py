"""Who wakes which ticket when: the contract in `base`, and two ways to fulfil it.

`local` is lanes of one process; `procrastinate` is durable jobs for any number of processes.
"""
