"""Whether the sender of a mail is who they say they are."""
