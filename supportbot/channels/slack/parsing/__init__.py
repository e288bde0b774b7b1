"""What Slack payloads mean: pure, from bytes and facts to what was heard."""
