"""What is shown at once beside a ticket: the home tab, forms, prompts, lines for one person."""
