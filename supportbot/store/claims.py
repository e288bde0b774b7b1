"""Who is sending a delivery, and what becomes of it.

Whoever sends one holds a claim on it: a state, a number of attempts, and a moment by which the
claim is renewed. Every later change names the claim, so one that was lost changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update

from supportbot.model.delivery import Delivery, DeliveryState, Receipt
from supportbot.store.tables.answers import DeliveryRow
from supportbot.store.tables.tickets import MessageBodyRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

#: Why a delivery was cancelled.
TAKEN_BACK, HANDED_OVER = "taken back", "the ticket changed hands"

_FENCE = (
    select(TicketRow.handler_epoch).where(TicketRow.id == DeliveryRow.ticket_id).scalar_subquery()
)
#: A delivery as somebody saw, or holds, it.
_SEEN = update(DeliveryRow).where(
    DeliveryRow.id == bindparam("seen_id"),
    DeliveryRow.state == bindparam("seen_state"),
    DeliveryRow.attempts == bindparam("seen_attempts"),
)
_CLAIM = _SEEN.where(
    or_(
        DeliveryRow.next_attempt_at.is_(None),
        DeliveryRow.next_attempt_at <= bindparam("claimed_at"),
    )
)
_CLAIM_BEHIND_FENCE = _CLAIM.where(
    or_(DeliveryRow.handler_epoch.is_(None), DeliveryRow.handler_epoch == _FENCE)
)
_WORDS = (
    select(func.coalesce(DeliveryRow.body, MessageBodyRow.body))
    .select_from(DeliveryRow)
    .outerjoin(MessageBodyRow, MessageBodyRow.message_id == DeliveryRow.message_id)
    .where(DeliveryRow.id == bindparam("delivery"))
)
_REFUSED = _SEEN.values(refusals=DeliveryRow.refusals + 1).returning(DeliveryRow.refusals)
_CANCEL = _SEEN.where(DeliveryRow.handler_epoch != _FENCE)


async def claim(
    work: UnitOfWork, delivery: Delivery, at: datetime, until: datetime
) -> Delivery | None:
    """Claim a delivery that is due; return it as claimed, None when somebody else was faster.

    It comes with the words that it has by now. Should its sending be interrupted, nobody looks at
    it again before `until`. One that has not begun comes back cancelled if its words were taken
    back, or if it is bound to a handler (`handler_epoch`) and the ticket's fence has moved: nobody
    may talk over the person who took the ticket.
    """
    begins = delivery.state is DeliveryState.PENDING
    state = DeliveryState.SENDING if begins else delivery.state
    claimed = replace(delivery, state=state, attempts=delivery.attempts + 1, claimed_until=until)
    done = await work.execute(
        _CLAIM_BEHIND_FENCE if begins else _CLAIM,
        {
            **_seen(delivery),
            "claimed_at": at,
            "state": state,
            "attempts": claimed.attempts,
            "next_attempt_at": until,
        },
    )
    if done.rowcount == 1:
        words = await _words(work, delivery)
        if words is not None or not begins:
            return replace(claimed, text=words or "")
        await give_up(work, claimed, DeliveryState.CANCELLED, TAKEN_BACK)
        return replace(claimed, state=DeliveryState.CANCELLED)
    if not begins or delivery.handler_epoch is None:
        return None
    values = {"state": DeliveryState.CANCELLED, "error": HANDED_OVER, "next_attempt_at": None}
    done = await work.execute(_CANCEL, {**_seen(delivery), **values})
    return replace(delivery, state=DeliveryState.CANCELLED) if done.rowcount == 1 else None


async def why_not(work: UnitOfWork, delivery: Delivery) -> str | None:
    """Say why a delivery may not leave any more; None: it may.

    Its words were taken back, or the ticket's fence has moved since it was written.
    """
    if await is_taken_back(work, delivery):
        return TAKEN_BACK
    if delivery.handler_epoch is None:
        return None
    query = select(TicketRow.handler_epoch).where(TicketRow.id == delivery.ticket_id)
    held = await work.connection.scalar(query) == delivery.handler_epoch
    return None if held else HANDED_OVER


async def is_taken_back(work: UnitOfWork, delivery: Delivery) -> bool:
    """Tell whether there is nothing left that a delivery could say."""
    return await _words(work, delivery) is None


async def _words(work: UnitOfWork, delivery: Delivery) -> str | None:
    """Return what a delivery says by now."""
    words: str | None = (await work.execute(_WORDS, {"delivery": delivery.id})).scalar()
    return words


async def renew(work: UnitOfWork, delivery: Delivery, until: datetime) -> bool:
    """Keep a claim for longer; False when it was lost."""
    return await _change(work, delivery, next_attempt_at=until)


async def sent(work: UnitOfWork, delivery: Delivery, receipt: Receipt, at: datetime) -> bool:
    """Note that a claimed delivery left; False when the claim was lost."""
    return await _change(
        work,
        delivery,
        state=DeliveryState.SENT,
        provider_id=receipt.provider_id[:998],
        sent_at=at,
        error=None,
        next_attempt_at=None,
    )


async def refused(work: UnitOfWork, delivery: Delivery) -> int:
    """Count that a claimed delivery was answered with an error; return how often it was.

    0 when the claim was lost.
    """
    counted = await work.execute(_REFUSED, _seen(delivery))
    return counted.scalar() or 0


async def postpone(
    work: UnitOfWork, delivery: Delivery, state: DeliveryState, error: str, until: datetime
) -> bool:
    """Let a claimed delivery be tried again later; False when the claim was lost.

    `state` is pending when it surely did not leave, else sending: then it is looked for first.
    """
    return await _change(work, delivery, state=state, error=error, next_attempt_at=until)


async def give_up(work: UnitOfWork, delivery: Delivery, state: DeliveryState, error: str) -> bool:
    """Note that a claimed delivery is not tried again; False when the claim was lost."""
    return await _change(work, delivery, state=state, error=error, next_attempt_at=None)


async def _change(work: UnitOfWork, delivery: Delivery, **values: object) -> bool:
    done = await work.execute(_SEEN, {**_seen(delivery), **values})
    return done.rowcount == 1


def _seen(delivery: Delivery) -> dict[str, object]:
    return {
        "seen_id": delivery.id,
        "seen_state": delivery.state,
        "seen_attempts": delivery.attempts,
    }
