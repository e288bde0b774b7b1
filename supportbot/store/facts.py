"""Facts for reports: episodes, turns, arrivals and scores, as plain values.

Only reads and filters; whatever is counted or averaged is counted in Python by `reports`, so that
both stores give the same numbers. `COUNTED` alone says which tickets count at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from supportbot.model.catalog import ChannelKind
from supportbot.model.episode import Episode
from supportbot.model.message import Visibility
from supportbot.model.ticket import ActorKind, EventKind, Handler, Status
from supportbot.store.tables.answers import CsatResponseRow
from supportbot.store.tables.catalog import ChannelRow, ProductRow
from supportbot.store.tables.intake import InboundRow
from supportbot.store.tables.tickets import EpisodeRow, MessageRow, TicketEventRow, TicketRow
from supportbot.store.threads import to_episode
from supportbot.store.unit_of_work import UnitOfWork

#: What counts, in every report: no console tickets, no spam, no merged sources. An arrival that
#: has no ticket counts by its channel alone.
COUNTED = and_(
    ChannelRow.kind != ChannelKind.CONSOLE,
    func.coalesce(TicketRow.status, Status.OPEN).not_in([Status.MERGED, Status.SPAM]),
)


@dataclass(frozen=True, slots=True)
class Within:
    """Which facts: moments `since <= at < until`, one product, one channel (its kind or key)."""

    since: datetime
    until: datetime
    product: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class EpisodeFact:
    """An episode and whose it is."""

    episode: Episode
    product: str
    channel: str
    customer_id: int


class TurnKind(StrEnum):
    """What may begin or end a customer's wait."""

    ASKED = "asked"
    BOT = "bot"
    HUMAN = "human"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Turn:
    """A public word of a ticket, or the decision that there will be none; `seq` is 0 for that."""

    ticket_id: int
    episode_n: int
    kind: TurnKind
    at: datetime
    seq: int = 0


class WaitsOn(StrEnum):
    """Who has to move next in a ticket that is not resolved."""

    BOT = "bot"
    US = "us"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket that is not resolved now."""

    ticket_id: int
    opened_at: datetime
    waits_on: WaitsOn
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of one kind, with the reason they share."""

    kind: str
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Known:
    """The products and channels that a filter may name."""

    products: tuple[str, ...]
    #: Kinds and keys.
    channels: tuple[str, ...]


async def known(work: UnitOfWork) -> Known:
    """Return what a filter may name, in alphabetical order."""
    products = await work.connection.execute(select(ProductRow.key))
    channels = await work.connection.execute(select(ChannelRow.kind, ChannelRow.key))
    names = {name for row in channels for name in row}
    return Known(tuple(sorted(products.scalars())), tuple(sorted(names)))


async def opened(work: UnitOfWork, within: Within) -> list[EpisodeFact]:
    """Return the episodes that began within, the oldest first."""
    return await _episodes(work, within, EpisodeRow.opened_at)


async def resolved(work: UnitOfWork, within: Within) -> list[EpisodeFact]:
    """Return the episodes that ended within, the oldest first."""
    return await _episodes(work, within, EpisodeRow.resolved_at)


async def _episodes(
    work: UnitOfWork,
    within: Within,
    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
) -> list[EpisodeFact]:
    query = (
        select(
            EpisodeRow,
            ProductRow.key.label("product"),
            ChannelRow.key.label("channel"),
            TicketRow.customer_id,
        )
        .join(TicketRow, TicketRow.id == EpisodeRow.ticket_id)
        .join(ProductRow, ProductRow.id == EpisodeRow.product_id)
        .join(ChannelRow, ChannelRow.id == EpisodeRow.channel_id)
        .where(COUNTED, *_named(within), moment >= within.since, moment < within.until)
        .order_by(moment, EpisodeRow.id)
    )
    return [
        EpisodeFact(to_episode(row), row.product, row.channel, row.customer_id)
        for row in await work.connection.execute(query)
    ]


async def turns(work: UnitOfWork, within: Within) -> list[Turn]:
    """Return the turns of all tickets whose customer wrote within, ticket by ticket, in order.

    They are the tickets' whole turns, so that a wait is seen from its beginning to its end.
    """
    writers = (
        _of_tickets(select(MessageRow.ticket_id), MessageRow.ticket_id, within)
        .where(*_public(ActorKind.CUSTOMER))
        .where(MessageRow.created_at >= within.since, MessageRow.created_at < within.until)
    )
    words = await work.connection.execute(
        select(MessageRow).where(
            *_public(ActorKind.CUSTOMER, ActorKind.BOT, ActorKind.OPERATOR),
            MessageRow.ticket_id.in_(writers),
        )
    )
    silences = await work.connection.execute(
        select(TicketEventRow).where(
            TicketEventRow.kind == EventKind.SUPPRESSED, TicketEventRow.ticket_id.in_(writers)
        )
    )
    found = [_word(row) for row in words if "notice" not in row.data]
    found += [Turn(r.ticket_id, r.episode_n, TurnKind.SUPPRESSED, r.at) for r in silences]
    return sorted(
        found, key=lambda t: (t.ticket_id, t.at, t.kind is TurnKind.SUPPRESSED, t.seq, t.episode_n)
    )


def _word(row: Row[*tuple[Any, ...]]) -> Turn:
    kinds = {
        ActorKind.CUSTOMER: TurnKind.ASKED,
        ActorKind.BOT: TurnKind.BOT,
        ActorKind.OPERATOR: TurnKind.HUMAN,
    }
    kind = kinds[ActorKind(row.author_kind)]
    return Turn(row.ticket_id, row.episode_n, kind, row.created_at, row.seq)


async def standing(work: UnitOfWork, within: Within) -> list[Standing]:
    """Return the tickets that are not resolved now, whatever the dates of `within`."""
    query = (
        _of_tickets(select(TicketRow), TicketRow.id, within)
        .join(
            EpisodeRow,
            and_(EpisodeRow.ticket_id == TicketRow.id, EpisodeRow.n == TicketRow.episode_n),
        )
        .add_columns(EpisodeRow.opened_at.label("begun_at"))
        .where(TicketRow.status != Status.RESOLVED)
        .order_by(TicketRow.id)
    )
    return [
        Standing(row.id, row.begun_at, _waits_on(row), row.waiting_since)
        for row in await work.connection.execute(query)
    ]


def _waits_on(row: Row[*tuple[Any, ...]]) -> WaitsOn:
    if row.status == Status.PENDING:
        return WaitsOn.CUSTOMER
    owed_by_bot = row.handler == Handler.BOT and row.asked_seq > row.answered_seq
    return WaitsOn.BOT if owed_by_bot else WaitsOn.US


async def arrivals(work: UnitOfWork, within: Within) -> list[Tally]:
    """Count what arrived within by outcome (`waiting` = none yet) and reason."""
    outcome = func.coalesce(InboundRow.outcome, literal_column("'waiting'"))
    query = (
        select(outcome, InboundRow.reason, func.count())
        .join(ChannelRow, ChannelRow.id == InboundRow.channel_id)
        .outerjoin(TicketRow, TicketRow.id == InboundRow.ticket_id)
        .outerjoin(ProductRow, ProductRow.id == TicketRow.product_id)
        .where(COUNTED, *_named(within))
        .where(InboundRow.received_at >= within.since, InboundRow.received_at < within.until)
        .group_by(outcome, InboundRow.reason)
    )
    return _tallies((await work.connection.execute(query)).all())


async def suppressed_turns(work: UnitOfWork, within: Within) -> list[Tally]:
    """Count the turns within that were deliberately left unanswered, by reason."""
    query = (
        _of_tickets(
            select(TicketEventRow.kind, TicketEventRow.reason, func.count()),
            TicketEventRow.ticket_id,
            within,
        )
        .where(TicketEventRow.kind == EventKind.SUPPRESSED)
        .where(TicketEventRow.at >= within.since, TicketEventRow.at < within.until)
        .group_by(TicketEventRow.kind, TicketEventRow.reason)
    )
    return _tallies((await work.connection.execute(query)).all())


async def scores(work: UnitOfWork, within: Within) -> list[int]:
    """Return the satisfaction scores given within, the last one of each episode (1 to 5)."""
    query = _of_tickets(select(CsatResponseRow), CsatResponseRow.ticket_id, within)
    answers = await work.connection.execute(
        query.where(CsatResponseRow.at >= within.since, CsatResponseRow.at < within.until).order_by(
            CsatResponseRow.id
        )
    )
    return list({(row.ticket_id, row.episode_n): row.score for row in answers}.values())


def _tallies(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Tally]:
    found = [Tally(kind, reason, count) for kind, reason, count in rows]
    return sorted(found, key=lambda tally: (tally.kind, tally.reason or ""))


def _public(*authors: ActorKind) -> tuple[ColumnElement[bool], ...]:
    return (
        MessageRow.visibility == Visibility.PUBLIC,
        MessageRow.author_kind.in_(authors),
    )


def _named(within: Within) -> list[ColumnElement[bool]]:
    """Filter by product and channel; needs both tables joined."""
    named = [] if within.product is None else [ProductRow.key == within.product]
    if within.channel is not None:
        either = or_(ChannelRow.kind == within.channel, ChannelRow.key == within.channel)
        named.append(either)
    return named


def _of_tickets(
    query: Select[*tuple[Any, ...]], ticket_id: InstrumentedAttribute[int], within: Within
) -> Select[*tuple[Any, ...]]:
    """Join a query to tickets that count and are named by the filter."""
    if ticket_id is not TicketRow.id:
        query = query.join(TicketRow, TicketRow.id == ticket_id)
    return (
        query.join(ProductRow, ProductRow.id == TicketRow.product_id)
        .join(ChannelRow, ChannelRow.id == TicketRow.channel_id)
        .where(COUNTED, *_named(within))
    )
