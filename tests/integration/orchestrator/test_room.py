"""A ceiling over raw bytes and files: what goes first, what stays, and when mail is not taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update

from supportbot.errors import StoreFull
from supportbot.model.file import FileState
from supportbot.model.inbound import Attached, Inbound
from supportbot.orchestrator.room import Room
from supportbot.store import expiry
from supportbot.store import inbound as inbounds
from supportbot.store.tables.tickets import AttachmentRow
from supportbot.testing import said

KILO = 1_000


def mail(world: Any, name: str, size: int = KILO) -> Inbound:
    """A mail of about that size."""
    inbound: Inbound = world.channel.inbound(said(name, thread=name), deferred=True)
    return replace(inbound, raw=inbound.raw + b" " * (size - len(inbound.raw)))


def junk(world: Any, name: str, size: int = KILO) -> Inbound:
    return replace(mail(world, name), raw=b"no mail at all".ljust(size))


async def kept(world: Any) -> list[bool]:
    return [row.raw is not None for row in await world.inbounds()]


async def test_the_oldest_that_was_understood_goes_first_and_nothing_else_does(
    make_world: Any,
) -> None:
    world = await make_world(room_bytes=6 * KILO)
    await world.intake.accept(junk(world, "refused"))
    for name in "ab":
        await world.intake.accept(mail(world, name))
    await world.backlog.drain()
    for name in "cd":
        await world.intake.accept(mail(world, name))
    assert await kept(world) == [True, True, True, True, True]
    # 1 KB of room is left, and a mail is counted twice.
    await world.intake.accept(mail(world, "e"))
    assert await kept(world) == [True, False, True, True, True, True]
    await world.backlog.drain()
    assert [row.outcome for row in await world.inbounds()] == ["refused"] + ["message"] * 5


async def test_mail_is_not_taken_where_all_that_is_there_must_stay_and_it_is_said_once(
    make_world: Any,
) -> None:
    world = await make_world(room_bytes=4 * KILO)
    for name in "abc":
        await world.intake.accept(junk(world, name))
    await world.backlog.drain()
    with structlog.testing.capture_logs() as logs:
        for name in "def":
            with pytest.raises(StoreFull, match="most_megabytes"):
                await world.intake.accept(mail(world, name))
    assert [one["event"] for one in logs] == ["no_room_for_mail"]
    assert await kept(world) == [True] * 3
    # What is not mail needs no room.
    await world.hear(said("a chat"))
    assert [row.outcome for row in await world.inbounds()] == ["refused"] * 3 + ["message"]


async def test_mail_is_taken_again_once_there_is_room(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportbot.orchestrator.room._LOOK_AGAIN_SECONDS", 0)
    world = await make_world(room_bytes=3 * KILO)
    for name in "ab":
        await world.intake.accept(junk(world, name))
    await world.backlog.drain()
    limit = Room(world.db, 3 * KILO)
    with pytest.raises(StoreFull):
        await limit.take(KILO)
    assert limit.problem
    async with world.db.writing() as work:
        await expiry.empty_raw(work, [1])
    await limit.take(KILO)
    assert limit.problem is None


async def test_files_that_were_read_go_after_the_raw_bytes(make_world: Any) -> None:
    world = await make_world()
    files = tuple(Attached(f"{n}.txt", "text/plain", b"x" * KILO) for n in range(3))
    await world.hear(said("look", attachments=files))
    async with world.db.writing() as work:
        first = select(AttachmentRow.id).order_by(AttachmentRow.id).limit(2)
        done = update(AttachmentRow).where(AttachmentRow.id.in_(first))
        await work.connection.execute(done.values(state=FileState.READ))
    await Room(world.db, 3 * KILO).take(KILO // 2)
    async with world.db.reading() as work:
        rows = await work.connection.execute(select(AttachmentRow).order_by(AttachmentRow.id))
        assert [row.content is not None for row in rows] == [False, True, True]
    assert await kept(world) == [False]
    with pytest.raises(StoreFull):
        await Room(world.db, 3 * KILO).take(2 * KILO)


async def test_what_waits_is_loaded_in_parts_that_fit_into_memory(world: Any) -> None:
    for name in "abcd":
        await world.intake.accept(mail(world, name))
    async with world.db.reading() as work:
        parts = [
            [row.id for row in await inbounds.unsettled(work, 10, after, most_bytes=most)]
            for after, most in ((0, 2 * KILO), (2, 100 * KILO), (2, KILO), (2, 1), (4, KILO))
        ]
    assert parts == [[1, 2], [3, 4], [3], [3], []]
    assert await world.backlog.drain() == 4
