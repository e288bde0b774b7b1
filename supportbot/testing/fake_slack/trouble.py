"""What goes wrong in workspaces: people and channels vanish, events overtake each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.workspace import Workspace


class Losses:
    """Takes away what a bot relies on; Slack's own answers tell of it, and no event does."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def user(self, name: str) -> None:
        """Let a user be unknown from now on; what they wrote stays."""
        del self._workspace.users[self._workspace.user(name).id]

    def channel(self, name: str) -> None:
        """Delete a channel with all that was said in it."""
        channel = self._workspace.channel(name)
        del self._workspace.channels[channel.id]
        self._workspace.messages[:] = [
            message for message in self._workspace.messages if message.channel != channel.id
        ]

    def bot(self, channel: str) -> None:
        """Remove the bot from a channel."""
        self._workspace.channel(channel).members.discard(self._workspace.bot_user)


class Order:
    """Holds back what is on its way to the bot, to send it in another order."""

    def __init__(self) -> None:
        self._held: list[tuple[EventDelivery, Callable[[EventDelivery], None]]] | None = None

    def take(self, event: EventDelivery, send: Callable[[EventDelivery], None]) -> None:
        """Send an event now, or when what is held is released."""
        if self._held is None:
            send(event)
        else:
            self._held.append((event, send))

    @contextmanager
    def backwards(self) -> Iterator[None]:
        """Send everything that happens in this block at its end, the last one first."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held or [], None
            for event, send in reversed(held):
                send(event)
