"""What customers thought of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from supportbot.model.ticket import Ticket
from supportbot.store.tables.answers import CsatResponseRow, FeedbackRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Feedback:
    """One opinion: kind `thumbs` is rated 1 or -1, kind `csat` 1 to 5."""

    kind: str
    rating: int
    comment: str | None
    at: datetime
    episode_n: int


@dataclass(frozen=True, slots=True)
class NewThumb:
    """A thumb under an answer."""

    rating: int
    customer_id: int | None
    message_id: int | None
    comment: str | None = None
    #: The episode of the answer; None: the ticket's own, where the answer is not known.
    episode_n: int | None = None


@dataclass(frozen=True, slots=True)
class NewScore:
    """An answer to "how did we do" about an episode, 1 to 5."""

    episode_n: int
    score: int
    comment: str | None = None


async def add_thumb(work: UnitOfWork, ticket: Ticket, new: NewThumb, at: datetime) -> None:
    """Store a thumb; an earlier one of the same answer is kept and no longer counts."""
    await work.connection.execute(
        insert(FeedbackRow).values(
            ticket_id=ticket.id,
            episode_n=new.episode_n or ticket.episode_n,
            message_id=new.message_id,
            customer_id=new.customer_id,
            rating=new.rating,
            comment=new.comment,
            at=at,
        )
    )


async def add_score(work: UnitOfWork, ticket: Ticket, new: NewScore, at: datetime) -> None:
    """Store a score; an earlier one of the same episode is kept and no longer counts."""
    await work.connection.execute(
        insert(CsatResponseRow).values(
            ticket_id=ticket.id,
            episode_n=new.episode_n,
            subject="episode",
            score=new.score,
            comment=new.comment,
            at=at,
        )
    )


async def last_thumb(
    work: UnitOfWork, ticket_id: int, message_id: int, customer_id: int | None
) -> int | None:
    """Return the thumb that counts: the last one of a customer for a message of a ticket."""
    return await work.connection.scalar(
        select(FeedbackRow.rating)
        .where(
            FeedbackRow.ticket_id == ticket_id,  # for its index
            FeedbackRow.message_id == message_id,
            FeedbackRow.customer_id == customer_id,
        )
        .order_by(FeedbackRow.id.desc())
        .limit(1)
    )


async def last_score(work: UnitOfWork, ticket_id: int, episode_n: int) -> int | None:
    """Return the score that counts: the last one of an episode."""
    return await work.connection.scalar(
        select(CsatResponseRow.score)
        .where(CsatResponseRow.ticket_id == ticket_id, CsatResponseRow.episode_n == episode_n)
        .order_by(CsatResponseRow.id.desc())
        .limit(1)
    )


async def of_ticket(work: UnitOfWork, ticket_id: int) -> list[Feedback]:
    """Return all opinions on a ticket, the oldest first."""
    thumbs = await work.connection.execute(
        select(FeedbackRow).where(FeedbackRow.ticket_id == ticket_id)
    )
    scores = await work.connection.execute(
        select(CsatResponseRow).where(CsatResponseRow.ticket_id == ticket_id)
    )
    found = [Feedback("thumbs", r.rating, r.comment, r.at, r.episode_n) for r in thumbs]
    found += [Feedback("csat", r.score, r.comment, r.at, r.episode_n) for r in scores]
    return sorted(found, key=lambda one: one.at)
