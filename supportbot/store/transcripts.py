"""The transcript of a ticket: everything that happened to it, read in one go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from supportbot.model.delivery import Delivery
from supportbot.model.draft import Draft
from supportbot.model.file import StoredFile
from supportbot.model.message import Message
from supportbot.model.ticket import Ticket, TicketEvent
from supportbot.store import deliveries, drafts, feedback, files, threads
from supportbot.store.feedback import Feedback
from supportbot.store.tables.catalog import PolicyVersionRow, ProductRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Transcript:
    """A ticket with all its messages, events, deliveries, drafts and opinions, each in order."""

    ticket: Ticket
    messages: Sequence[Message]
    events: Sequence[TicketEvent]
    #: Each with the moment it left.
    deliveries: Sequence[tuple[Delivery, datetime | None]]
    drafts: Sequence[Draft]
    feedback: Sequence[Feedback]
    #: Without those that were erased.
    files: Sequence[StoredFile] = ()


async def of_ticket(work: UnitOfWork, ticket: Ticket) -> Transcript:
    """Read the transcript of a ticket."""
    return Transcript(
        ticket=ticket,
        messages=await threads.messages(work, ticket.id),
        events=await threads.events(work, ticket.id),
        deliveries=await deliveries.of_ticket(work, ticket.id),
        drafts=await drafts.of_ticket(work, ticket.id),
        feedback=await feedback.of_ticket(work, ticket.id),
        files=await files.of_ticket(work, ticket.id),
    )


async def system_message(work: UnitOfWork, product: str, policy_sha: str) -> str | None:
    """Return the system message of a policy that a product once had; None where it never did."""
    body = await work.connection.scalar(
        select(PolicyVersionRow.body)
        .join(ProductRow, ProductRow.id == PolicyVersionRow.product_id)
        .where(ProductRow.key == product, PolicyVersionRow.sha256 == policy_sha)
        .limit(1)
    )
    return str(json.loads(body)["system"]) if body is not None else None
