from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from supportbot.channels.base import LiveReply
from supportbot.channels.console import ConsoleChannel
from supportbot.channels.web.channel import WebChannel
from supportbot.channels.web.config import WebConfig
from supportbot.errors import SendError, StoreUnavailable
from supportbot.model.delivery import Delivery, Receipt
from supportbot.store.database import Database
from supportbot.testing import Fails, LiveMemoryChannel, MemoryChannel, said
from supportbot.testing.contracts import ChannelContract
from supportbot.testing.contracts.channel import Accepting, ChannelRig, reply_to


class MemoryRig:
    def __init__(self, channel: MemoryChannel) -> None:
        self.channel = channel

    async def write(self, text: str, key: str) -> bool:
        try:
            await self.channel.hear(said(text), key)
        except StoreUnavailable:
            return False
        return True

    async def arrived(self) -> Sequence[str]:
        return self.channel.texts()

    def refuse_next(self, *, permanent: bool) -> None:
        self.channel.failures.append(Fails(SendError("refused", permanent=permanent)))

    def interrupt_next(self, *, left: bool) -> None:
        self.channel.failures.append(Fails(RuntimeError("gone"), left=left))


class TestMemoryChannel(ChannelContract):
    @pytest.fixture
    async def rig(self, clock: Any) -> ChannelRig:
        return MemoryRig(MemoryChannel(clock))


class TestLiveMemoryChannel(ChannelContract):
    @pytest.fixture
    async def rig(self, clock: Any) -> ChannelRig:
        return MemoryRig(LiveMemoryChannel(clock))


class RecordedWebChannel(WebChannel):
    """Keeps the texts it gave a receipt for: those the page shows once they are committed."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.texts: list[str] = []

    async def send(self, delivery: Delivery) -> Receipt:
        receipt = await super().send(delivery)
        self.texts.append(delivery.text)
        return receipt

    async def find(self, delivery: Delivery) -> Receipt | None:
        return await super().send(delivery)

    async def open_live(self, delivery: Delivery) -> LiveReply:
        return RecordedReply(await super().open_live(delivery), self.texts)


class RecordedReply:
    """Keeps its last words: the page shows them in place of what grew."""

    def __init__(self, reply: LiveReply, texts: list[str]) -> None:
        self._reply = reply
        self._texts = texts
        self.provider_id = reply.provider_id

    async def append(self, text: str) -> None:
        await self._reply.append(text)

    async def finish(self, delivery: Delivery) -> Receipt:
        self._texts[:] = [delivery.text]
        return await self._reply.finish(delivery)


class WebRig:
    def __init__(self, channel: RecordedWebChannel, client: httpx2.AsyncClient) -> None:
        self.channel = channel
        self._client = client

    async def write(self, text: str, key: str) -> bool:
        client_id = str(uuid.uuid5(uuid.NAMESPACE_URL, key))
        body = {"text": text, "client_id": client_id}
        answer = await self._client.post("/chat/api/shop/messages", json=body)
        return answer.is_success

    async def arrived(self) -> Sequence[str]:
        return self.channel.texts

    def refuse_next(self, *, permanent: bool) -> None:
        raise NotImplementedError

    def interrupt_next(self, *, left: bool) -> None:
        raise NotImplementedError


class TestWebChannel(ChannelContract):
    can_refuse = False  # a commit is the delivery
    can_interrupt = False

    @pytest.fixture
    async def rig(
        self, clock: Any, sqlite_db: Database, accept: Accepting
    ) -> AsyncIterator[ChannelRig]:
        channel = RecordedWebChannel(WebConfig({"shop": "Shop"}, "secret"), clock, sqlite_db)
        app = Starlette(routes=channel.routes(accept))
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://chat") as client:
            assert (await client.get("/chat/shop")).status_code == 200  # sets the cookie
            yield WebRig(channel, client)


class ConsoleRig:
    def __init__(self) -> None:
        self.channel = ConsoleChannel()

    async def write(self, text: str, key: str) -> bool:
        raise NotImplementedError

    async def arrived(self) -> Sequence[str]:
        return self.channel.said

    def refuse_next(self, *, permanent: bool) -> None:
        raise NotImplementedError

    def interrupt_next(self, *, left: bool) -> None:
        raise NotImplementedError


class TestConsoleChannel(ChannelContract):
    can_hear = False
    can_refuse = False
    can_interrupt = False

    @pytest.fixture
    async def rig(self) -> ChannelRig:
        return ConsoleRig()

    @pytest.fixture
    async def delivery(self, rig: ChannelRig, clock: Any) -> Delivery:
        assert isinstance(rig, ConsoleRig)
        return reply_to(rig.channel, rig.channel.question("?", product="p", key="k", at=clock()))
