"""A real IMAP server for this folder: pymap as a process of its own, on a free port."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from imapclient import IMAPClient  # type: ignore[import-untyped]  # ships no types
from sqlalchemy import insert

from supportbot.model.inbound import Accepted, Inbound
from supportbot.store.database import Database
from supportbot.store.tables.catalog import ChannelRow


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ImapBox:
    """The running server and a customer's hand to put mail into it."""

    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"imap://bot@127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", "from pymap.main import main; main()"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--no-tls"),
            *("dict", "--demo-user", "bot", "--demo-password", "secret", "--demo-data"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
        raise AssertionError("pymap did not start")

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def append(self, raw: bytes, at: datetime | None = None) -> None:
        await asyncio.to_thread(self._as_customer, lambda box: box.append("INBOX", raw, (), at))

    async def act(self, act: Callable[[Any], Any]) -> Any:
        """Do something with a client of the customer."""
        return await asyncio.to_thread(self._as_customer, act)

    async def flags(self) -> dict[bytes, bool]:
        """Message-ID → seen, of all mail in the inbox."""
        return await asyncio.to_thread(self._as_customer, _flags)

    def _as_customer(self, act: Callable[[Any], Any]) -> Any:
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=10)
        try:
            client.login("bot", "secret")
            client.select_folder("INBOX")
            return act(client)
        finally:
            client.shutdown()


def _flags(client: Any) -> dict[bytes, bool]:
    found = client.fetch(client.search(["ALL"]), ["FLAGS", "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
    return {
        facts[b"BODY[HEADER.FIELDS (MESSAGE-ID)]"].split(b":", 1)[-1].strip(): b"\\Seen"
        in facts[b"FLAGS"]
        for facts in found.values()
    }


@pytest.fixture
async def imap_box() -> AsyncIterator[ImapBox]:
    box = ImapBox(free_port())
    await box.start()
    yield box
    await box.stop()


@dataclass
class Desk:
    """An `accept` that remembers, tells duplicates by key, and can be made to fail."""

    heard: list[Inbound] = field(default_factory=list)
    failing: Exception | None = None
    calls: int = 0
    _keys: set[str] = field(default_factory=set)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accept(self, inbound: Inbound) -> Accepted:
        self.calls += 1
        if self.failing is not None:
            raise self.failing
        duplicate = bool(self._keys & set(inbound.keys))
        self._keys |= set(inbound.keys)
        if not duplicate:
            async with self._news:
                self.heard.append(inbound)
                self._news.notify_all()
        return Accepted(len(self.heard), duplicate=duplicate)

    async def wait_for(self, count: int) -> list[Inbound]:
        async with self._news:
            async with asyncio.timeout(20):
                await self._news.wait_for(lambda: len(self.heard) >= count)
        return self.heard


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def mail_db(sqlite_db: Database) -> Database:
    """A database that knows the channel `email:help@bot.example`."""
    async with sqlite_db.writing() as work:
        await work.connection.execute(
            insert(ChannelRow).values(
                kind="email", key="email:help@bot.example", created_at=datetime.now(UTC)
            )
        )
    return sqlite_db


@pytest.fixture
def running() -> Callable[[Awaitable[None]], Any]:
    """Run something in the background for the length of a block."""

    @asynccontextmanager
    async def run(work: Any) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(work)
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return run


Check = Callable[[], bool | Awaitable[bool]]


@pytest.fixture
def eventually() -> Callable[[Check], Awaitable[None]]:
    """Wait until something holds, at most 15 seconds."""

    async def holds(check: Check) -> bool:
        result = check()
        return result if isinstance(result, bool) else await result

    async def wait(check: Check) -> None:
        async with asyncio.timeout(15):
            while not await holds(check):  # noqa: ASYNC110 - the other side has no event
                await asyncio.sleep(0.02)

    return wait
