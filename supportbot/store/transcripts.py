"""The transcript of a ticket: everything that happened to it, read in one go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, select

from supportbot.model.delivery import Delivery
from supportbot.model.draft import Draft
from supportbot.model.file import StoredFile
from supportbot.model.message import Message
from supportbot.model.ticket import Actor, ActorKind, Ticket, TicketEvent
from supportbot.store import customers, deliveries, drafts, feedback, files, operators, threads
from supportbot.store.feedback import Feedback
from supportbot.store.tables.catalog import PolicyVersionRow, ProductRow
from supportbot.store.tables.tickets import MessageBodyRow, MessageRow
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
    #: Names of customers and guests who wrote in it, and of all operators, by number.
    customers: Mapping[int, str] = field(default_factory=dict)
    operators: Mapping[int, str] = field(default_factory=dict)
    #: Without those that were erased.
    files: Sequence[StoredFile] = ()

    def name(self, actor: Actor) -> str | None:
        """Return what a person is called, where that is known."""
        match actor.kind:
            case ActorKind.CUSTOMER | ActorKind.GUEST:
                return self.customers.get(actor.id or 0)
            case ActorKind.OPERATOR:
                return self.operators.get(actor.id or 0)
            case _:
                return None


async def of_ticket(work: UnitOfWork, ticket: Ticket) -> Transcript:
    """Read the transcript of a ticket."""
    return Transcript(
        ticket=ticket,
        messages=await threads.messages(work, ticket.id),
        events=await events(work, ticket.id),
        deliveries=await deliveries.of_ticket(work, ticket.id),
        drafts=await drafts.of_ticket(work, ticket.id),
        feedback=await feedback.of_ticket(work, ticket.id),
        customers=await customers.names_in(work, ticket.id),
        operators=await operators.names(work),
        files=await files.of_ticket(work, ticket.id),
    )


async def events(work: UnitOfWork, ticket_id: int) -> list[TicketEvent]:
    """Return what happened to a ticket, in order, without words that may repeat what is erased.

    The rows, which nobody changes, keep them for a while. From when the first message came whose
    words are gone, only what stands before a model's words is told.
    """
    found = await threads.events(work, ticket_id)
    since = await work.connection.scalar(
        select(func.min(MessageRow.created_at))
        .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
        .where(
            MessageRow.ticket_id == ticket_id,
            MessageRow.author_kind.in_([ActorKind.CUSTOMER, ActorKind.GUEST]),
            MessageBodyRow.body.is_(None),
        )
    )
    return found if since is None else [_wordless(one, since) for one in found]


def _wordless(event: TicketEvent, since: datetime) -> TicketEvent:
    head, found, _ = str(event.data.get("summary") or "").partition(": ")
    if not found or event.at < since:
        return event
    return replace(event, data={**event.data, "summary": f"{head}."})


async def system_message(work: UnitOfWork, product: str, policy_sha: str) -> str | None:
    """Return the system message of a policy that a product once had; None where it never did."""
    body = await work.connection.scalar(
        select(PolicyVersionRow.body)
        .join(ProductRow, ProductRow.id == PolicyVersionRow.product_id)
        .where(ProductRow.key == product, PolicyVersionRow.sha256 == policy_sha)
        .limit(1)
    )
    return str(json.loads(body)["system"]) if body is not None else None
