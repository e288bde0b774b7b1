"""What a customer is still owed, read from the thread itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from supportbot.model.message import Message, Role, Visibility
from supportbot.model.ticket import SYSTEM, ActorKind, EventKind, Status, Ticket
from supportbot.store import drafts, erasure, live, threads, tickets, unsent
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

#: Marks of messages that answer nothing.
_NO_ANSWER = frozenset({"notice", "interrupted"})
#: Why a question was settled without a word, and with all in order.
_SAID_NOTHING = frozenset({"mode_off", "mode_shadow"})


async def unanswered(work: UnitOfWork, ticket: Ticket) -> tuple[int, tuple[int, ...]]:
    """Return how far the episode's public answers reach, and the questions after that.

    A notice ("a colleague will answer you") is no answer, nor is one that a person cut short, or
    that never left, or was withdrawn; 0 stands for none. A question that was taken back is owed
    nothing.
    """
    thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
    gone = await erasure.erased(work, ticket.id)
    shown = [message for message in thread if message.visibility is Visibility.PUBLIC]
    unread = await unsent.never_left(work, ticket)
    said = [m for m in shown if m.role is Role.ASSISTANT and m.id not in unread]
    answers = [m for m in said if not (_NO_ANSWER & {*m.data} or _was_withdrawn(m))]
    covered = max(map(_covers, answers), default=0)
    asked = [m.seq for m in shown if m.author.kind is ActorKind.CUSTOMER and m.seq > covered]
    return covered, tuple(seq for seq in asked if seq not in gone)


def _was_withdrawn(answer: Message) -> bool:
    return answer.erased and answer.author.kind is ActorKind.BOT


def _covers(answer: Message) -> int:
    """Say up to which message it answers: while it was written, the customer may have gone on."""
    upto = answer.data.get("upto")
    return upto if isinstance(upto, int) else answer.seq


async def owed_now(
    work: UnitOfWork, ticket: Ticket, dropped: Sequence[int], at: datetime
) -> list[NewEvent]:
    """Move the head to what is still owed, now that a question, a draft, or an answer is gone."""
    covered, asked = await unanswered(work, ticket)
    covered = max(covered, await _settled_before(work, ticket, dropped))
    growing = await live.open_of(work, ticket.id)
    if growing is not None and growing.handler_epoch == ticket.handler_epoch:
        covered = max(covered, growing.upto_seq or 0)
    if any(seq > covered for seq in asked):
        # An earlier question may have lost its draft, or answer, to this one: it is owed again.
        since = ticket.waiting_since or at
        head: dict[str, object] = {"status": Status.OPEN, "waiting_since": since}
        await tickets.change(work, ticket.id, answered_seq=covered, **head)
        return []
    await tickets.change(
        work,
        ticket.id,
        answered_seq=ticket.asked_seq,
        status=Status.PENDING,
        waiting_since=None,
    )
    return [NewEvent(EventKind.SUPPRESSED, SYSTEM, reason="deleted")]


async def _settled_before(work: UnitOfWork, ticket: Ticket, dropped: Sequence[int]) -> int:
    """Say up to which message nothing is owed, whatever became of these drafts.

    What was settled in a mode in which nothing is said is not made up for later.
    """
    gone = [d.upto_seq for d in await drafts.of_ticket(work, ticket.id) if d.id in dropped]
    bound = min(gone, default=ticket.asked_seq + 1)
    silent = [
        upto
        for event in await threads.events(work, ticket.id)
        if event.kind is EventKind.SUPPRESSED and event.reason in _SAID_NOTHING
        if isinstance(upto := event.data.get("upto"), int) and upto < bound
    ]
    return max(silent, default=0)
