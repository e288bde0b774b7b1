"""Messages with something to press below them: how they stand, and how they are changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Update, select, update

from supportbot.model.delivery import Audience, Delivery, DeliveryState, NewDelivery
from supportbot.model.inbound import ActionKind
from supportbot.model.message import Message
from supportbot.store import deliveries
from supportbot.store.tables.answers import DeliveryRow
from supportbot.store.unit_of_work import UnitOfWork

#: Where a message ended so nothing stands that could be changed; one that grows has no words yet.
_NOT_STANDING = frozenset({DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.LIVE})
_UNCERTAIN = DeliveryState.UNCERTAIN
#: It stands already, is on its way with the words it had, or may stand.
_MAY_BE_SEEN = frozenset({DeliveryState.SENT, DeliveryState.SENDING, _UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as it stands: the delivery that made it, and the newest that changed it."""

    original: Delivery
    newest: Delivery

    @property
    def offers(self) -> tuple[ActionKind, ...]:
        """What can be pressed below it by now."""
        return self.newest.offers

    @property
    def draft_id(self) -> int | None:
        """The draft that is decided below it by now."""
        return self.newest.draft_id

    def without_draft(self) -> Standing:
        """Return it as what its next change is no more about a draft."""
        return replace(self, newest=replace(self.newest, draft_id=None))

    @property
    def may_be_seen(self) -> bool:
        """Whether its words were, or may have been, let go: to change the row is not enough."""
        return self.original.state in _MAY_BE_SEEN


async def of_ticket(work: UnitOfWork, ticket_id: int, audience: Audience) -> list[Standing]:
    """Return a ticket's messages to an audience that offer something, the oldest first."""
    told = await standing(work, ticket_id, audience)
    return [one for one in told if one.offers and one.original.state is not _UNCERTAIN]


async def of_message(work: UnitOfWork, ticket_id: int, message_id: int) -> Standing | None:
    """Return how a message of the thread stands before the customer, if it was sent or leaves."""
    for one in await standing(work, ticket_id, Audience.CUSTOMER):
        if one.original.message_id == message_id and one.may_be_seen:
            return one
    return None


async def told_on(work: UnitOfWork, ticket_id: int, occasion: str) -> list[Standing]:
    """Return what stands below notices because of an occasion."""
    told = await standing(work, ticket_id, Audience.OPERATORS)
    return [
        one
        for one in told
        if one.original.below is not None
        and one.original.key == f"{one.original.below.key}-{occasion}"
    ]


async def withdraw(work: UnitOfWork, message: Message, reason: str) -> None:
    """Let a message of the thread that has not left yet never leave."""
    waiting = _cancelling(message.ticket_id).where(DeliveryRow.message_id == message.id)
    await work.connection.execute(waiting.values(error=reason))


def _cancelling(ticket_id: int) -> Update:
    """Cancel what has not left yet; the ticket is named for its index."""
    return (
        update(DeliveryRow)
        .where(DeliveryRow.ticket_id == ticket_id, DeliveryRow.state == DeliveryState.PENDING)
        .values(state=DeliveryState.CANCELLED, next_attempt_at=None)
    )


async def standing(work: UnitOfWork, ticket_id: int, audience: Audience) -> list[Standing]:
    """Return all messages of a ticket to an audience, the oldest first.

    Also those of which nobody can tell whether they left.
    """
    found: dict[int, Standing] = {}
    for delivery, _sent_at in await deliveries.of_ticket(work, ticket_id):
        if delivery.audience is not audience:
            continue
        if delivery.replaces is None:
            found[delivery.id] = Standing(delivery, delivery)
        elif delivery.replaces.id in found:
            earlier = found[delivery.replaces.id]
            found[delivery.replaces.id] = replace(earlier, newest=delivery)
    return [one for one in found.values() if one.original.state not in _NOT_STANDING]


async def change(
    work: UnitOfWork,
    standing: Standing,
    text: str | None,
    offers: Sequence[ActionKind],
    at: datetime,
) -> None:
    """Let a message show this from now on; None leaves the words of its thread's message.

    A change that has not left yet is overtaken by it.
    """
    original = standing.original
    earlier = _cancelling(original.ticket_id).where(DeliveryRow.replaces_id == original.id)
    await work.connection.execute(earlier.values(error="overtaken"))
    new = NewDelivery(
        key=f"{original.key}-after-{standing.newest.id}",
        channel=original.channel,
        audience=original.audience,
        kind=original.kind,
        target=original.target,
        text=text,
        subject=original.subject,
        offers=tuple(offers),
        message_id=original.message_id,
        draft_id=standing.draft_id,
        signed=original.signed,
        replaces_id=original.id,
    )
    await deliveries.add(work, original.ticket_id, new, at)


async def told_by(work: UnitOfWork, channel_id: int, provider_id: str) -> Delivery | None:
    """Return the notice to operators that stands under this id of its provider."""
    key = await work.connection.scalar(
        select(DeliveryRow.key)
        .where(
            DeliveryRow.channel_id == channel_id,
            DeliveryRow.provider_id == provider_id,
            DeliveryRow.audience == Audience.OPERATORS,
        )
        .order_by(DeliveryRow.id)
        .limit(1)
    )
    return None if key is None else await deliveries.by_key(work, key)
