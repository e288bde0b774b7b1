"""What a ticket's page shows beside its thread: people, files, and what stands behind a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from supportbot.errors import NotFoundError
from supportbot.store.tables.answers import DeliveryRow, DraftRow
from supportbot.store.tables.people import AccountRow, CustomerIdentityRow, CustomerRow
from supportbot.store.tables.tickets import AttachmentRow, MessageBodyRow, MessageRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """A customer as an operator knows them; `identities` are (channel kind, external id)."""

    id: int
    name: str | None
    account: str | None
    erased: bool
    identities: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind a message, by number; `erased_reason` is set when its words are gone."""

    completion_id: int | None
    policy_version_id: int | None
    erased_reason: str | None


@dataclass(frozen=True, slots=True)
class AttachmentCard:
    """A file that came with a message."""

    id: int
    message_id: int
    filename: str
    content_type: str
    size_bytes: int
    #: False while its bytes are not here, or not any more.
    available: bool
    erased: bool = False
    #: Why the model was only told its name.
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryNote:
    """What is known of a delivery beside its state."""

    error: str | None
    created_at: datetime
    next_attempt_at: datetime | None


async def customer(work: UnitOfWork, customer_id: int) -> CustomerCard:
    """Return a customer.

    Raises:
        NotFoundError: there is none.
    """
    rows = await work.connection.execute(
        select(CustomerRow, AccountRow.name.label("account"))
        .outerjoin(AccountRow, AccountRow.id == CustomerRow.account_id)
        .where(CustomerRow.id == customer_id)
    )
    row = rows.first()
    if row is None:
        raise NotFoundError(f"there is no customer number {customer_id}")
    identity = CustomerIdentityRow
    known = await work.connection.execute(
        select(identity.channel_kind, identity.external_id)
        .where(identity.customer_id == customer_id)
        .order_by(identity.channel_kind, identity.external_id)
    )
    return CustomerCard(
        id=row.id,
        name=row.display_name,
        account=row.account,
        erased=row.erased_at is not None,
        identities=tuple((one.channel_kind, one.external_id) for one in known),
    )


async def behind(work: UnitOfWork, ticket_id: int) -> dict[int, Behind]:
    """Return what stands behind each message of a ticket, by message number."""
    rows = await work.connection.execute(
        select(
            MessageRow.id,
            MessageRow.completion_id,
            MessageRow.policy_version_id,
            MessageBodyRow.erased_reason,
            MessageBodyRow.body.is_(None).label("gone"),
        )
        .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
        .where(MessageRow.ticket_id == ticket_id)
    )
    return {
        row.id: Behind(
            completion_id=row.completion_id,
            policy_version_id=row.policy_version_id,
            erased_reason=(row.erased_reason or "erased") if row.gone else None,
        )
        for row in rows
    }


async def said_by(work: UnitOfWork, completion_id: int) -> list[str]:
    """Return the texts that came of a completion: messages in the thread, else its drafts."""
    for text in (
        select(MessageBodyRow.body)
        .join(MessageRow, MessageRow.id == MessageBodyRow.message_id)
        .where(MessageRow.completion_id == completion_id)
        .order_by(MessageRow.id),
        select(DraftRow.body).where(DraftRow.completion_id == completion_id).order_by(DraftRow.id),
    ):
        found = (await work.connection.execute(text)).scalars().all()
        if found:
            return [body if body is not None else "[erased]" for body in found]
    return []


async def attachments(work: UnitOfWork, ticket_id: int) -> list[AttachmentCard]:
    """Return the files of a ticket in order, without their bytes."""
    row = AttachmentRow
    rows = await work.connection.execute(
        select(
            row.id,
            row.message_id,
            row.filename,
            row.content_type,
            row.size,
            row.content.is_not(None).label("available"),
            row.erased_at,
            row.reason,
        )
        .join(MessageRow, MessageRow.id == row.message_id)
        .where(MessageRow.ticket_id == ticket_id)
        .order_by(row.id)
    )
    return [
        AttachmentCard(
            id=one.id,
            message_id=one.message_id,
            filename=one.filename or "unnamed",
            content_type=one.content_type,
            size_bytes=one.size,
            available=bool(one.available),
            erased=one.erased_at is not None,
            reason=one.reason,
        )
        for one in rows
    ]


async def attachment_content(work: UnitOfWork, attachment_id: int) -> tuple[str, bytes]:
    """Return a file's name (for the record, never a path) and its bytes.

    Raises:
        NotFoundError: there is none, or it was erased.
    """
    rows = await work.connection.execute(
        select(AttachmentRow.filename, AttachmentRow.content).where(
            AttachmentRow.id == attachment_id
        )
    )
    row = rows.first()
    if row is None or row.content is None:
        raise NotFoundError(f"there is no attachment number {attachment_id}, or it was erased")
    return row.filename or "unnamed", row.content


async def delivery_notes(work: UnitOfWork, ticket_id: int) -> dict[int, DeliveryNote]:
    """Return what is known of a ticket's deliveries beside their states, by delivery number."""
    row = DeliveryRow
    rows = await work.connection.execute(
        select(row.id, row.error, row.created_at, row.next_attempt_at).where(
            row.ticket_id == ticket_id
        )
    )
    return {one.id: DeliveryNote(one.error, one.created_at, one.next_attempt_at) for one in rows}
