"""The people who ask, by the way they are known in a channel."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from supportbot.model.inbound import Sender
from supportbot.model.ticket import ActorKind
from supportbot.store.columns import bounded
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.installations import InstallationRow
from supportbot.store.tables.people import AccountRow, CustomerIdentityRow, CustomerRow
from supportbot.store.tables.tickets import MessageRow
from supportbot.store.unit_of_work import UnitOfWork

_MOST_ID_BYTES = 320
_MOST_ACCOUNT_BYTES = 300

_MOST_NAME_CHARS = 200

_KNOWN = (
    select(
        CustomerRow.id,
        CustomerRow.display_name,
        (CustomerRow.display_name.is_(None) & CustomerRow.erased_at.is_(None)).label("nameless"),
    )
    .join(CustomerIdentityRow, CustomerIdentityRow.customer_id == CustomerRow.id)
    .where(
        CustomerIdentityRow.channel_kind == bindparam("kind"),
        CustomerIdentityRow.external_id == bindparam("external_id"),
    )
)
_NAME = update(CustomerRow).where(
    CustomerRow.id == bindparam("customer_id"), CustomerRow.erased_at.is_(None)
)
_RENAME = _NAME.returning(CustomerRow.display_name)
_ADD = insert(CustomerRow).returning(CustomerRow.id)
_ADD_IDENTITY = insert(CustomerIdentityRow)
_KNOWN_ACCOUNT = select(AccountRow.id).where(AccountRow.key == bindparam("account"))
_ADD_ACCOUNT = insert(AccountRow).returning(AccountRow.id)


async def name(work: UnitOfWork, customer_id: int) -> str | None:
    """Return what a customer is called, where that is known."""
    query = select(CustomerRow.display_name).where(CustomerRow.id == customer_id)
    return await work.connection.scalar(query)


async def name_and_company(work: UnitOfWork, customer_id: int) -> tuple[str | None, str | None]:
    """Return what a customer is called, and the workspace of theirs that installed the app."""
    of_channel = ChannelRow.id == InstallationRow.channel_id
    owner = ChannelRow.kind + ":" + InstallationRow.owner
    installed = select(InstallationRow.name, owner.label("key")).join(ChannelRow, of_channel)
    company = installed.subquery()
    query = (
        select(CustomerRow.display_name, company.c.name)
        .outerjoin(AccountRow, AccountRow.id == CustomerRow.account_id)
        .outerjoin(company, company.c.key == AccountRow.key)
        .where(CustomerRow.id == customer_id)
    )
    row = (await work.connection.execute(query)).first()
    return (row.display_name, row.name) if row else (None, None)


async def names_in(work: UnitOfWork, ticket_id: int) -> dict[int, str]:
    """Return the known names of all who wrote in a ticket as customers or guests, by number."""
    wrote = select(MessageRow.author_id).where(
        MessageRow.ticket_id == ticket_id,
        MessageRow.author_kind.in_([ActorKind.CUSTOMER, ActorKind.GUEST]),
    )
    rows = await work.connection.execute(
        select(CustomerRow.id, CustomerRow.display_name).where(CustomerRow.id.in_(wrote))
    )
    return {row.id: row.display_name for row in rows if row.display_name}


async def ensure_customer(work: UnitOfWork, kind: str, sender: Sender, at: datetime) -> int:
    """Return the id of the customer behind an identity, made as needed.

    Who had no name so far gets the sender's; a name that is there already stays.
    """
    name = sender.name[:_MOST_NAME_CHARS] or None
    found = (await work.execute(_KNOWN, _identity(kind, sender))).first()
    if found is not None:
        if name and found.nameless:
            await work.execute(_NAME, {"customer_id": found.id, "display_name": name})
        known: int = found.id
        return known
    account_id = await _ensure_account(work, sender.account, at) if sender.account else None
    made = await work.execute(
        _ADD, {"account_id": account_id, "display_name": name, "created_at": at}
    )
    customer_id: int = made.scalar_one()
    external_id = bounded(sender.external_id, _MOST_ID_BYTES)
    identity = {"channel_kind": kind, "external_id": external_id, "customer_id": customer_id}
    await work.execute(_ADD_IDENTITY, identity)
    return customer_id


async def known(work: UnitOfWork, kind: str, sender: Sender) -> int | None:
    """Return the id of the customer behind an identity, None where nobody is known by it."""
    found = (await work.execute(_KNOWN, _identity(kind, sender))).first()
    return found.id if found else None


async def named(work: UnitOfWork, kind: str, sender: Sender) -> tuple[int, str | None] | None:
    """Return the customer behind an identity, by number and name; None: nobody is known by it."""
    found = (await work.execute(_KNOWN, _identity(kind, sender))).first()
    return (found.id, found.display_name) if found else None


async def rename(work: UnitOfWork, customer_id: int, name: str) -> str | None:
    """Call a customer by a name; return what they are called now. Who was erased has none."""
    given = {"customer_id": customer_id, "display_name": name[:_MOST_NAME_CHARS] or None}
    called: str | None = (await work.execute(_RENAME, given)).scalar()
    return called


def _identity(kind: str, sender: Sender) -> dict[str, object]:
    return {"kind": kind, "external_id": bounded(sender.external_id, _MOST_ID_BYTES)}


async def _ensure_account(work: UnitOfWork, key: str, at: datetime) -> int:
    key = bounded(key, _MOST_ACCOUNT_BYTES)
    found: int | None = (await work.execute(_KNOWN_ACCOUNT, {"account": key})).scalar()
    if found is not None:
        return found
    name = (key.partition(":")[2] or key)[:200]
    made = await work.execute(_ADD_ACCOUNT, {"key": key, "name": name, "created_at": at})
    made_id: int = made.scalar_one()
    return made_id


async def external_id(work: UnitOfWork, kind: str, customer_id: int) -> str | None:
    """Return how a customer is known in a kind of channel, the first name if there are several."""
    return await work.connection.scalar(
        select(CustomerIdentityRow.external_id)
        .where(
            CustomerIdentityRow.customer_id == customer_id,
            CustomerIdentityRow.channel_kind == kind,
        )
        .order_by(CustomerIdentityRow.external_id)
        .limit(1)
    )
