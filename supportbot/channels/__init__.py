"""The ways in and out: each adapter is one folder that fulfils the contract in `base`."""
