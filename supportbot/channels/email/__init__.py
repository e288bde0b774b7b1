"""Email: reads any mail, decides whom not to answer, replies so that threads hold together."""
