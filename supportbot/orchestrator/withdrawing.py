"""Answers of the bot that nobody saw yet when one of their questions is taken back.

They may repeat its words, so they go too, and what else they answered is answered anew. One that
is on its way may arrive all the same: its message says then that it was taken back.
"""

from __future__ import annotations

from datetime import datetime

from supportbot.model.message import Message
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.notices import change_words
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import claims, pressable, threads, unsent
from supportbot.store.unit_of_work import UnitOfWork

#: What a message says whose words were taken back after they had left, or may have.
TAKEN_BACK = "*(This was taken back.)*"


async def withdraw_answers(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, question: Message, at: datetime
) -> bool:
    """Let no unseen answer to a question leave; tell whether there was one."""
    unseen = await unsent.answers(work, ticket.id, question.seq)
    later = await threads.messages(work, ticket.id, after_seq=question.seq) if unseen else []
    found = [one for one in later if one.id in unseen and not one.erased]
    for answer in found:
        await pressable.withdraw(work, answer, claims.TAKEN_BACK)
        await threads.rewrite_body(work, answer.id, None, "its question was deleted", at)
        standing = await pressable.of_message(work, ticket.id, answer.id)
        if standing is not None:
            await change_words(wiring, work, standing, TAKEN_BACK, ())
    return bool(found)
