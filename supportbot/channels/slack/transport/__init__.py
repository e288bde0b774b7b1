"""The ways in: Socket Mode and signed HTTP, up to a committed inbound row."""
