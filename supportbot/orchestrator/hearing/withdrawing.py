"""What was made of a message goes with it when its author takes it back.

Answers of the bot that nobody saw yet, and drafts that were never said, may repeat its words; what
else they answered is answered anew. An answer that is on its way may arrive all the same: its
message says then that it was taken back. One that has arrived stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from supportbot.model.message import Message
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.orchestrator.telling.notices import (
    change_words,
    close_drafts,
    empty_drafts,
    why_discarded,
)
from supportbot.orchestrator.telling.packet import forget_repeated, tell_files
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import (
    claims,
    drafts,
    erasure,
    pressable,
    prompt_words,
    summaries,
    threads,
    tickets,
    tool_calls,
    unsent,
)
from supportbot.store.unit_of_work import UnitOfWork

#: What a message says whose words were taken back after they had left, or may have.
TAKEN_BACK = "*(This was taken back.)*"
DELETED = "deleted by its author"
_OF_AN_ANSWER = "what it answered was taken back"


@dataclass(frozen=True, slots=True)
class Gone:
    """What did not outlive a message."""

    #: Drafts that waited.
    drafts: Sequence[int]
    #: Whether there was an answer that nobody saw.
    answers: bool

    @property
    def is_owed_anew(self) -> bool:
        """Whether a question may have lost its answer."""
        return bool(self.drafts) or self.answers


async def take_back(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message, at: datetime
) -> Gone:
    """Erase a message with all that was made of it; the ticket's row must be held."""
    seen = await _seen_from(work, message)
    gone = await _let_go(wiring, work, ticket, seen, "deleted", at)
    await erasure.erase(work, message, DELETED, at)
    await _forget_made(wiring, work, ticket, message, seen, at)
    return gone


async def take_out(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message, files: Sequence[str]
) -> Gone:
    """Erase files of a message with all that was made with them in sight."""
    at, seen = wiring.clock(), await _seen_from(work, message)
    gone = await _let_go(wiring, work, ticket, seen, "edited", at)
    await erasure.erase_files(work, message, files, at)
    await _forget_made(wiring, work, ticket, message, seen, at)
    await tell_files(wiring, work, ticket, message)
    return gone


async def _let_go(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, seen: int, reason: str, at: datetime
) -> Gone:
    """Let nothing leave that answers the questions from `seen` on, and did not yet."""
    dropped = await drafts.discard_covering(work, ticket.id, seen, at)
    if dropped:
        await close_drafts(wiring, work, ticket.id, dropped, why_discarded(reason))
    return Gone(dropped, await _withdraw_answers(wiring, work, ticket, seen, at))


async def _forget_made(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message, seen: int, at: datetime
) -> None:
    emptied = await erasure.erase_drafts(work, ticket.id, seen)
    await empty_drafts(wiring, work, ticket, emptied)
    await forget_repeated(wiring, work, ticket, message)
    await summaries.erase_covering(work, ticket.id, message.seq, at)
    await tickets.revise(work, ticket.id)
    await tool_calls.erase_from(work, ticket.id, seen, DELETED, at)
    await prompt_words.erase_since(work, message, seen, at)


async def _seen_from(work: UnitOfWork, message: Message) -> int:
    """Return the first question whose turn may have had a message in sight.

    That is the message itself, or, where a bystander said it, the question it stands beside.
    """
    if message.author.kind is not ActorKind.GUEST:
        return message.seq
    thread = await threads.messages(work, message.ticket_id, episode_n=message.episode_n)
    asked = (one.seq for one in thread if one.author.kind is ActorKind.CUSTOMER)
    return max((seq for seq in asked if seq < message.seq), default=message.seq)


async def _withdraw_answers(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, seq: int, at: datetime
) -> bool:
    """Let no unseen answer to a question, or to one after it, leave; tell whether there was one."""
    unseen = await unsent.answers(work, ticket.id, seq)
    later = await threads.messages(work, ticket.id, after_seq=seq) if unseen else []
    found = [one for one in later if one.id in unseen and not one.erased]
    for answer in found:
        await pressable.withdraw(work, answer, claims.TAKEN_BACK)
        await threads.rewrite_body(work, answer.id, None, _OF_AN_ANSWER, at)
        standing = await pressable.of_message(work, ticket.id, answer.id)
        if standing is not None:
            await change_words(wiring, work, standing, TAKEN_BACK, ())
    return bool(found)
