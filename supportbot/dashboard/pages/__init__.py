"""The pages, a file for each theme: every function takes a visit and gives a response."""
