"""Workspaces that installed the app: their grants, who exchanges a token, and used states.

Whoever exchanges a token holds a claim: a revision and a moment. A change names the revision it is
based on, so whoever lost the claim, or met a workspace that installed anew, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Update, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from supportbot.errors import NotFoundError
from supportbot.model.installation import Grant, Installation
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.installations import InstallationRow, OAuthStateRow
from supportbot.store.unit_of_work import UnitOfWork

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


async def save(work: UnitOfWork, channel: str, grant: Grant) -> None:
    """Write what a workspace granted; whatever it had granted before is replaced.

    Raises:
        NotFoundError: the store knows no channel with this key.
    """
    found = await work.connection.scalar(select(ChannelRow.id).where(ChannelRow.key == channel))
    if found is None:
        raise NotFoundError(f"channel {channel!r} is not in the store")
    values = _values(grant)
    await work.connection.execute(
        _INSERT[work.store](InstallationRow)
        .values(channel_id=found, **values)
        .on_conflict_do_update(
            index_elements=("channel_id", "owner"),
            set_={
                **values,
                "revision": InstallationRow.revision + 1,
                "claimed_until": None,
                "removed_at": None,
            },
        )
    )


async def find(work: UnitOfWork, channel: str, owners: Sequence[str]) -> list[Installation]:
    """Return what these owners granted, in their order; removed ones are returned too."""
    rows = await work.connection.execute(
        _OF_CHANNEL.where(ChannelRow.key == channel, InstallationRow.owner.in_(owners))
    )
    found = {row.owner: _installation(row) for row in rows}
    return [found[owner] for owner in owners if owner in found]


async def all_of(work: UnitOfWork, channel: str) -> list[Installation]:
    """Return all installations of a channel in the order they came, the removed ones too."""
    rows = await work.connection.execute(
        _OF_CHANNEL.where(ChannelRow.key == channel).order_by(InstallationRow.id)
    )
    return [_installation(row) for row in rows]


async def is_bot(work: UnitOfWork, channel: str, user: str) -> bool:
    """Tell whether a user is the app's bot in some workspace that has it."""
    query = _OF_CHANNEL.where(
        ChannelRow.key == channel,
        InstallationRow.bot_user == user,
        InstallationRow.removed_at.is_(None),
    )
    return bool(await work.connection.scalar(select(query.exists())))


async def remove(work: UnitOfWork, seen: Installation, at: datetime) -> bool:
    """Note that the owner took the app back, and forget the token.

    False: it is removed already, or was installed anew meanwhile.
    """
    done = await work.connection.execute(
        update(InstallationRow)
        .where(
            InstallationRow.id == seen.id,
            InstallationRow.installed_at == seen.grant.installed_at,
            InstallationRow.removed_at.is_(None),
        )
        .values(
            removed_at=at,
            sealed="",
            expires_at=None,
            claimed_until=None,
            revision=InstallationRow.revision + 1,
        )
    )
    return done.rowcount == 1


async def claim(work: UnitOfWork, seen: Installation, at: datetime, until: datetime) -> bool:
    """Take the right to exchange the token as it was seen; False: somebody else has or had it."""
    done = await work.connection.execute(
        _as(seen)
        .where(
            or_(InstallationRow.claimed_until.is_(None), InstallationRow.claimed_until <= at),
            InstallationRow.removed_at.is_(None),
        )
        .values(claimed_until=until)
    )
    return done.rowcount == 1


async def exchanged(
    work: UnitOfWork, seen: Installation, sealed: str, expires_at: datetime | None
) -> bool:
    """Write the token that the seen one was exchanged for; False: it was replaced or removed."""
    done = await work.connection.execute(
        _as(seen).values(
            sealed=sealed,
            expires_at=expires_at,
            claimed_until=None,
            revision=InstallationRow.revision + 1,
        )
    )
    return done.rowcount == 1


async def sealed_anew(work: UnitOfWork, seen: Installation, sealed: str) -> bool:
    """Write the same tokens under another key; False: they changed meanwhile."""
    done = await work.connection.execute(
        _as(seen).where(InstallationRow.sealed == seen.grant.sealed).values(sealed=sealed)
    )
    return done.rowcount == 1


async def use_state(
    work: UnitOfWork, state_sha256: str, at: datetime, expires_at: datetime
) -> bool:
    """Use up a state; False: somebody used it before. Forgets those that have expired."""
    await work.connection.execute(delete(OAuthStateRow).where(OAuthStateRow.expires_at < at))
    used: str | None = await work.connection.scalar(
        _INSERT[work.store](OAuthStateRow)
        .values(state_sha256=state_sha256, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(OAuthStateRow.state_sha256)
    )
    return used is not None


_OF_CHANNEL = select(InstallationRow).join(ChannelRow, ChannelRow.id == InstallationRow.channel_id)


def _as(seen: Installation) -> Update:
    """Begin a change of an installation that is still as it was seen."""
    return update(InstallationRow).where(
        InstallationRow.id == seen.id, InstallationRow.revision == seen.revision
    )


def _values(grant: Grant) -> dict[str, Any]:
    return {
        "owner": grant.owner,
        "name": grant.name[:200],
        "url": grant.url[:300],
        "app_id": grant.app_id,
        "bot_user": grant.bot_user,
        "bot_id": grant.bot_id,
        "scopes": ",".join(grant.scopes),
        "sealed": grant.sealed,
        "expires_at": grant.expires_at,
        "installed_by": grant.installed_by,
        "installed_at": grant.installed_at,
    }


def _installation(row: Row[*tuple[Any, ...]]) -> Installation:
    return Installation(
        id=row.id,
        revision=row.revision,
        removed_at=row.removed_at,
        grant=Grant(
            owner=row.owner,
            name=row.name,
            url=row.url,
            app_id=row.app_id,
            bot_user=row.bot_user,
            bot_id=row.bot_id,
            scopes=tuple(filter(None, row.scopes.split(","))),
            sealed=row.sealed,
            installed_by=row.installed_by,
            installed_at=row.installed_at,
            expires_at=row.expires_at,
        ),
    )
