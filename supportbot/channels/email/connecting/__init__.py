"""How a mail server is reached and signed in to, for the ways in and out alike."""
