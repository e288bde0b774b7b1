"""A draft that people answer instead: its notice goes on as the packet of their ticket."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.errors import SendError
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery
from supportbot.model.inbound import ActionKind, Deleted
from supportbot.model.ticket import Handler, Status, Ticket
from supportbot.testing import Fails, said
from tests.integration.orchestrator.desk import GRACE, KIM, customer_presses, press, under, write

TAKEN = (ActionKind.REPLY, ActionKind.RETURN, ActionKind.RESOLVE)
NOBODYS = (ActionKind.CLAIM, *TAKEN)


@pytest.fixture
async def world(make_world: Any) -> Any:
    return await make_world(mode=Mode.DRAFT)


async def drafted(world: Any, text: str = "hi") -> tuple[Ticket, Delivery]:
    """Let ada ask; return her ticket and the notice of its draft."""
    accepted = await world.hear(said(text), "m1")
    await world.settle()
    return await world.ticket(accepted.ticket), notice_of(world)


def notice_of(world: Any) -> Delivery:
    """Return the one notice beside which operators were told nothing."""
    (notice,) = [one for one in world.channel.shown("operators") if one.below is None]
    return notice


async def test_a_discarded_draft_leaves_the_packet_of_its_ticket(world: Any) -> None:
    ticket, notice = await drafted(world)
    await press(world, ActionKind.DISCARD_DRAFT, GRACE, notice)
    became = notice_of(world)
    assert became.offers == TAKEN
    assert became.text == f"{notice.text}\n\nDraft discarded by Grace, who has the ticket now."
    await press(world, ActionKind.REPLY, GRACE, became, text="Use this.")
    assert world.channel.texts("t1") == ["Use this."]
    assert notice_of(world).text.endswith("Grace has it and answered.")
    await press(world, ActionKind.RETURN, GRACE, notice_of(world))
    assert notice_of(world).offers == (ActionKind.CLAIM, ActionKind.RESOLVE)
    await press(world, ActionKind.RESOLVE, KIM, notice_of(world))
    assert notice_of(world).offers == ()
    assert notice_of(world).text.endswith("Resolved by Kim.")
    assert (await world.ticket(ticket.public_id)).status is Status.RESOLVED


async def test_a_draft_that_is_discarded_elsewhere_leaves_it_too(world: Any) -> None:
    ticket, _ = await drafted(world)
    (draft,) = await world.drafts(ticket)
    await world.takeover.discard_draft(draft.id, None)
    await world.settle()
    assert notice_of(world).offers == NOBODYS
    await world.takeover.resolve(ticket.public_id, None)
    await world.settle()
    assert notice_of(world).offers == ()


async def test_a_draft_that_nobody_was_told_of_yet_leaves_it_too(world: Any, clock: Any) -> None:
    world.channel.failures.append(Fails(SendError("ratelimited", permanent=False)))
    ticket = await world.ask(said("hi"))
    assert world.channel.shown("operators") == []
    (draft,) = await world.drafts(ticket)
    await world.takeover.discard_draft(draft.id, None)
    clock.advance(seconds=10)
    await world.settle()
    await world.settle()
    assert notice_of(world).offers == NOBODYS


async def test_what_the_customer_writes_on_is_told_below_it(world: Any) -> None:
    _, notice = await drafted(world)
    await press(world, ActionKind.DISCARD_DRAFT, GRACE, notice)
    await world.hear(said("are you there?"), "m2")
    await world.settle()
    (told,) = [one for one in world.channel.shown("operators") if one.below is not None]
    assert told.text == "**Ada** wrote:\n\n> are you there?"
    assert told.below is not None
    assert told.below.id == notice.id
    assert notice_of(world).offers == TAKEN


async def test_a_draft_that_a_person_answered_instead_leaves_it_too(world: Any) -> None:
    ticket, notice = await drafted(world)
    await write(world, GRACE, "Use this.", below=under(notice))
    assert world.channel.texts("t1") == ["Use this."]
    assert notice_of(world).text == f"{notice.text}\n\nGrace has it and answered."
    assert notice_of(world).offers == TAKEN
    assert "draft_discarded" in await world.kinds(ticket)


async def test_a_draft_is_not_decided_again_below_it(world: Any) -> None:
    ticket, notice = await drafted(world)
    await press(world, ActionKind.DISCARD_DRAFT, GRACE, notice)
    late = await press(world, ActionKind.SEND_DRAFT, KIM, notice)
    assert late.note == "This draft was discarded already."
    assert world.channel.texts("t1") == []
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_older_packets_stay_in_step(world: Any) -> None:
    _, first = await drafted(world)
    await press(world, ActionKind.DISCARD_DRAFT, GRACE, first)
    await press(world, ActionKind.RETURN, GRACE, notice_of(world))  # drafted anew
    _, second = world.channel.shown("operators")
    await press(world, ActionKind.DISCARD_DRAFT, KIM, second)
    assert [one.offers for one in world.channel.shown("operators")] == [TAKEN, TAKEN]
    await customer_presses(world, ActionKind.RESOLVE)
    assert [one.offers for one in world.channel.shown("operators")] == [(), ()]


async def test_a_newer_notice_takes_its_buttons(world: Any) -> None:
    _, notice = await drafted(world)
    await write(world, GRACE, "Use this.", below=under(notice))
    await press(world, ActionKind.RETURN, GRACE, notice_of(world))
    await customer_presses(world, ActionKind.ESCALATE)
    first, second = world.channel.shown("operators")
    assert (first.offers, second.offers) == ((), NOBODYS)
    assert first.text.endswith("A newer notice about this ticket follows.")


async def test_it_keeps_its_buttons_where_its_words_are_taken_back(world: Any) -> None:
    _, notice = await drafted(world, "my password is R0SEBUD")
    await press(world, ActionKind.DISCARD_DRAFT, GRACE, notice)
    await world.hear(Deleted("m1", ("t1",)))
    await world.settle()
    assert notice_of(world).text == "Draft discarded by Grace, who has the ticket now."
    assert notice_of(world).offers == TAKEN
    await press(world, ActionKind.RESOLVE, GRACE, notice_of(world))
    assert notice_of(world).offers == ()
