"""Emoji that people put on messages.

https://docs.slack.dev/reference/events/reaction_added
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supportbot.testing.fake_slack.workspace import FakeMessage, Workspace


class Reactions:
    """What people do with emoji; the bot's own come by `reactions.add`."""

    def __init__(self, workspace: Workspace, announce: Callable[[dict[str, Any]], None]) -> None:
        self._workspace = workspace
        self._announce = announce

    def add(self, message: FakeMessage, name: str, user: str) -> None:
        """Put an emoji (`white_check_mark`) on a message; nothing happens where it is already."""
        person = self._workspace.user(user).id
        users = message.reactions.setdefault(name, [])
        self._workspace.channels[message.channel].members.add(person)
        if person not in users:
            users.append(person)
            self._tell("reaction_added", message, name, person)

    def remove(self, message: FakeMessage, name: str, user: str) -> None:
        """Take one's emoji away.

        Raises:
            LookupError: it is not there.
        """
        person = self._workspace.user(user).id
        users = message.reactions.get(name, [])
        if person not in users:
            raise LookupError(f"{user} has no {name} on message {message.ts}")
        users.remove(person)
        if not users:
            del message.reactions[name]
        self._tell("reaction_removed", message, name, person)

    def _tell(self, kind: str, message: FakeMessage, name: str, person: str) -> None:
        self._announce(
            {
                "type": kind,
                "user": person,
                "reaction": name,
                "item_user": message.user,
                "item": {"type": "message", "channel": message.channel, "ts": message.ts},
                "event_ts": self._workspace.next_ts(),
            }
        )
