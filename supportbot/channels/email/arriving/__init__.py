"""The ways in: mailboxes over IMAP, SMTP and LMTP of our own, up to a committed inbound row."""
