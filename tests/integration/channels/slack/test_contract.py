from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import Transport
from supportbot.testing.contracts import ChannelContract
from supportbot.testing.contracts.channel import ChannelRig
from supportbot.testing.fake_slack import EventDelivery, FakeSlack
from tests.integration.channels.slack.listening import make_channel, until


class SlackRig:
    """Ada writes to the bot in a direct message, over Socket Mode."""

    def __init__(self, slack: FakeSlack, channel: SlackChannel) -> None:
        self.channel = channel
        self._slack = slack
        self._written: dict[str, EventDelivery] = {}

    async def write(self, text: str, key: str) -> bool:
        await self._slack.connected()
        if key in self._written:
            event = self._slack.repeat(self._written[key])
        else:
            self._slack.direct("ada", text)
            event = self._written[key] = self._slack.deliveries[-1]
        await until(lambda: event.acked or event.failures)
        return event.acked

    async def arrived(self) -> Sequence[str]:
        bot = self._slack.bot_user
        return [one.markdown for one in self._slack.workspace.messages if one.user == bot]

    def refuse_next(self, *, permanent: bool) -> None:
        error = "is_archived" if permanent else "service_unavailable"
        self._slack.faults.fail("chat.postMessage", error)

    def interrupt_next(self, *, left: bool) -> None:
        if left:
            self._slack.faults.lose_answer("chat.postMessage")
        else:
            self._slack.faults.fail("chat.postMessage", "internal_error", status=500)


class TestSlackChannel(ChannelContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[ChannelRig]:
        async with FakeSlack(ack_seconds=0.5, retry_delays_seconds=(), strict=False) as slack:
            # Names that are looked up are heard too, but nobody wrote them.
            slack.faults.fail("users.info", "missing_scope", times=1_000)
            channel = make_channel(slack, Transport.SOCKET)
            yield SlackRig(slack, channel)
            await channel.aclose()
            await asyncio.sleep(0)
