"""The tables and the ways to read and write them; gives back model values, never rows."""
