"""A question in a fake workspace, and replies to it that grow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from supportbot.channels.base import LiveReply
from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import AllowanceRules, Transport
from supportbot.model.delivery import ANSWER_OFFERS, Delivery, DeliveryState
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.integration.channels.slack.listening import make_channel, make_delivery

ANSWER = "Open the page. Then press Export. Done now."
#: As fast as a test likes.
SWIFT = AllowanceRules(
    window_seconds=0.05, spread_seconds=0.0, update_seconds=0.0, appends=10_000, updates=10_000
)


class Scene:
    """A question in a fake workspace, and a channel that answers it."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.processes: list[SlackChannel] = []
        self.channel = self.process()
        self.question = slack.mention("support", "ada", "how?")

    def process(self, **changes: Any) -> SlackChannel:
        """Return the channel of another process: it knows nothing of what was before."""
        made = make_channel(self.slack, Transport.HTTP, **({"allowance": SWIFT} | changes))
        self.processes.append(made)
        return made

    def claim(self, **changes: Any) -> Delivery:
        fields = {"state": DeliveryState.LIVE, "upto_seq": 1, "text": "", "offers": ANSWER_OFFERS}
        return make_delivery(self.question, **(fields | changes))

    async def opened(self, **changes: Any) -> tuple[LiveReply, Delivery]:
        """Open the reply as the orchestrator does; return it with its stored claim."""
        claim = self.claim(**changes)
        assert self.channel.may_open(claim.key, claim.target)
        reply = await self.channel.open_live(claim)
        return reply, replace(claim, provider_id=reply.provider_id)

    async def begun(self) -> tuple[LiveReply, Delivery]:
        """Open the reply, and show its first words."""
        reply, claim = await self.opened()
        await reply.append("Open the page.")
        return reply, claim

    def worded(self, claim: Delivery, text: str = ANSWER, **changes: Any) -> Delivery:
        return replace(claim, state=DeliveryState.SENDING, text=text, **changes)

    async def finish(self, claim: Delivery, text: str = ANSWER, **changes: Any) -> Any:
        delivery = self.worded(claim, text, **changes)
        return await (await self.channel.open_live(delivery)).finish(delivery)

    @property
    def message(self) -> FakeMessage:
        """The one message of the answer."""
        (message,) = self.slack.replies(self.question)
        return message

    def stands_whole(self) -> None:
        """See that the answer stands there whole and once, with its buttons."""
        assert (self.message.markdown, has_buttons(self.message)) == (ANSWER, True)

    @property
    def texts(self) -> list[str]:
        return [reply.markdown for reply in self.slack.replies(self.question)]

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.slack.calls()]


def has_buttons(message: FakeMessage) -> bool:
    shown = {e.get("action_id") for block in message.blocks for e in block.get("elements", ())}
    return {"supportbot_escalate", "supportbot_feedback"} <= shown
