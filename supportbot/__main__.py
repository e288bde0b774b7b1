"""`python -m supportbot` is the same as `supportbot`."""

from __future__ import annotations

from supportbot.cli.root import main

main()
