"""What answers may quote: import, chunk, index, search."""
