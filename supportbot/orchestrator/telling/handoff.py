"""The bot stops and a person takes over: stored, told to the customer, told to operators."""

from __future__ import annotations

from supportbot.model.catalog import Mode
from supportbot.model.message import NewMessage, Role
from supportbot.model.policy import Handoff, HandoffReason, PublishedPolicy
from supportbot.model.ticket import BOT, Actor, EventKind, Handler, Status, Ticket
from supportbot.orchestrator import standing
from supportbot.orchestrator.telling.bystanders import bystander_has
from supportbot.orchestrator.telling.notices import drop_drafts, withdraw_escalation
from supportbot.orchestrator.telling.packet import tell_packet
from supportbot.orchestrator.telling.saying import NOTICE, say
from supportbot.orchestrator.wiring import Wiring
from supportbot.policy.review import HANDOFF_NOTE
from supportbot.store import threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


async def hand_off(
    wiring: Wiring,
    work: UnitOfWork,
    ticket: Ticket,
    handoff: Handoff,
    actor: Actor = BOT,
    *,
    tell_customer: bool | None = None,
    pressed: str | None = None,
) -> None:
    """Give a ticket to people, in the caller's transaction, which must hold the ticket's row.

    Bumps the fence, covers what was asked, discards waiting drafts, tells the customer and the
    operators. Where a person is waited for already only the event is recorded; where people have
    the ticket and take it for answered, it waits for them again. `tell_customer`: False
    where the caller has said it already; None: unless the reason is that they can't be reached.
    `pressed`: key of the delivery whose button asked for it.
    """
    at = wiring.clock()
    awaited = await person_awaited(work, ticket)
    await threads.append_events(
        work,
        ticket,
        [
            NewEvent(
                EventKind.HANDOFF,
                actor,
                reason=handoff.reason,
                data={"rules": list(handoff.rules), "summary": handoff.summary},
            )
        ],
        at,
    )
    await withdraw_escalation(wiring, work, ticket, pressed)
    if awaited:
        return
    events = await drop_drafts(wiring, work, ticket, "handed_off")
    await threads.append_events(work, ticket, events, at)
    await tickets.change(
        work,
        ticket.id,
        status=Status.OPEN,
        handler=Handler.HUMAN,
        handler_epoch=ticket.handler_epoch + 1,
        answered_seq=ticket.asked_seq,
        waiting_since=ticket.waiting_since or at,
        attempts=0,
        retry_at=None,
    )
    if ticket.handler is Handler.BOT:
        await standing.changed(wiring, work, ticket)
    if tell_customer is None:
        tell_customer = handoff.reason is not HandoffReason.DELIVERY
    if tell_customer:
        await _tell_customer(wiring, work, ticket, handoff)
    occasion = f"handoff-{ticket.handler_epoch}"
    await tell_packet(wiring, work, await tickets.get(work, ticket.id), handoff, occasion)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)


async def person_awaited(work: UnitOfWork, ticket: Ticket) -> bool:
    """Tell whether people were told of the ticket, and its customer waits for them."""
    if ticket.handler is Handler.BOT or ticket.waiting_since is None:
        return False
    return not await bystander_has(work, ticket)


def note_of(published: PublishedPolicy | None, handoff: Handoff) -> str:
    """Return what the customer is told: the handoff's own words, the policy's, or the house's."""
    canned = published.policy.canned if published else {}
    return handoff.note or canned.get("handoff") or HANDOFF_NOTE


async def _tell_customer(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, handoff: Handoff
) -> None:
    silent = wiring.mode(ticket.product) in {Mode.OFF, Mode.SHADOW}
    if silent and handoff.reason is not HandoffReason.ASKED:
        return  # nothing is said in these modes, but whoever asks for a person is told
    published = wiring.policies.get(ticket.product)
    message = NewMessage(
        role=Role.ASSISTANT,
        author=BOT,
        text=note_of(published, handoff),
        policy_version_id=published.version_id if published else None,
        data={"notice": "handoff"},
    )
    await say(wiring, work, ticket, message, NOTICE)
