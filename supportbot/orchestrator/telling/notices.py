"""What operators are told, and what stands there by now: buttons that no longer help go away.

Only rows are written here, so that dashboard, command line and channels leave the same, and a
restart loses nothing. A message that a channel cannot change stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from supportbot.model.delivery import Audience, Delivery, DeliveryKind, NewDelivery
from supportbot.model.inbound import ActionKind
from supportbot.model.markdown import inert
from supportbot.model.ticket import SYSTEM, EventKind, Ticket
from supportbot.orchestrator.telling.quoting import GONE, GONE_TOO, renamed, requoted
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import deliveries, drafts, erasure, pressable
from supportbot.store.pressable import Standing
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

#: What may be done with a draft that waits.
DRAFT_OFFERS = (ActionKind.SEND_DRAFT, ActionKind.EDIT_DRAFT, ActionKind.DISCARD_DRAFT)

#: Why a draft was discarded, as its notice says it.
_WHY_DISCARDED = {
    "stale": "Not needed any more: the customer wrote again.",
    "answered": "Not needed any more: a person answered.",
    "handed_off": "Not needed any more: the ticket was handed to a person.",
    "resolved": "Not needed any more: the ticket is resolved.",
    "replaced": "Not needed any more: there is a newer draft.",
    "edited": "Not needed any more: the customer changed what they had asked.",
    "deleted": "Not needed any more: the customer took back what they had asked.",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that operators are told, once per occasion and route."""

    occasion: str
    text: str
    offers: tuple[ActionKind, ...] = ()
    draft_id: int | None = None


async def notify(wiring: Wiring, work: UnitOfWork, ticket: Ticket, notice: Notice) -> bool:
    """Write a notice to operators; tell whether it is a new one."""
    new = False
    for number, route in enumerate(wiring.notice_routes):
        delivery = NewDelivery(
            key=notice_key(ticket, notice.occasion, number),
            channel=route.channel,
            audience=Audience.OPERATORS,
            kind=DeliveryKind.NOTICE,
            target=route.target,
            text=notice.text,
            subject=f"[supportbot] {ticket.subject or ticket.public_id}"[:998],
            offers=notice.offers,
            draft_id=notice.draft_id,
        )
        if await deliveries.by_key(work, delivery.key) is None:
            await deliveries.add(work, ticket.id, delivery, wiring.clock())
            new = True
    return new


def notice_key(ticket: Ticket, occasion: str, route: int = 0) -> str:
    """Return the key of a notice's delivery by the route of this number."""
    return f"{ticket.public_id}-{occasion}-operators-{route}"


async def tell_below(
    wiring: Wiring, work: UnitOfWork, notice: Delivery, text: str, occasion: str
) -> None:
    """Tell operators something in the thread of a notice, once per occasion."""
    delivery = NewDelivery(
        key=f"{notice.key}-{occasion}",
        channel=notice.channel,
        audience=Audience.OPERATORS,
        kind=DeliveryKind.NOTICE,
        target=notice.target,
        text=text,
        subject=notice.subject,
        below_id=notice.id,
    )
    if await deliveries.by_key(work, delivery.key) is None:
        await deliveries.add(work, notice.ticket_id, delivery, wiring.clock())
        await wiring.dispatcher.wake(work, notice.ticket_id, 0)


async def drop_drafts(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, reason: str
) -> list[NewEvent]:
    """Discard the drafts that wait, and say so below their notices; return the events of it."""
    dropped = await drafts.discard_stale(work, ticket.id, wiring.clock())
    if dropped:
        await close_drafts(wiring, work, ticket.id, dropped, _WHY_DISCARDED[reason])
    return discarded(dropped, reason)


def discarded(dropped: Sequence[int], reason: str) -> list[NewEvent]:
    """Return the events of drafts that were discarded for a reason."""
    return [
        NewEvent(EventKind.DRAFT_DISCARDED, SYSTEM, reason=reason, data={"draft": draft})
        for draft in dropped
    ]


def why_discarded(reason: str) -> str:
    """Say below a draft's notice why it was discarded."""
    return _WHY_DISCARDED[reason]


async def forget_words(wiring: Wiring, work: UnitOfWork, ticket: Ticket, question: str) -> None:
    """Let notices no longer quote what a customer took back."""
    await requote(wiring, work, ticket, question, GONE)


async def requote(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, question: str, instead: str
) -> bool:
    """Let notices hold other words where they quote a question; tell whether one does."""
    return await reword_told(
        wiring, work, ticket, lambda told: requoted(told.text, question, instead)
    )


async def rename(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, before: str | None, subject: str | None
) -> None:
    """Let notices name their ticket otherwise."""
    await reword_told(
        wiring, work, ticket, lambda told: renamed(told.text, ticket.public_id, before, subject)
    )


async def reword_told(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, reworded: Callable[[Delivery], str]
) -> bool:
    """Let all that operators were told of a ticket, or are about to be, read otherwise.

    So too where it stands, whether or not anything can be pressed there still.
    """
    changed = set()
    for told, _sent_at in await deliveries.of_ticket(work, ticket.id):
        if told.audience is Audience.OPERATORS and reworded(told) != told.text:
            await erasure.reword(work, told.id, reworded(told))
            changed.add(told.id)
    for one in await pressable.standing(work, ticket.id, Audience.OPERATORS):
        if one.newest.id in changed and one.may_be_seen:
            await pressable.change(work, one, one.newest.text, one.offers, wiring.clock())
    return bool(changed)


async def reword_follow_up(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, seq: int, text: str
) -> bool:
    """Let what operators were told of a message read otherwise; tell whether they were."""
    told = await pressable.told_on(work, ticket.id, follow_up(seq))
    for one in told:
        await erasure.reword_wholly(work, ticket.id, one.original.id, text)
        if one.may_be_seen:
            await pressable.change(work, one, text, one.offers, wiring.clock())
    return bool(told)


async def forget_follow_up(wiring: Wiring, work: UnitOfWork, ticket: Ticket, seq: int) -> None:
    """Forget what operators were told of a message that its author took back."""
    told = await pressable.told_on(work, ticket.id, follow_up(seq))
    await erasure.forget_told(work, ticket.id, [one.original.id for one in told])
    for one in told:
        if one.may_be_seen:
            await pressable.change(work, one, GONE, (), wiring.clock())


def follow_up(seq: int) -> str:
    """Name the occasion of telling operators what the customer wrote."""
    return f"said-{seq}"


async def close_drafts(
    wiring: Wiring, work: UnitOfWork, ticket_id: int, draft_ids: Collection[int], said: str
) -> None:
    """Let the notices of these drafts say what became of them; nothing can be pressed any more."""
    for standing in await pressable.of_ticket(work, ticket_id, Audience.OPERATORS):
        if standing.original.draft_id in draft_ids:
            await retell(wiring, work, standing, said)


async def empty_drafts(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, draft_ids: Collection[int]
) -> None:
    """Let the notices of these drafts, whose words are gone, say only what became of them.

    What is a packet by now offers what it did.
    """
    told = [
        one
        for one in await pressable.standing(work, ticket.id, Audience.OPERATORS)
        if one.original.draft_id in draft_ids
    ]
    await erasure.forget_notices(work, ticket, [f"draft-{draft}" for draft in draft_ids])
    for one in told:
        if one.may_be_seen:
            became = one.newest.text.removeprefix(one.original.text).strip()
            offers = one.offers if one.draft_id is None else ()
            await pressable.change(work, one, became or GONE_TOO, offers, wiring.clock())


async def retell(
    wiring: Wiring,
    work: UnitOfWork,
    standing: Standing,
    said: str,
    offers: tuple[ActionKind, ...] = (),
) -> None:
    """Add a line to a notice, in the place of the one added before, and offer this from now on."""
    text = f"{standing.original.text}\n\n{inert(said)}".strip()
    if (standing.newest.text, standing.offers) != (text, offers):
        await pressable.change(work, standing, text, offers, wiring.clock())


async def withdraw_escalation(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, pressed: str | None = None
) -> None:
    """Take the way to a person from the newest answer, and from the one where it was pressed."""
    standing = await pressable.of_ticket(work, ticket.id, Audience.CUSTOMER)
    offering = [one for one in standing if ActionKind.ESCALATE in one.offers and one.may_be_seen]
    for one in offering:
        if one is offering[-1] or pressed in {one.original.key, one.newest.key}:
            left = tuple(offer for offer in one.offers if offer is not ActionKind.ESCALATE)
            await change_words(wiring, work, one, None, left)


async def change_words(
    wiring: Wiring,
    work: UnitOfWork,
    standing: Standing,
    text: str | None,
    offers: tuple[ActionKind, ...],
) -> None:
    """Let a customer's message show other words (None: its own) and offer this from now on.

    Nothing happens where its channel is known and cannot change what it sent.
    """
    channel = wiring.channels.get(standing.original.channel)
    if channel is None or channel.replacing is not None:
        await pressable.change(work, standing, text, offers, wiring.clock())
