"""The bot stops and a person takes over: stored, told to the customer, told to operators."""

from __future__ import annotations

from supportbot.model.catalog import Mode
from supportbot.model.delivery import Audience, DeliveryKind, NewDelivery
from supportbot.model.message import NewMessage, Role
from supportbot.model.policy import Handoff, HandoffReason, PublishedPolicy
from supportbot.model.ticket import BOT, Actor, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.saying import say
from supportbot.orchestrator.wiring import Wiring
from supportbot.policy.review import HANDOFF_NOTE
from supportbot.store import deliveries, drafts, threads, tickets
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
) -> None:
    """Give a ticket to people, in the caller's transaction, which must hold the ticket's row.

    Bumps the fence, covers what was asked, discards waiting drafts, tells the customer and the
    operators. A ticket that a person has already only records the event. `tell_customer`: False
    where the caller has said it already; None: unless the reason is that they can't be reached.
    """
    at = wiring.clock()
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
    if ticket.handler is Handler.HUMAN:
        return
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
    await drafts.discard_stale(work, ticket.id, at)
    if tell_customer is None:
        tell_customer = handoff.reason is not HandoffReason.DELIVERY
    if tell_customer:
        await _tell_customer(wiring, work, ticket, handoff)
    await notify(wiring, work, ticket, _packet(ticket, handoff), f"handoff-{ticket.handler_epoch}")
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)


def note_of(published: PublishedPolicy | None, handoff: Handoff) -> str:
    """Return what the customer is told: the handoff's own words, the policy's, or the house's."""
    canned = published.policy.canned if published else {}
    return handoff.note or canned.get("handoff") or HANDOFF_NOTE


async def notify(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, text: str, occasion: str
) -> None:
    """Write a notice to operators, once per occasion and route."""
    for number, route in enumerate(wiring.notice_routes):
        key = f"{ticket.public_id}-{occasion}-operators-{number}"
        if await deliveries.by_key(work, key) is not None:
            continue
        await deliveries.add(
            work,
            ticket.id,
            NewDelivery(
                key=key,
                channel=route.channel,
                audience=Audience.OPERATORS,
                kind=DeliveryKind.NOTICE,
                target=route.target,
                text=text,
                subject=f"[supportbot] {ticket.subject or ticket.public_id}"[:998],
            ),
            wiring.clock(),
        )


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
    await say(wiring, work, ticket, message, DeliveryKind.NOTICE)


def _packet(ticket: Ticket, handoff: Handoff) -> str:
    lines = [
        f"**Handoff** ({handoff.reason}): {about(ticket.subject)} `{ticket.public_id}`",
        f"Product: {ticket.product} · channel: {ticket.channel_kind}",
    ]
    if handoff.summary:
        lines.append(inert(handoff.summary))
    return "\n".join(lines)


def about(subject: str | None) -> str:
    """Return what operators are told a ticket is about; its public id follows."""
    return inert(subject or "ticket")


def inert(text: str) -> str:
    """Keep a customer's words from becoming a link whose text hides where it leads."""
    return text.replace("[", "\\[").replace("<", "\\<")
