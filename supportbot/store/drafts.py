"""Replies that wait for an operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, insert, select, update

from supportbot.errors import ConflictError, NotFoundError
from supportbot.model.draft import Draft, DraftState, edit_distance
from supportbot.model.ticket import Ticket
from supportbot.store.tables.answers import CompletionRow, DraftRow
from supportbot.store.tables.catalog import PolicyVersionRow, ProductRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A draft about to be written."""

    upto_seq: int
    text: str
    state: DraftState
    policy_version_id: int
    completion_id: int | None
    reason: str | None


async def add(work: UnitOfWork, ticket: Ticket, new: NewDraft, at: datetime) -> int:
    """Write a draft; return its id."""
    made = await work.connection.execute(
        insert(DraftRow)
        .values(
            ticket_id=ticket.id,
            episode_n=ticket.episode_n,
            upto_seq=new.upto_seq,
            handler_epoch=ticket.handler_epoch,
            policy_version_id=new.policy_version_id,
            completion_id=new.completion_id,
            body=new.text,
            reason=new.reason,
            state=new.state,
            created_at=at,
        )
        .returning(DraftRow.id)
    )
    return made.scalar_one()


def _drafts() -> Select[*tuple[Any, ...]]:
    return (
        select(
            DraftRow,
            TicketRow.public_id.label("ticket"),
            ProductRow.key.label("product"),
            PolicyVersionRow.sha256.label("policy_sha"),
            CompletionRow.model,
        )
        .join(TicketRow, TicketRow.id == DraftRow.ticket_id)
        .join(ProductRow, ProductRow.id == TicketRow.product_id)
        .outerjoin(PolicyVersionRow, PolicyVersionRow.id == DraftRow.policy_version_id)
        .outerjoin(CompletionRow, CompletionRow.id == DraftRow.completion_id)
    )


_DISCARD_STALE = (
    update(DraftRow)
    .where(DraftRow.ticket_id == bindparam("of_ticket"), DraftRow.state == DraftState.OPEN)
    .values(state=DraftState.DISCARDED, decided_at=bindparam("at"))
    .returning(DraftRow.id)
)
_DISCARD_COVERING = _DISCARD_STALE.where(DraftRow.upto_seq >= bindparam("of_seq"))


def _draft(row: Row[*tuple[Any, ...]]) -> Draft:
    return Draft(
        id=row.id,
        ticket_id=row.ticket_id,
        ticket=row.ticket,
        product=row.product,
        upto_seq=row.upto_seq,
        text=row.body or "",
        state=DraftState(row.state),
        created_at=row.created_at,
        policy_version_id=row.policy_version_id,
        completion_id=row.completion_id,
        handler_epoch=row.handler_epoch,
        decided_at=row.decided_at,
        reason=row.reason,
        policy_sha=row.policy_sha,
        model=row.model,
    )


async def get(work: UnitOfWork, draft_id: int) -> Draft:
    """Return one draft.

    Raises:
        NotFoundError: there is none.
    """
    row = (await work.connection.execute(_drafts().where(DraftRow.id == draft_id))).first()
    if row is None:
        raise NotFoundError(f"there is no draft {draft_id}; see: supportbot tickets drafts")
    return _draft(row)


async def waiting(work: UnitOfWork, limit: int = 200) -> list[Draft]:
    """Return the drafts that wait for an operator, the oldest first."""
    rows = await work.connection.execute(
        _drafts().where(DraftRow.state == DraftState.OPEN).order_by(DraftRow.id).limit(limit)
    )
    return [_draft(row) for row in rows]


async def of_ticket(work: UnitOfWork, ticket_id: int) -> list[Draft]:
    """Return all drafts of a ticket, the oldest first."""
    rows = await work.connection.execute(
        _drafts().where(DraftRow.ticket_id == ticket_id).order_by(DraftRow.id)
    )
    return [_draft(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a draft: sent as it was, sent changed, or discarded."""

    state: DraftState
    operator_id: int | None
    message_id: int | None = None
    sent_text: str | None = None


async def decide(work: UnitOfWork, draft: Draft, decided: Decided, at: datetime) -> None:
    """Close an open draft.

    Raises:
        ConflictError: somebody else decided it first.
    """
    distance = None if decided.sent_text is None else edit_distance(draft.text, decided.sent_text)
    done = await work.connection.execute(
        update(DraftRow)
        .where(DraftRow.id == draft.id, DraftRow.state == DraftState.OPEN)
        .values(
            state=decided.state,
            operator_id=decided.operator_id,
            message_id=decided.message_id,
            edit_distance=distance,
            decided_at=at,
        )
    )
    if done.rowcount != 1:
        raise ConflictError(f"draft {draft.id} is {draft.state} already")


async def discard_stale(work: UnitOfWork, ticket_id: int, at: datetime) -> list[int]:
    """Discard a ticket's open drafts because its thread moved on; return their ids."""
    done = await work.execute(_DISCARD_STALE, {"of_ticket": ticket_id, "at": at})
    return list(done.scalars())


async def discard_covering(work: UnitOfWork, ticket_id: int, seq: int, at: datetime) -> list[int]:
    """Discard the open drafts that were written with a message in sight; return their ids."""
    done = await work.execute(_DISCARD_COVERING, {"of_ticket": ticket_id, "of_seq": seq, "at": at})
    return list(done.scalars())
