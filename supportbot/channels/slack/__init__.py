"""Slack: mentions, direct messages and threads, over Socket Mode or signed HTTP events.

`channel.SlackChannel` is the way in; `parse` and `render` are pure. One workspace for each channel.
"""
