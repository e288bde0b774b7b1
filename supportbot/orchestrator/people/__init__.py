"""What operators, and others who step in, do with a ticket."""
