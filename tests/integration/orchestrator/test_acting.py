"""Buttons of operators: what each does, and what it does where it is late or not theirs."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.errors import SendError
from supportbot.model.catalog import Mode
from supportbot.model.delivery import DeliveryState
from supportbot.model.draft import DraftState
from supportbot.model.inbound import Action, ActionKind, Sender
from supportbot.model.ticket import Handler, Status
from supportbot.store import operators
from supportbot.testing import Fails, said
from tests.integration.orchestrator.desk import (
    BOB,
    GRACE,
    KIM,
    customer_presses,
    escalated,
    packet,
    press,
    to_customer,
)

WAITING = (ActionKind.CLAIM, ActionKind.REPLY, ActionKind.RETURN, ActionKind.RESOLVE)
TAKEN = (ActionKind.REPLY, ActionKind.RETURN, ActionKind.RESOLVE)


@pytest.fixture
async def drafting(make_world: Any) -> Any:
    return await make_world(mode=Mode.DRAFT)


async def last(world: Any) -> tuple[str | None, str | None]:
    row = (await world.inbounds())[-1]
    return row.outcome, row.reason


async def test_a_claimed_ticket_is_theirs_and_the_packet_says_so(world: Any) -> None:
    ticket, notice = await escalated(world)
    assert notice.offers == WAITING
    assert (await press(world, ActionKind.CLAIM, GRACE, notice)).note is None
    ticket = await world.ticket(ticket.public_id)
    async with world.db.reading() as work:
        owner = await operators.get(work, ticket.assignee_id)
    assert (ticket.handler, owner.name) == (Handler.HUMAN, "Grace")
    assert packet(world).text == f"{notice.text}\n\nGrace has it."
    assert packet(world).offers == TAKEN
    assert (await world.kinds(ticket))[-1] == "takeover"


async def test_who_has_a_ticket_keeps_it(world: Any) -> None:
    _, notice = await escalated(world)
    await press(world, ActionKind.CLAIM, GRACE, notice)
    mine = await press(world, ActionKind.CLAIM, GRACE, notice)
    assert mine.note == "This ticket is yours already."
    theirs = await press(world, ActionKind.CLAIM, KIM, notice)
    assert theirs.note == "Grace has this ticket already."
    assert await last(world) == ("suppressed", "already_claimed")


async def test_a_reply_is_asked_for_then_sent_and_signed(world: Any) -> None:
    ticket, notice = await escalated(world)
    asked = await press(world, ActionKind.REPLY, GRACE, notice)
    assert asked.form is not None
    assert (asked.form.kind, asked.form.delivery_key) == (ActionKind.REPLY, notice.key)
    await press(world, ActionKind.REPLY, GRACE, notice.key, thread_keys=(), text="Use *this*.")
    reply = (await to_customer(world, ticket))[-1]
    assert (reply.text, reply.signed, reply.state) == ("Use *this*.", "Grace", DeliveryState.SENT)
    assert packet(world).text.endswith("Grace has it and answered.")
    assert (await world.kinds(ticket))[-2:] == ["takeover", "human_replied"]


async def test_a_reply_without_words_is_not_sent(world: Any) -> None:
    ticket, notice = await escalated(world)
    empty = await press(world, ActionKind.REPLY, GRACE, notice, text=" \n")
    assert empty.note == "Write something first."
    assert "human_replied" not in await world.kinds(ticket)


async def test_another_operator_may_answer_and_has_it_then(world: Any) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.CLAIM, GRACE, notice)
    await press(world, ActionKind.REPLY, KIM, notice, text="Kim here.")
    assert packet(world).text.endswith("Kim has it and answered.")
    assert (await world.kinds(ticket)).count("takeover") == 2


async def test_a_returned_ticket_can_be_claimed_again(world: Any) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.RETURN, GRACE, notice)
    assert packet(world).text.endswith("Returned to the bot by Grace.")
    assert packet(world).offers == (ActionKind.CLAIM, ActionKind.RESOLVE)
    again = await press(world, ActionKind.RETURN, GRACE, notice)
    assert again.note == "The bot has this ticket already."
    await press(world, ActionKind.CLAIM, KIM, packet(world))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.HUMAN


@pytest.mark.parametrize("kind", WAITING)
async def test_nothing_is_done_to_a_resolved_ticket(world: Any, kind: ActionKind) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.RESOLVE, GRACE, notice)
    assert packet(world).offers == ()
    before = await world.kinds(ticket)
    late = await press(world, kind, KIM, notice)
    assert late.note == "This ticket is resolved. It opens again when its customer writes."
    assert await world.kinds(ticket) == before
    assert await last(world) == ("suppressed", "already_resolved")


@pytest.mark.parametrize("kind", WAITING)
async def test_only_operators_may(world: Any, kind: ActionKind) -> None:
    ticket, notice = await escalated(world)
    forged = await customer_presses(world, kind, notice)
    assert forged.note == "Only operators of the support team can do this."
    assert await last(world) == ("suppressed", "not_an_operator")
    assert (await world.kinds(ticket))[-1] == "handoff"


async def test_a_disabled_operator_may_not(world: Any, clock: Any) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.CLAIM, GRACE, notice)
    ticket = await world.ticket(ticket.public_id)
    async with world.db.writing() as work:
        await operators.change(work, ticket.assignee_id, disabled_at=clock())
    refused = await press(world, ActionKind.RESOLVE, GRACE, notice)
    assert refused.note is not None
    assert "disabled" in refused.note
    assert (await world.ticket(ticket.public_id)).status is Status.OPEN


async def test_a_button_of_an_unknown_delivery_leads_nowhere(world: Any) -> None:
    accepted = await press(world, ActionKind.CLAIM, GRACE, "made-up")
    assert accepted.note == "This button leads nowhere any more."
    assert accepted.suppressed == "unknown_delivery"


@pytest.mark.parametrize("kind", [ActionKind.SEND_DRAFT, ActionKind.CLAIM])
async def test_what_is_not_offered_there_is_not_done(world: Any, kind: ActionKind) -> None:
    ticket = await world.ask(said("hi"))
    (answer,) = await to_customer(world, ticket)
    wrong = await press(world, kind, GRACE, answer, thread_keys=("t1",))
    assert wrong.note == "This button leads nowhere any more."
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


async def test_a_packet_holds_no_draft(world: Any) -> None:
    _, notice = await escalated(world)
    wrong = await press(world, ActionKind.SEND_DRAFT, GRACE, notice)
    assert wrong.note == "This button leads nowhere any more."


async def test_drafts_are_sent_changed_and_discarded(drafting: Any) -> None:
    tickets = [await drafting.ask(said(f"q{n}", thread=f"t{n}", by=f"c{n}")) for n in range(3)]
    sent, edited, thrown = drafting.channel.shown("operators")
    await press(drafting, ActionKind.SEND_DRAFT, GRACE, sent)
    form = (await press(drafting, ActionKind.EDIT_DRAFT, GRACE, edited)).form
    assert form is not None
    assert form.text == "answer 2"
    await press(drafting, ActionKind.EDIT_DRAFT, GRACE, edited, text="answer two, dear")
    await press(drafting, ActionKind.DISCARD_DRAFT, GRACE, thrown)
    states = [(await drafting.drafts(one))[0].state for one in tickets]
    assert states == [DraftState.SENT, DraftState.EDITED, DraftState.DISCARDED]
    assert [drafting.channel.texts(f"t{n}") for n in range(3)] == [
        ["answer 1"],
        ["answer two, dear"],
        [],
    ]
    shown = drafting.channel.shown("operators")
    assert [one.offers for one in shown] == [(), (), TAKEN]
    assert [one.text.rpartition("\n")[2] for one in shown] == [
        "Sent by Grace.",
        "Sent with other words by Grace.",
        "Draft discarded by Grace, who has the ticket now.",
    ]


async def test_a_draft_is_decided_once(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (notice,) = drafting.channel.shown("operators")
    await press(drafting, ActionKind.SEND_DRAFT, GRACE, notice)
    late = await press(drafting, ActionKind.DISCARD_DRAFT, KIM, notice)
    assert late.note == "This draft was sent already."
    assert drafting.channel.texts("t1") == ["answer 1"]
    assert (await drafting.ticket(ticket.public_id)).handler is Handler.BOT


async def test_a_draft_that_was_decided_elsewhere_loses_its_buttons(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (draft,) = await drafting.drafts(ticket)
    await drafting.takeover.send_draft(draft.id, None, "other words")
    await drafting.settle()
    (notice,) = drafting.channel.shown("operators")
    assert notice.offers == ()
    assert notice.text.endswith("Sent with other words by Somebody at the command line.")


@pytest.mark.parametrize(
    ("verb", "said_below"),
    [
        ("take_over", "Somebody at the command line has it."),
        ("return_to_bot", "Returned to the bot by Somebody at the command line."),
        ("resolve", "Resolved by Somebody at the command line."),
    ],
)
async def test_what_is_done_elsewhere_is_told_in_the_packet(
    world: Any, verb: str, said_below: str
) -> None:
    ticket, _ = await escalated(world)
    await getattr(world.takeover, verb)(ticket.public_id, None)
    await world.settle()
    assert packet(world).text.endswith(said_below)


async def test_a_newer_packet_takes_the_buttons_of_the_older(world: Any) -> None:
    _, notice = await escalated(world)
    await press(world, ActionKind.RETURN, GRACE, notice)
    await customer_presses(world, ActionKind.ESCALATE)
    first, second = world.channel.shown("operators")
    assert first.offers == ()
    assert first.text.endswith("A newer notice about this ticket follows.")
    assert second.offers == WAITING


async def test_of_changes_that_wait_only_the_newest_is_shown(world: Any) -> None:
    await world.ask(said("hi"))
    accepted = await world.hear(
        Action(ActionKind.ESCALATE, Sender("ada"), ("t1",))
    )  # the packet has not left yet
    for verb in (world.takeover.take_over, world.takeover.return_to_bot, world.takeover.resolve):
        await verb(accepted.ticket, None)
    await world.settle()
    await world.settle()
    changes = [one for one in world.channel.changes if one.target.get("to") == "operators"]
    assert [one.text.rpartition("\n")[2] for one in changes] == [
        "Resolved by Somebody at the command line."
    ]


async def test_a_change_that_is_refused_is_no_alarm(world: Any) -> None:
    ticket, notice = await escalated(world)
    world.channel.change_failures.append(Fails(SendError("message_not_found", permanent=True)))
    await press(world, ActionKind.CLAIM, GRACE, notice)
    assert packet(world).text == notice.text
    assert (await world.kinds(ticket))[-1] == "takeover"
    states = [one.state for one in await world.deliveries(ticket) if one.replaces is not None]
    assert DeliveryState.FAILED in states


async def test_a_change_that_fails_for_now_is_made_later(world: Any, clock: Any) -> None:
    _, notice = await escalated(world)
    world.channel.change_failures.append(Fails(SendError("ratelimited", permanent=False)))
    await press(world, ActionKind.CLAIM, GRACE, notice)
    assert packet(world).text == notice.text
    clock.advance(seconds=10)
    await world.settle()
    assert packet(world).text.endswith("Grace has it.")


async def test_escalating_takes_its_button_away_and_leaves_the_words(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    (answer,) = await to_customer(world, ticket)
    await customer_presses(world, ActionKind.ESCALATE, answer)
    shown = world.channel.shown("t1")[0]
    assert (shown.text, shown.offers) == ("answer 1", (ActionKind.FEEDBACK,))
    again = await customer_presses(world, ActionKind.ESCALATE, answer)
    assert again.note is not None
    assert "colleague" in again.note


@pytest.mark.parametrize("kind", [ActionKind.RESOLVE, ActionKind.ESCALATE, ActionKind.STOP])
@pytest.mark.parametrize("known", [True, False])
async def test_who_asked_nothing_here_may_not(world: Any, kind: ActionKind, *, known: bool) -> None:
    ticket = await world.ask(said("hi"))
    if known:
        await world.ask(said("and mine?", by="bob", thread="t2"))
    refused = await press(world, kind, BOB, None, by_operator=False, thread_keys=("t1",))
    assert refused.note == "Only whoever asked here, or an operator, can do this."
    assert await last(world) == ("suppressed", "not_theirs")
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.handler) == (Status.PENDING, Handler.BOT)


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        (ActionKind.ESCALATE, ("action", "escalate")),
        (ActionKind.RESOLVE, ("suppressed", "not_theirs")),
    ],
)
async def test_who_asked_too_is_known_where_their_company_is_not_told(
    world: Any, kind: ActionKind, becomes: tuple[str, str]
) -> None:
    await world.ask(said("hi", by="home:ada", shared_thread=True))
    await world.ask(said("and mine?", by="abroad:bob", shared_thread=True))
    somebody = Sender("home:bob")
    for ends_with, what in ((None, ("suppressed", "not_theirs")), (":bob", becomes)):
        facts = {"thread_keys": ("t1",), "ends_with": ends_with}
        await press(world, kind, somebody, None, by_operator=False, **facts)
        assert await last(world) == what


async def test_a_button_counts_for_the_thread_it_is_pressed_in(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    other = await world.ask(said("and this?", thread="t2"))
    (answer,) = await to_customer(world, ticket)
    await customer_presses(world, ActionKind.ESCALATE, answer, thread_keys=("t2",))
    handlers = [(await world.ticket(one.public_id)).handler for one in (ticket, other)]
    assert handlers == [Handler.BOT, Handler.HUMAN]


async def test_an_operator_resolves_where_the_customer_wrote(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await press(world, ActionKind.RESOLVE, GRACE, None, thread_keys=("t1",))
    assert [e.reason for e in await world.events(ticket) if e.kind == "resolved"] == ["human"]
