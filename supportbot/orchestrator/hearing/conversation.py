"""Words that are not said in any thread: which ticket they go on with.

Only what is stored decides, by the moments of the words themselves, so that it does not matter when
they are understood.
"""

from __future__ import annotations

from datetime import timedelta

from supportbot.model.inbound import CustomerMessage
from supportbot.model.ticket import Status, Ticket
from supportbot.orchestrator.wiring import ConnectedChannel
from supportbot.store import conversations, copies, customers, tickets
from supportbot.store.copies import Copies
from supportbot.store.unit_of_work import UnitOfWork

_OVER = frozenset({Status.RESOLVED, Status.MERGED, Status.SPAM})


async def going_on(
    work: UnitOfWork, channel: ConnectedChannel, heard: CustomerMessage, within: timedelta
) -> Ticket | None:
    """Return the ticket that a customer still talks in, if there is one; locks its row.

    It goes on while we owe an answer, and for a while after its last words.
    """
    talk = heard.conversation
    if talk is None or talk.fresh:
        return None
    ticket = await tickets.find_by_thread_keys(work, channel.id, (talk.name,))
    if ticket is None or ticket.status in _OVER:
        return None
    kind = channel.adapter.kind
    if await customers.known(work, kind, heard.sender) != ticket.customer_id:
        return None
    if ticket.status is Status.OPEN or heard.sent_at is None:
        return ticket
    last = await conversations.last_words_at(work, ticket.id) or ticket.opened_at
    return ticket if heard.sent_at - last <= within else None


async def copy_above(
    work: UnitOfWork, channel: ConnectedChannel, heard: CustomerMessage
) -> str | None:
    """Return what words in an unknown thread wait for: it may be that of a copy on its way.

    None: where all copies for their author stand is stored by now.
    """
    customer_id = await customers.known(work, channel.adapter.kind, heard.sender)
    if customer_id is None:
        return None
    own = Copies(channel.id, customer_id)
    return own.key if await copies.must_be_awaited(work, own) else None
