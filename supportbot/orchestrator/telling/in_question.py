"""A delivery that ended badly: recorded, and put before people where it was an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from supportbot.model.delivery import Audience, Delivery, DeliveryKind
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.telling.closing import reopen
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.orchestrator.telling.notices import Notice, notify
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class BadEnd:
    """How a delivery ended."""

    kind: EventKind
    #: Told to people.
    summary: str
    #: Whether the customer can be told that a person looks: the channel works, or may work.
    tells: bool = False
    reason: str | None = None
    data: dict[str, object] = field(default_factory=dict)


async def put_in_question(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, delivery: Delivery, bad: BadEnd
) -> None:
    """Record that a delivery ended badly; where it was an answer, put it before people.

    The caller must hold the ticket's row.
    """
    event = NewEvent(bad.kind, SYSTEM, bad.reason, {"delivery": delivery.key, **bad.data})
    await threads.append_events(work, ticket, [event], wiring.clock())
    if delivery.audience is not Audience.CUSTOMER or delivery.kind is not DeliveryKind.REPLY:
        return
    if ticket.status is Status.RESOLVED:
        ticket = await reopen(wiring, work, ticket, SYSTEM)
    if ticket.handler is Handler.BOT:
        handoff = Handoff(HandoffReason.DELIVERY, summary=bad.summary)
        await hand_off(wiring, work, ticket, handoff, SYSTEM, tell_customer=bad.tells)
        return
    since = ticket.waiting_since or wiring.clock()
    await tickets.change(work, ticket.id, status=Status.OPEN, waiting_since=since)
    text = f"**A reply is in question** in `{ticket.public_id}`: {bad.summary}"
    await notify(wiring, work, ticket, Notice(f"delivery-{delivery.id}", text))
