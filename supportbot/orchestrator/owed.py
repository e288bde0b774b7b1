"""What a customer is still owed, read from the thread itself."""

from __future__ import annotations

from supportbot.model.message import Message, Role, Visibility
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.store import erasure, threads, unsent
from supportbot.store.unit_of_work import UnitOfWork

#: Marks of messages that answer nothing.
_NO_ANSWER = frozenset({"notice", "interrupted"})


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
    covered = max(map(covers, answers), default=0)
    asked = [m.seq for m in shown if m.author.kind is ActorKind.CUSTOMER and m.seq > covered]
    return covered, tuple(seq for seq in asked if seq not in gone)


def _was_withdrawn(answer: Message) -> bool:
    return answer.erased and answer.author.kind is ActorKind.BOT


def covers(answer: Message) -> int:
    """Say up to which message it answers: while it was written, the customer may have gone on."""
    upto = answer.data.get("upto")
    return upto if isinstance(upto, int) else answer.seq
