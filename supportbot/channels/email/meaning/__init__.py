"""What a mail means: its newest words, thread and people, and whether it may be answered."""
