"""Deliveries as Slack messages: whole, growing, changed in place, and found again."""
