"""What customers do in the scripted day, channel by channel."""
