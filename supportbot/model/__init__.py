"""The words of the house as frozen values, and the rules between them.

Pure: standard library only, no clock, no randomness, no I/O. Whatever crosses a rung is one of
these.
"""
