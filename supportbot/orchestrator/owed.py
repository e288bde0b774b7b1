"""What a customer is still owed, read from the thread itself."""

from __future__ import annotations

from supportbot.model.message import Role, Visibility
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.store import threads
from supportbot.store.unit_of_work import UnitOfWork

#: Marks of messages that answer nothing.
_NO_ANSWER = frozenset({"notice", "interrupted"})


async def unanswered(work: UnitOfWork, ticket: Ticket) -> tuple[int, tuple[int, ...]]:
    """Return the number of the episode's last public answer, and the questions after it.

    A notice ("a colleague will answer you") is no answer, nor is one that a person cut short; 0
    stands for none.
    """
    thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
    shown = [message for message in thread if message.visibility is Visibility.PUBLIC]
    answers = [
        m.seq
        for m in shown
        if m.role is Role.ASSISTANT and not {"notice", "interrupted"} & {*m.data}
    ]
    last = max(answers, default=0)
    asked = [m.seq for m in shown if m.author.kind is ActorKind.CUSTOMER and m.seq > last]
    return last, tuple(asked)
