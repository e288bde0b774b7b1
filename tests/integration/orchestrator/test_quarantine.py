"""Mail that could not be understood is kept with its reason, until somebody decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from supportbot.errors import NotFoundError
from supportbot.store import load, quarantine
from supportbot.testing import MemoryChannel, said

HEAD = b"From: Ada <ada@x.example>\r\nSubject: Hello\r\n\r\n"


class Mailbox(MemoryChannel):
    """A mailbox whose parser has a version."""

    parser_version = 1


@pytest.fixture
async def world(make_world: Any, clock: Any) -> Any:
    return await make_world(channel=Mailbox(clock, key="email:help@bot.example", kind="email"))


async def hear(world: Any, raw: bytes) -> None:
    await world.intake.accept(replace(world.channel.inbound(said("x"), deferred=True), raw=raw))
    await world.backlog.drain()


async def aside(world: Any) -> list[tuple[int, str, str, str]]:
    async with world.db.reading() as work:
        assert await quarantine.count(work) == (await load.load(work, world.clock())).quarantined
        found = await quarantine.listed(work, 10)
        return [(one.id, one.reason, one.sender, one.subject) for one in found]


async def test_what_was_set_aside_is_listed_with_its_reason_the_newest_first(world: Any) -> None:
    await hear(world, HEAD + b"one")
    await world.hear(said("understood"), deferred=True)
    await hear(world, b"two")
    why = "unparsable: not written by MemoryChannel"
    assert await aside(world) == [
        (3, why, "", ""),
        (1, why, "Ada <ada@x.example>", "Hello"),
    ]
    async with world.db.reading() as work:
        one = await quarantine.get(work, 1)
    assert (one.channel, one.size_bytes) == ("email:help@bot.example", len(HEAD + b"one"))
    assert [row.parser for row in await world.inbounds()] == [1, 1, 1]


async def test_a_released_mail_is_read_again_by_whatever_reads_now(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hear(world, HEAD + b"one")
    async with world.db.writing() as work:
        await quarantine.release(work, 1)
    assert await aside(world) == []
    await world.backlog.drain()
    assert len(await aside(world)) == 1  # it cannot be read still
    monkeypatch.setattr(world.channel, "parse", lambda _inbound: said("repaired"))
    async with world.db.writing() as work:
        await quarantine.release(work, 1)
    await world.backlog.drain()
    (row,) = await world.inbounds()
    assert (row.outcome, row.ticket_id) == ("message", 1)
    assert await aside(world) == []


async def test_a_dropped_mail_leaves_its_hash_only(world: Any) -> None:
    await hear(world, HEAD + b"one")
    async with world.db.writing() as work:
        await quarantine.drop(work, 1)
    assert await aside(world) == []
    (row,) = await world.inbounds()
    assert (row.raw, row.meta, len(row.raw_sha256)) == (None, {}, 64)
    assert row.reason.startswith("unparsable")


async def test_only_what_is_set_aside_can_be_released_or_dropped(world: Any) -> None:
    await world.hear(said("understood"), deferred=True)
    await world.backlog.drain()
    for act in (quarantine.release, quarantine.drop, quarantine.get):
        for number in (1, 2):
            with pytest.raises(NotFoundError, match=f"no mail {number} is set aside"):
                async with world.db.writing() as work:
                    await act(work, number)
    assert (await world.inbounds())[0].raw is not None


async def test_what_other_channels_could_not_understand_is_no_mail(make_world: Any) -> None:
    world = await make_world()
    await hear(world, b"no chat")
    assert await aside(world) == []
    with pytest.raises(NotFoundError):
        async with world.db.writing() as work:
            await quarantine.drop(work, 1)
