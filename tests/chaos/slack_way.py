"""Customers in a fake workspace, whose redelivery is Slack's."""

from __future__ import annotations

from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.chaos.conversation import Conversation, Heard

#: Slack sends again after 0, 60 and 300 seconds. Here a victim hardly lives for longer than it
#: takes to start, so nothing is given up, and tries are closer together.
REDELIVERY_SECONDS = (0.1, 0.4, 0.8, 1.5, *(3.0,) * 600)


class SlackWay:
    """Mentions the bot in a channel and goes on in the thread."""

    name = "slack"
    look_seconds = 0.05

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._seen = 0
        self._by_thread: dict[str, list[FakeMessage]] = {}

    async def say(self, conversation: Conversation, text: str) -> None:
        """Write; the workspace delivers the events."""
        first: FakeMessage | None = conversation.place.get("first")
        if first is None:
            self._slack.add_user(conversation.name)
            first = self._slack.mention("support", conversation.name, text)
            conversation.place["first"] = first
        else:
            self._slack.say("support", conversation.name, text, thread=first)

    async def look(self, conversation: Conversation) -> None:
        """Read the thread."""
        messages = self._slack.workspace.messages
        if len(messages) < self._seen:
            self._seen, self._by_thread = 0, {}
        for message in messages[self._seen :]:
            if message.user == self._slack.bot_user:
                self._by_thread.setdefault(message.root, []).append(message)
        self._seen = len(messages)
        first: FakeMessage = conversation.place["first"]
        conversation.heard = [_heard(m) for m in self._by_thread.get(first.ts, ())]

    @property
    def given_up(self) -> int:
        """How many events were never acknowledged: then the run proves nothing."""
        return sum(not event.acked for event in self._slack.deliveries)


def _heard(message: FakeMessage) -> Heard:
    payload = (message.metadata or {}).get("event_payload") or {}
    return Heard(f"{payload.get('delivery')}/{payload.get('part', 1)}", message.markdown)
