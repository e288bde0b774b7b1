"""Lists for the inbox: which tickets wait for whom, page by page, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, select, tuple_

from supportbot.model.draft import Draft, DraftState
from supportbot.model.ticket import Handler, Status
from supportbot.store.tables.answers import DraftRow
from supportbot.store.tables.catalog import ChannelRow, ProductRow
from supportbot.store.tables.people import CustomerRow, OperatorRow
from supportbot.store.tables.tickets import ACTIVE, MessageBodyRow, MessageRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

#: Counting stops here: "999+" tells as much and stays cheap.
MAX_COUNT = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(?P<since_ms>[0-9]{1,14})\.(?P<ticket_id>[0-9]{1,18})")


class InboxView(StrEnum):
    """The lists an operator can look at."""

    WAITING = "waiting"
    PERSON = "person"
    DRAFTS = "drafts"
    OPEN = "open"
    RESOLVED = "resolved"

    @property
    def longest_wait_first(self) -> bool:
        """True for queues to be worked off; the others show the newest ticket first."""
        return self in {InboxView.WAITING, InboxView.PERSON, InboxView.DRAFTS}


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """What to list; `after` is the cursor of the row before the first one wanted."""

    view: InboxView
    product: str | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One ticket as the inbox shows it."""

    public_id: str
    subject: str | None
    product: str
    product_name: str
    channel: str
    channel_kind: str
    customer: str | None
    status: Status
    handler: Handler
    assignee: str | None
    has_draft: bool
    messages: int
    opened_at: datetime
    waiting_since: datetime | None
    last_message_at: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of a list; `next_after` is the cursor of the page that follows, if any."""

    rows: tuple[InboxRow, ...]
    next_after: str | None


_OPEN_DRAFT = exists().where(DraftRow.ticket_id == TicketRow.id, DraftRow.state == DraftState.OPEN)
#: Since when somebody may be waiting; tickets that nobody waits on fall back to their last word.
_SINCE = func.coalesce(TicketRow.waiting_since, TicketRow.last_message_at, TicketRow.opened_at)


def _belongs(view: InboxView) -> ColumnElement[bool]:
    """Say which tickets a view holds; list and count share it, so that they agree."""
    match view:
        case InboxView.WAITING:
            return TicketRow.status == Status.OPEN
        case InboxView.PERSON:
            return and_(ACTIVE, TicketRow.handler == Handler.HUMAN)
        case InboxView.DRAFTS:
            return and_(ACTIVE, _OPEN_DRAFT)
        case InboxView.OPEN:
            return and_(ACTIVE)
        case InboxView.RESOLVED:
            return TicketRow.status == Status.RESOLVED


async def page(work: UnitOfWork, query: InboxQuery) -> InboxPage:
    """Return one page of a view; an unreadable cursor begins at the start."""
    listed = _rows(query).limit(query.limit + 1)
    found = [_inbox_row(row) for row in await work.connection.execute(listed)]
    shown = found[: query.limit]
    return InboxPage(tuple(shown), shown[-1].cursor if len(found) > query.limit else None)


def _rows(query: InboxQuery) -> Select[*tuple[Any, ...]]:
    statement = (
        select(
            TicketRow,
            ProductRow.key.label("product"),
            ProductRow.name.label("product_name"),
            ChannelRow.key.label("channel"),
            ChannelRow.kind.label("channel_kind"),
            CustomerRow.display_name.label("customer"),
            OperatorRow.name.label("assignee"),
            _OPEN_DRAFT.label("has_draft"),
            _SINCE.label("since"),
        )
        .join(ProductRow, ProductRow.id == TicketRow.product_id)
        .join(ChannelRow, ChannelRow.id == TicketRow.channel_id)
        .join(CustomerRow, CustomerRow.id == TicketRow.customer_id)
        .outerjoin(OperatorRow, OperatorRow.id == TicketRow.assignee_id)
        .where(_belongs(query.view))
    )
    if query.product is not None:
        statement = statement.where(ProductRow.key == query.product)
    return _ordered(statement, query)


def _ordered(statement: Select[*tuple[Any, ...]], query: InboxQuery) -> Select[*tuple[Any, ...]]:
    cursor = _read_cursor(query.after)
    if query.view.longest_wait_first:
        if cursor is not None:
            statement = statement.where(tuple_(_SINCE, TicketRow.id) > cursor)
        return statement.order_by(_SINCE, TicketRow.id)
    if cursor is not None:
        statement = statement.where(TicketRow.id < cursor[1])
    return statement.order_by(TicketRow.id.desc())


def _read_cursor(text: str | None) -> tuple[datetime, int] | None:
    parts = _CURSOR.fullmatch(text or "")
    if parts is None:
        return None
    return _EPOCH + timedelta(milliseconds=int(parts["since_ms"])), int(parts["ticket_id"])


def _inbox_row(row: Row[*tuple[Any, ...]]) -> InboxRow:
    since_ms = (row.since - _EPOCH) // timedelta(milliseconds=1)
    return InboxRow(
        public_id=row.public_id,
        subject=row.subject,
        product=row.product,
        product_name=row.product_name,
        channel=row.channel,
        channel_kind=row.channel_kind,
        customer=row.customer,
        status=Status(row.status),
        handler=Handler(row.handler),
        assignee=row.assignee,
        has_draft=bool(row.has_draft),
        messages=row.last_seq,
        opened_at=row.opened_at,
        waiting_since=row.waiting_since,
        last_message_at=row.last_message_at,
        cursor=f"{since_ms}.{row.id}",
    )


async def counts(work: UnitOfWork, product: str | None = None) -> dict[InboxView, int]:
    """Return how many tickets each view holds, at most `MAX_COUNT`."""
    return {view: await _count(work, view, product) for view in InboxView}


async def _count(work: UnitOfWork, view: InboxView, product: str | None) -> int:
    held = select(TicketRow.id).where(_belongs(view))
    if product is not None:
        held = held.join(ProductRow, ProductRow.id == TicketRow.product_id).where(
            ProductRow.key == product
        )
    counted = select(func.count()).select_from(held.limit(MAX_COUNT).subquery())
    return (await work.connection.execute(counted)).scalar_one()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a draft answers: whose ticket, and the customer's words (None once they are erased)."""

    subject: str | None
    customer: str | None
    text: str | None


async def questions(work: UnitOfWork, waiting: Sequence[Draft]) -> dict[int, Asked]:
    """Return what each draft answers, by draft number."""
    wanted = {(draft.ticket_id, draft.upto_seq): draft.id for draft in waiting}
    if not wanted:
        return {}
    rows = await work.connection.execute(
        select(
            MessageRow.ticket_id,
            MessageRow.seq,
            MessageBodyRow.body,
            TicketRow.subject,
            CustomerRow.display_name,
        )
        .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
        .join(TicketRow, TicketRow.id == MessageRow.ticket_id)
        .join(CustomerRow, CustomerRow.id == TicketRow.customer_id)
        .where(tuple_(MessageRow.ticket_id, MessageRow.seq).in_(list(wanted)))
    )
    return {
        wanted[row.ticket_id, row.seq]: Asked(row.subject, row.display_name, row.body)
        for row in rows
    }
