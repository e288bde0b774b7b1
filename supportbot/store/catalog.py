"""Products, channels and published policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from supportbot.model.catalog import Channel, Product
from supportbot.model.policy import CompiledPolicy
from supportbot.store.tables.catalog import ChannelRow, PolicyVersionRow, ProductRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A published policy, as it stands in the store."""

    id: int
    product: str
    version: int
    sha256: str
    body: str
    created_at: datetime


async def ensure_product(work: UnitOfWork, key: str, name: str) -> Product:
    """Return the product of this key, made or renamed as needed."""
    row = (
        await work.connection.execute(
            select(ProductRow.id, ProductRow.name).where(ProductRow.key == key)
        )
    ).first()
    if row is None:
        made = await work.connection.execute(
            insert(ProductRow).values(key=key, name=name).returning(ProductRow.id)
        )
        return Product(id=made.scalar_one(), key=key, name=name)
    if row.name != name:
        await work.connection.execute(
            update(ProductRow).where(ProductRow.id == row.id).values(name=name)
        )
    return Product(id=row.id, key=key, name=name)


async def ensure_channel(work: UnitOfWork, key: str, kind: str, at: datetime) -> Channel:
    """Return the channel of this key, made as needed."""
    found = await work.connection.scalar(select(ChannelRow.id).where(ChannelRow.key == key))
    if found is None:
        made = await work.connection.execute(
            insert(ChannelRow).values(key=key, kind=kind, created_at=at).returning(ChannelRow.id)
        )
        found = made.scalar_one()
    return Channel(id=found, key=key, kind=kind)


async def publish_policy(
    work: UnitOfWork, product: Product, policy: CompiledPolicy, at: datetime
) -> int:
    """Store a compiled policy as the product's newest version; return the version's id.

    Publishing what is already the newest changes nothing.
    """
    latest = (
        await work.connection.execute(
            select(PolicyVersionRow.id, PolicyVersionRow.version, PolicyVersionRow.sha256)
            .where(PolicyVersionRow.product_id == product.id)
            .order_by(PolicyVersionRow.version.desc())
            .limit(1)
        )
    ).first()
    if latest is not None and latest.sha256 == policy.sha256:
        return int(latest.id)
    made = await work.connection.execute(
        insert(PolicyVersionRow)
        .values(
            product_id=product.id,
            version=latest.version + 1 if latest else 1,
            body=policy.canonical,
            sha256=policy.sha256,
            created_at=at,
        )
        .returning(PolicyVersionRow.id)
    )
    return int(made.scalar_one())


async def policy_version(work: UnitOfWork, version_id: int) -> PolicyVersion | None:
    """Return one published policy."""
    row = (
        await work.connection.execute(
            select(PolicyVersionRow, ProductRow.key.label("product"))
            .join(ProductRow, ProductRow.id == PolicyVersionRow.product_id)
            .where(PolicyVersionRow.id == version_id)
        )
    ).first()
    if row is None:
        return None
    return PolicyVersion(
        id=row.id,
        product=row.product,
        version=row.version,
        sha256=row.sha256,
        body=row.body,
        created_at=row.created_at,
    )
