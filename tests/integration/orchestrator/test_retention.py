from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from supportbot.model.catalog import Mode, OperatorRole
from supportbot.model.inbound import Attached
from supportbot.orchestrator.retention import Retention, RetentionRules
from supportbot.store import expiry, operators
from supportbot.store.operators import NewOperator
from supportbot.store.tables.people import LoginAttemptRow, LoginLinkRow, OperatorSessionRow
from supportbot.store.tables.tickets import AttachmentRow
from supportbot.testing import said

SMALL = RetentionRules(raw_days=30, batch_rows=3)


async def kept(world: Any) -> list[bool]:
    return [row.raw is not None for row in await world.inbounds()]


async def test_raw_bytes_of_old_arrivals_are_emptied_in_small_steps(world: Any, clock: Any) -> None:
    for n in range(7):
        await world.hear(said(f"old {n}"))
    clock.advance(days=20)
    await world.hear(said("young"))
    retention = Retention(world.wiring, SMALL)
    assert await retention.empty_raw() == 0
    clock.advance(days=11)
    assert await retention.empty_raw() == 7
    assert await kept(world) == [False] * 7 + [True]
    hashes = {row.raw_sha256 for row in await world.inbounds()}
    assert len(hashes) == 8
    clock.advance(days=20)
    assert await retention.empty_raw() == 1
    assert await Retention(world.wiring, SMALL).empty_raw() == 0


async def test_bytes_of_old_files_are_emptied_and_what_was_read_stays(
    world: Any, clock: Any
) -> None:
    files = tuple(Attached(f"{n}.txt", "text/plain", b"boom") for n in range(7))
    await world.ask(said("it fails", attachments=files))
    retention = Retention(world.wiring, RetentionRules(file_days=60, batch_rows=3))
    clock.advance(days=59)
    await world.ask(said("again", attachments=files[:1]))
    assert await retention.empty_files() == 0
    clock.advance(days=2)
    assert await retention.empty_files() == 7
    assert await retention.empty_files() == 0
    async with world.db.reading() as work:
        rows = list(await work.connection.execute(select(AttachmentRow).order_by(AttachmentRow.id)))
    assert [row.content for row in rows] == [None] * 7 + [b"boom"]
    assert {(row.text, row.filename is None, len(row.sha256)) for row in rows} == {
        ("boom", False, 64)
    }


async def test_what_is_not_understood_yet_keeps_its_raw_bytes(world: Any, clock: Any) -> None:
    await world.hear(said("a mail"), deferred=True)
    await world.hear(said("a chat"))
    clock.advance(days=40)
    assert await Retention(world.wiring, SMALL).empty_raw() == 1
    assert await kept(world) == [True, False]
    await world.backlog.drain()
    assert (await world.inbounds())[0].outcome == "message"


async def test_what_could_not_be_understood_keeps_its_raw_bytes_for_longer(
    world: Any, clock: Any
) -> None:
    await world.hear(said("understood"), deferred=True)
    raw = replace(world.channel.inbound(said("x"), deferred=True), raw=b"no mail at all")
    await world.intake.accept(raw)
    await world.backlog.drain()
    assert [row.outcome for row in await world.inbounds()] == ["message", "refused"]
    retention = Retention(world.wiring, RetentionRules(raw_days=30, quarantine_days=90))
    clock.advance(days=31)
    assert await retention.empty_raw() == 1
    assert await kept(world) == [False, True]
    clock.advance(days=60)
    assert await retention.empty_raw() == 1
    assert await kept(world) == [False, False]


async def test_what_had_to_keep_its_raw_bytes_is_emptied_later(world: Any, clock: Any) -> None:
    for n in range(4):
        await world.hear(said(f"a mail {n}", thread=f"t{n}"), deferred=True)
    retention = Retention(world.wiring, SMALL)
    clock.advance(days=31)
    assert await retention.empty_raw() == 0
    await world.backlog.drain()
    assert await retention.empty_raw() == 0
    clock.advance(days=31)
    assert await retention.empty_raw() == 4
    assert await kept(world) == [False] * 4
    assert retention._held == ()


async def test_one_run_ends_after_so_many_steps_and_the_next_goes_on(
    world: Any, clock: Any
) -> None:
    for n in range(7):
        await world.hear(said(f"old {n}"))
    clock.advance(days=40)
    retention = Retention(world.wiring, RetentionRules(batch_rows=2, most_batches=2))
    assert [await retention.empty_raw() for _ in range(3)] == [4, 3, 0]


async def test_sign_ins_past_their_time_are_deleted(make_world: Any, clock: Any) -> None:
    world = await make_world(mode=Mode.OFF)
    early, late = clock(), clock() + timedelta(days=9)
    async with world.db.writing() as work:
        operator = await operators.create(
            work, NewOperator("kim@x.example", "Kim", OperatorRole.ADMIN), early
        )
        for moment in (early, late):
            key = {"operator_id": operator.id}
            session = {**key, "id_sha256": str(moment), "auth_epoch": 0, "csrf_token": "t"}
            times = {"created_at": moment, "last_seen_at": moment}
            await work.connection.execute(insert(OperatorSessionRow).values(**session, **times))
            link = {**key, "token_sha256": str(moment), "expires_at": moment}
            await work.connection.execute(insert(LoginLinkRow).values(**link))
            await work.connection.execute(insert(LoginAttemptRow).values(key_sha256="k", at=moment))
        clock.advance(days=9)
    await Retention(world.wiring, SMALL).drop_sign_ins()
    async with world.db.reading() as work:
        left = [
            (await work.connection.execute(select(column))).scalars().all()
            for column in (
                OperatorSessionRow.created_at,
                LoginLinkRow.expires_at,
                LoginAttemptRow.at,
            )
        ]
    assert left == [[late]] * 3


async def test_arrivals_are_looked_at_up_to_the_first_that_is_too_young(
    world: Any, clock: Any
) -> None:
    await world.hear(said("old"))
    clock.advance(days=1)
    await world.hear(said("young"))
    async with world.db.reading() as work:
        ages = expiry.Ages(clock(), clock())
        found = await expiry.arrived_before(work, ages, after_id=0, limit=10)
    assert len(found.ids) == len(found.full) == 1
