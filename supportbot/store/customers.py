"""The people who ask, by the way they are known in a channel."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select

from supportbot.model.inbound import Sender
from supportbot.store.columns import bounded
from supportbot.store.tables.people import AccountRow, CustomerIdentityRow, CustomerRow
from supportbot.store.unit_of_work import UnitOfWork

_MOST_ID_BYTES = 320
_MOST_ACCOUNT_BYTES = 300

_KNOWN = select(CustomerIdentityRow.customer_id).where(
    CustomerIdentityRow.channel_kind == bindparam("kind"),
    CustomerIdentityRow.external_id == bindparam("external_id"),
)


async def ensure_customer(work: UnitOfWork, kind: str, sender: Sender, at: datetime) -> int:
    """Return the id of the customer behind an identity, made as needed."""
    external_id = bounded(sender.external_id, _MOST_ID_BYTES)
    found = await work.connection.scalar(_KNOWN, {"kind": kind, "external_id": external_id})
    if found is not None:
        return found
    account_id = await _ensure_account(work, sender.account, at) if sender.account else None
    made = await work.connection.execute(
        insert(CustomerRow)
        .values(account_id=account_id, display_name=sender.name[:200] or None, created_at=at)
        .returning(CustomerRow.id)
    )
    customer_id = made.scalar_one()
    await work.connection.execute(
        insert(CustomerIdentityRow).values(
            channel_kind=kind, external_id=external_id, customer_id=customer_id
        )
    )
    return customer_id


async def _ensure_account(work: UnitOfWork, key: str, at: datetime) -> int:
    key = bounded(key, _MOST_ACCOUNT_BYTES)
    found = await work.connection.scalar(select(AccountRow.id).where(AccountRow.key == key))
    if found is not None:
        return found
    made = await work.connection.execute(
        insert(AccountRow)
        .values(key=key, name=(key.partition(":")[2] or key)[:200], created_at=at)
        .returning(AccountRow.id)
    )
    return made.scalar_one()
