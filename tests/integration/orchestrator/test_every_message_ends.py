"""Every way a message can enter, in every mode: by the deadline it has an outcome with a name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from supportbot.channels.base import Channel
from supportbot.errors import CompletionError, SendError
from supportbot.model.catalog import Mode
from supportbot.model.inbound import (
    Action,
    ActionKind,
    Deleted,
    Disposition,
    DispositionKind,
    Edited,
    Sender,
)
from supportbot.model.violation import Deadlines, ViolationKind
from supportbot.store import inbound as inbounds
from supportbot.store import violations
from supportbot.testing import Fails, MemoryChannel, said

MODES = (Mode.OFF, Mode.SHADOW, Mode.DRAFT, Mode.AUTO)
#: What a ticket's events may end with, where a message was one.
ENDS = {"bot_replied", "drafted", "handoff", "suppressed", "human_replied"}
DEADLINES = Deadlines(answer_minutes=15, inbound_minutes=15, delivery_minutes=15)

Enter = Callable[[Any], Awaitable[None]]


async def message(world: Any) -> None:
    await world.hear(said("hi"))


async def follow_up(world: Any) -> None:
    await world.ask(said("hi"))
    await world.hear(said("and this?"))


async def edit_before_the_answer(world: Any) -> None:
    await world.hear(said("hi"), "m1")
    await world.hear(Edited(Sender("ada"), "m1", ("t1",), "hello"))


async def edit_after_the_answer(world: Any) -> None:
    await world.hear(said("hi"), "m1")
    await world.settle()
    await world.hear(Edited(Sender("ada"), "m1", ("t1",), "hello"))


async def taken_back(world: Any) -> None:
    await world.hear(said("hi"), "m1")
    await world.hear(Deleted("m1", ("t1",)))


async def reopening(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.resolve(ticket.public_id, None)
    await world.hear(said("it came back"))


async def asking_for_a_person(world: Any) -> None:
    await world.hear(said("hi"))
    await world.hear(Action(ActionKind.ESCALATE, Sender("ada"), ("t1",)))


async def flood(world: Any) -> None:
    for n in range(50):
        await world.hear(said(f"message {n}"))


async def mail(world: Any) -> None:
    await world.hear(said("hi"), deferred=True)


async def unparsable_mail(world: Any) -> None:
    inbound = world.channel.inbound(said("hi"), deferred=True)
    await world.intake.accept(replace(inbound, raw=b"\xff\x00 no mail"))


async def machine_mail(world: Any) -> None:
    auto = Disposition(kind=DispositionKind.AUTO_REPLY, reasons=("auto_submitted",))
    await world.hear(said("I am away", disposition=auto), deferred=True)


async def mail_that_may_not_be_answered(world: Any) -> None:
    await world.hear(said("hi", disposition=Disposition(reply_allowed=False)), deferred=True)


async def unknown_product(world: Any) -> None:
    await world.hear(said("hi", product="gone"))


async def nothing_to_read(world: Any) -> None:
    await world.hear(said("   "))


async def unaddressed(world: Any) -> None:
    await world.hear(said("hi all", addressed=False))


async def unknown_thread(world: Any) -> None:
    await world.hear(Edited(Sender("ada"), "m9", ("t9",), "hello"))


async def refused_send(world: Any) -> None:
    world.channel.failures.append(Fails(SendError("no such mailbox", permanent=True)))
    await world.hear(said("hi"))


async def slow_send(world: Any) -> None:
    busy = SendError("busy", permanent=False, retry_after_seconds=20)
    world.channel.failures.extend([Fails(busy)] * 5)
    await world.hear(said("hi"))


async def died_in_the_send(world: Any) -> None:
    world.channel.failures.append(Fails(RuntimeError("the process died")))
    world.channel.findable = False
    await world.hear(said("hi"))


WAYS: tuple[Enter, ...] = (
    message,
    follow_up,
    edit_before_the_answer,
    edit_after_the_answer,
    taken_back,
    reopening,
    asking_for_a_person,
    flood,
    mail,
    unparsable_mail,
    machine_mail,
    mail_that_may_not_be_answered,
    unknown_product,
    nothing_to_read,
    unaddressed,
    unknown_thread,
    refused_send,
    slow_send,
    died_in_the_send,
)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of it at the deadline."""

    inbounds: list[tuple[str | None, str | None]]
    events: list[list[str]]
    owing: list[bool]
    overdue: set[ViolationKind]


async def until_the_deadline(world: Any, *, answering: bool = True) -> Left:
    """Let time pass to the deadline and one sweep beyond; without answering: only sweeps run."""
    for _ in range(31):
        await world.backlog.drain()
        if answering:
            await world.settle()
        await world.sweep.hand_off_overdue()
        world.clock.advance(seconds=30)
    for _ in range(3):
        await world.settle()
    tickets = await world.all_tickets()
    async with world.db.reading() as work:
        found = await violations.listed(work, world.clock(), DEADLINES)
    return Left(
        inbounds=[(row.outcome, row.reason) for row in await world.inbounds()],
        events=[await world.kinds(ticket) for ticket in tickets],
        owing=[ticket.bot_owes for ticket in tickets],
        overdue={one.kind for one in found},
    )


def check(left: Left) -> None:
    for outcome, reason in left.inbounds:
        assert outcome is not None
        assert reason or outcome not in {"suppressed", "refused"}
    assert not any(left.owing)
    assert all(ENDS & set(kinds) for kinds in left.events)
    # What no operator looked at stays listed: it is uncertain, but not forgotten.
    assert left.overdue <= {ViolationKind.UNCERTAIN}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("enters", WAYS, ids=lambda enters: enters.__name__)
async def test_message_has_an_outcome_by_the_deadline(
    make_world: Any, mode: Mode, enters: Enter
) -> None:
    world = await make_world(mode=mode)
    await enters(world)
    check(await until_the_deadline(world))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("enters", [message, follow_up, mail, flood], ids=lambda e: e.__name__)
async def test_message_that_nobody_works_on_is_ended_by_the_sweep(
    make_world: Any, mode: Mode, enters: Enter
) -> None:
    world = await make_world(mode=mode)
    await enters(world)
    check(await until_the_deadline(world, answering=False))


def fails(_: object) -> Any:
    raise CompletionError("server_error", "500", permanent=False)


def breaks(_: object) -> Any:
    raise RuntimeError("a bug")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("script", [fails, breaks], ids=["the model fails", "the turn breaks"])
async def test_message_whose_answer_fails_has_an_outcome_by_the_deadline(
    make_world: Any, mode: Mode, script: Any
) -> None:
    world = await make_world(script, mode=mode)
    await message(world)
    left = await until_the_deadline(world)
    check(left)
    if mode is Mode.AUTO:
        assert "handoff" in left.events[0]
        assert len(world.channel.texts("t1")) == 1


class Unreadable(MemoryChannel):
    """Its parser fails in a way nobody foresaw."""

    def parse(self, inbound: Any) -> Any:
        raise MemoryError(inbound.raw)


async def test_mail_whose_parser_breaks_is_set_aside_with_a_reason(
    make_world: Any, clock: Any
) -> None:
    channel: Channel = Unreadable(clock)
    world = await make_world(channel=channel)
    await mail(world)
    left = await until_the_deadline(world)
    check(left)
    assert left.inbounds == [("refused", "parked: MemoryError")]


async def test_mail_that_kills_the_process_each_time_is_set_aside(world: Any) -> None:
    """The attempts are counted before the parser runs, so they outlive it."""
    await mail(world)
    for _ in range(5):
        async with world.db.writing() as work:
            await inbounds.claim(work, [1])
    await world.backlog.drain()
    assert [(row.outcome, row.reason) for row in await world.inbounds()] == [
        ("refused", "parked: Unparsable")
    ]
