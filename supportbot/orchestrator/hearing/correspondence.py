"""Where a mail belongs: which ticket, beside which one, or nowhere because it was heard before.

One mail may come to several of our channels. It is decided on once, as if it had come to the one
that it names first, whichever copy is understood first.
"""

from __future__ import annotations

from datetime import timedelta

from supportbot.model.inbound import ALREADY_ASKED, Correspondence, CustomerMessage
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.store import correspondence as heard_before
from supportbot.store import customers, participants, tickets, waiting
from supportbot.store.correspondence import Words
from supportbot.store.inbound import Outcome
from supportbot.store.unit_of_work import UnitOfWork

#: Why nothing follows: another copy of the mail was understood.
SAME_MAIL = "same_mail"
#: A program that sends a mail once more, under another id, does so within this time.
_SENT_TWICE = timedelta(minutes=10)
#: Locks on what belongs to no single channel.
_ANY_CHANNEL = 0


async def home(
    wiring: Wiring, work: UnitOfWork, channel: ConnectedChannel, heard: CustomerMessage
) -> ConnectedChannel:
    """Return the channel that a message is for: of a mail not always the one it came to.

    A mail that names none of our channels goes on where its thread is.
    """
    mail = heard.correspondence
    if mail is None:
        return channel
    if mail.home is not None:
        return wiring.channels.get(mail.home, channel)
    thread = await tickets.find_in_kind(work, channel.adapter.kind, heard.thread_keys)
    return wiring.channels.get(thread.channel, channel) if thread else channel


async def again(
    wiring: Wiring, work: UnitOfWork, channel: ConnectedChannel, heard: CustomerMessage
) -> Outcome | None:
    """Say what becomes of a mail that was heard before; None: it was not.

    Until the transaction ends nobody else decides on a mail of its author: call it before any
    ticket is held.
    """
    mail = heard.correspondence
    if mail is None:
        return None
    await waiting.alone_with(work, _ANY_CHANNEL, f"from {heard.sender.external_id}")
    copy = await heard_before.earlier_copy(work, channel.adapter.kind, mail.copy)
    if copy is not None:
        return Outcome("suppressed", reason=SAME_MAIL, ticket_id=copy.ticket_id)
    return await _sent_twice(wiring, work, channel, heard)


async def _sent_twice(
    wiring: Wiring, work: UnitOfWork, channel: ConnectedChannel, heard: CustomerMessage
) -> Outcome | None:
    """Find a mail that names no other in the ticket of the same mail under another id.

    What names another may well repeat its words: two questions can both be answered by "yes".
    """
    customer_id = await customers.known(work, channel.adapter.kind, heard.sender)
    if customer_id is None or len(heard.thread_keys) > 1:
        return None
    words = Words(channel.id, customer_id, subject_of(heard), heard.text, heard.attachments)
    since = wiring.clock() - _SENT_TWICE
    ticket_id = await heard_before.said_since(work, words, since)
    if ticket_id is None:
        return None
    await tickets.name_thread(work, ticket_id, channel.id, heard.thread_keys)
    return Outcome("suppressed", reason=ALREADY_ASKED, ticket_id=ticket_id)


async def find(
    work: UnitOfWork, channel: ConnectedChannel, heard: CustomerMessage, mail: Correspondence
) -> Ticket | None:
    """Return the ticket that a mail belongs to, in the order of trust; locks its row.

    The names of its thread come first, then the tag in its subject. A forward belongs to none, and
    neither does what goes to another channel than its thread.
    """
    if mail.forward:
        return None
    known = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
    if known is None and mail.tag is not None:
        kind, sender = channel.adapter.kind, heard.sender.external_id
        ticket_id = await heard_before.named_by(work, kind, sender, mail.tag)
        tagged = await tickets.get(work, ticket_id) if ticket_id is not None else None
        if tagged is not None and tagged.channel == channel.adapter.key:
            return await tickets.get(work, tagged.id, lock=True)
    return known


async def beside(
    work: UnitOfWork, channel: ConnectedChannel, heard: CustomerMessage
) -> Ticket | None:
    """Return the ticket that one which a mail opens is linked to."""
    mail = heard.correspondence
    if mail is None:
        return None
    names = (*mail.beside, *heard.thread_keys)
    return await tickets.find_in_kind(work, channel.adapter.kind, names)


async def takes_part(work: UnitOfWork, ticket: Ticket, heard: CustomerMessage) -> bool:
    """Tell whether somebody else than the customer may write in a ticket: they were named there."""
    if heard.correspondence is None:
        return False
    return await participants.takes_part(work, ticket.id, heard.sender.external_id)


async def is_to_customer(work: UnitOfWork, ticket: Ticket, heard: CustomerMessage) -> bool:
    """Tell whether somebody of our house wrote to the customer themselves, and we read it too."""
    mail = heard.correspondence
    if mail is None or not mail.outsiders:
        return False
    known = await customers.external_id(work, ticket.channel_kind, ticket.customer_id)
    return known in mail.outsiders


def subject_of(heard: CustomerMessage) -> str | None:
    """Return the subject of a ticket that these words open. Pure."""
    return heard.subject or headline(heard.text) or None


def headline(text: str) -> str:
    """Make a subject out of the first words, for channels that have none. Pure."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) <= 80 else f"{first[:77].rstrip()}..."  # noqa: PLR2004 - one line wide
