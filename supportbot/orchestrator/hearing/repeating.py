"""A question that is made of a message which stands in the channel already, by whoever chose it.

Such a message may have been heard before as chatter that is none of our business. Whatever becomes
of it later must reach the question too: its author may change it, or take it back.
"""

from __future__ import annotations

from dataclasses import replace

from supportbot.model.inbound import ALREADY_ASKED, CustomerMessage, Repeated
from supportbot.model.message import Message, Visibility
from supportbot.model.ticket import ActorKind
from supportbot.orchestrator.hearing.rewording import DELETED_BEFORE, TAKEN_BACK
from supportbot.store import inbound as inbounds
from supportbot.store import threads, tickets, waiting
from supportbot.store.inbound import Earlier, Outcome, Settled
from supportbot.store.unit_of_work import UnitOfWork

#: Of so many questions that others make of one message each is reached; of those after them none.
_MOST_REPETITIONS = 50


async def why_not(
    work: UnitOfWork, channel_id: int, heard: CustomerMessage, repeated: Repeated
) -> str | None:
    """Say why a message is not to be asked (again); None: it is."""
    earlier = await inbounds.find_by_keys(work, channel_id, (repeated.key,))
    if earlier is not None and (reason := await _why_gone(work, earlier)) is not None:
        return reason
    ticket = await tickets.find_by_thread_keys(work, channel_id, heard.thread_keys)
    if ticket is None and repeated.by_author and earlier is not None and earlier.ticket:
        ticket = await tickets.by_public_id(work, earlier.ticket, lock=True)
    asked = await threads.messages(work, ticket.id) if ticket is not None else []
    return ALREADY_ASKED if any(_asks(one, heard) for one in asked) else None


async def bind(work: UnitOfWork, channel_id: int, repeated: Repeated, settled: Settled) -> Outcome:
    """Let changes of a message reach the question that was made of it; return what became of it.

    Its author's question takes the message's name, also from the row that had it. What others ask
    has a name beside it, because the message itself may yet arrive, and be theirs.
    """
    outcome = settled.outcome
    if outcome.message_id is None:
        return outcome
    earlier = await inbounds.find_by_keys(work, channel_id, (repeated.key,))
    if repeated.by_author and earlier is None:
        return replace(outcome, keys=(*outcome.keys, repeated.key))
    if repeated.by_author and earlier is not None and earlier.message_id is None:
        await inbounds.settle(work, earlier.id, replace(outcome, keys=()), settled.at)
        return outcome
    taken = await inbounds.held_keys(work, channel_id, names_of_repetitions(repeated.key))
    free = [name for name in names_of_repetitions(repeated.key) if name not in taken]
    return replace(outcome, keys=(*outcome.keys, *free[:1]))


async def release(work: UnitOfWork, channel_id: int, repeated: Repeated) -> None:
    """Let a message wait no longer for its thread to become ours: it is asked by another way."""
    earlier = await inbounds.find_by_keys(work, channel_id, (repeated.key,))
    if repeated.by_author and earlier is not None and earlier.message_id is None:
        await waiting.drop(work, [earlier.id])


async def _why_gone(work: UnitOfWork, earlier: Earlier) -> str | None:
    """Say that a message was taken back; None: it was not."""
    if earlier.reason in TAKEN_BACK:
        return earlier.reason
    message = await threads.message(work, earlier.message_id) if earlier.message_id else None
    return DELETED_BEFORE if message is not None and message.erased else None


def names_of_repetitions(key: str) -> tuple[str, ...]:
    """Return the names that questions have which others made of a message, in turn. Pure."""
    return tuple(f"repeats:{n}:{key}" for n in range(1, _MOST_REPETITIONS + 1))


def _asks(message: Message, heard: CustomerMessage) -> bool:
    """Tell a question of the same words; a change that was only recorded was never asked."""
    asked = message.author.kind is ActorKind.CUSTOMER and message.visibility is Visibility.PUBLIC
    return asked and message.text == heard.text
