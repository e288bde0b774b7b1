"""Everything a ticket's page shows, read in one consistent view of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from supportbot.model.delivery import Delivery
from supportbot.model.delivery_report import MailFailure
from supportbot.model.draft import Draft
from supportbot.model.message import Message
from supportbot.model.ticket import Ticket, TicketEvent
from supportbot.store import (
    answers,
    customers,
    deliveries,
    details,
    drafts,
    feedback,
    mail_failures,
    operators,
    threads,
    transcripts,
)
from supportbot.store import tickets as heads
from supportbot.store.answers import StoredCompletion
from supportbot.store.database import Database
from supportbot.store.details import AttachmentCard, Behind, CustomerCard, DeliveryNote
from supportbot.store.feedback import Feedback


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A ticket with all that belongs to it, as stored."""

    ticket: Ticket
    customer: CustomerCard
    #: Names of all operators by number.
    names: Mapping[int, str]
    #: Names of the customers and guests who wrote in it, by number; without the unknown ones.
    writers: Mapping[int, str]
    messages: tuple[Message, ...]
    behind: Mapping[int, Behind]
    events: tuple[TicketEvent, ...]
    deliveries: tuple[tuple[Delivery, datetime | None], ...]
    delivery_notes: Mapping[int, DeliveryNote]
    attachments: tuple[AttachmentCard, ...]
    drafts: tuple[Draft, ...]
    feedback: tuple[Feedback, ...]
    completions: tuple[StoredCompletion, ...]
    #: Mails that came back from the address that answers go to, the newest first.
    came_back: tuple[MailFailure, ...] = ()


async def read_ticket(db: Database, public_id: str) -> TicketFacts:
    """Read a ticket.

    Raises:
        NotFoundError: there is none.
    """
    async with db.reading() as work:
        ticket = await heads.by_public_id(work, public_id)
        return TicketFacts(
            ticket=ticket,
            customer=await details.customer(work, ticket.customer_id),
            names=await operators.names(work),
            writers=await customers.names_in(work, ticket.id),
            messages=tuple(await threads.messages(work, ticket.id)),
            behind=await details.behind(work, ticket.id),
            events=tuple(await transcripts.events(work, ticket.id)),
            deliveries=tuple(await deliveries.of_ticket(work, ticket.id)),
            delivery_notes=await details.delivery_notes(work, ticket.id),
            attachments=tuple(await details.attachments(work, ticket.id)),
            drafts=tuple(await drafts.of_ticket(work, ticket.id)),
            feedback=tuple(await feedback.of_ticket(work, ticket.id)),
            completions=tuple(await answers.completions(work, ticket.id)),
            came_back=await mail_failures.of_address(work, ticket.target.get("to", "")),
        )
