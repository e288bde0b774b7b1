"""The rules of each product: load, merge, compile, compose, review.

Pure but for reading files.
"""
