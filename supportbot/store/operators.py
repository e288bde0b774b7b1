"""The people of the support team: accounts, sessions of the dashboard, login links, failed logins.

Secrets never come here: callers hand in the sha256 of a cookie or token, and a password's hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, func, insert, select, update

from supportbot.errors import NotFoundError
from supportbot.model.catalog import Operator, OperatorRole
from supportbot.model.inbound import Sender
from supportbot.store.columns import bounded
from supportbot.store.tables.people import (
    LoginAttemptRow,
    LoginLinkRow,
    OperatorIdentityRow,
    OperatorRow,
    OperatorSessionRow,
)
from supportbot.store.unit_of_work import UnitOfWork

_MOST_ID_BYTES = 320
#: How the address of an account ends that was made for somebody of a kind of channel.
_NOWHERE = "@{}.invalid"


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An operator about to be created; the address is lower case already."""

    email: str
    name: str
    role: OperatorRole
    password_hash: str | None = None


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login about to be stored."""

    id_sha256: str
    csrf_token: str
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class OperatorSession:
    """A login of the dashboard, with whom it belongs to."""

    id_sha256: str
    operator: Operator
    #: The operator's `auth_epoch` at login; another one now means: logged out everywhere.
    auth_epoch: int
    csrf_token: str
    created_at: datetime
    last_seen_at: datetime


def _operator(row: Row[*tuple[Any, ...]]) -> Operator:
    return Operator(
        id=row.id,
        email=row.email,
        name=row.name,
        role=OperatorRole(row.role),
        auth_epoch=row.auth_epoch,
        disabled_at=row.disabled_at,
    )


async def create(work: UnitOfWork, new: NewOperator, at: datetime) -> Operator:
    """Write a new operator.

    Raises:
        IntegrityError: the address is taken; callers look first and translate the rest.
    """
    made = await work.connection.execute(
        insert(OperatorRow)
        .values(
            email=new.email,
            name=new.name,
            role=new.role,
            password_hash=new.password_hash,
            created_at=at,
        )
        .returning(OperatorRow.id)
    )
    return await get(work, made.scalar_one())


async def get(work: UnitOfWork, operator_id: int) -> Operator:
    """Return an operator by number.

    Raises:
        NotFoundError: there is none.
    """
    rows = await work.connection.execute(select(OperatorRow).where(OperatorRow.id == operator_id))
    row = rows.first()
    if row is None:
        raise NotFoundError(f"there is no operator number {operator_id}")
    return _operator(row)


async def by_email(work: UnitOfWork, email: str) -> Operator | None:
    """Return the operator with this address (case does not matter)."""
    rows = await work.connection.execute(
        select(OperatorRow).where(OperatorRow.email == email.lower())
    )
    row = rows.first()
    return _operator(row) if row else None


async def ensure(work: UnitOfWork, kind: str, sender: Sender, at: datetime) -> Operator:
    """Return the operator behind an identity of a channel, made as needed.

    Who has a dashboard account under the address the channel vouches for is that operator. Anybody
    else gets an account that nobody can log in to: it has no password, and an address that leads
    nowhere (RFC 2606) where the channel tells none.
    """
    known = await _behind(work, kind, sender)
    if known is not None:
        return await _linked(work, kind, await _renamed(work, known, sender), sender)
    external_id = bounded(sender.external_id, _MOST_ID_BYTES)
    email = (sender.email or f"{external_id.replace(':', '.')}{_NOWHERE.format(kind)}").lower()
    operator = await by_email(work, email)
    if operator is None:
        new = NewOperator(email[-320:], _name(sender), OperatorRole.OPERATOR)
        operator = await create(work, new, at)
    await work.connection.execute(
        insert(OperatorIdentityRow).values(
            channel_kind=kind, external_id=external_id, operator_id=operator.id
        )
    )
    return operator


async def _linked(work: UnitOfWork, kind: str, operator: Operator, sender: Sender) -> Operator:
    """Lead an identity whose address is known only now to the account that has it, if any does.

    What was done under it before stays where it is.
    """
    if not sender.email or not _is_made_for(kind, operator):
        return operator
    account = await by_email(work, sender.email)
    if account is None:
        await change(work, operator.id, email=sender.email.lower())
        return replace(operator, email=sender.email.lower())
    await work.connection.execute(
        update(OperatorIdentityRow)
        .where(
            OperatorIdentityRow.channel_kind == kind,
            OperatorIdentityRow.external_id == bounded(sender.external_id, _MOST_ID_BYTES),
        )
        .values(operator_id=account.id)
    )
    return account


async def introduce(work: UnitOfWork, kind: str, sender: Sender) -> bool:
    """Give an operator the name that was looked up; False: nobody is known by this identity.

    A press tells a short name only. Who has an account of the dashboard keeps its name.
    """
    known = await _behind(work, kind, sender)
    if known is not None and sender.name.strip() and _is_made_for(kind, known):
        await change(work, known.id, name=_name(sender))
    return known is not None


async def _behind(work: UnitOfWork, kind: str, sender: Sender) -> Operator | None:
    number = await work.connection.scalar(
        select(OperatorIdentityRow.operator_id).where(
            OperatorIdentityRow.channel_kind == kind,
            OperatorIdentityRow.external_id == bounded(sender.external_id, _MOST_ID_BYTES),
        )
    )
    return None if number is None else await get(work, number)


def _is_made_for(kind: str, operator: Operator) -> bool:
    return operator.email.endswith(_NOWHERE.format(kind))


def _name(sender: Sender) -> str:
    """Return what a sender is called; where the channel did not say, by their id."""
    return (" ".join(sender.name.split()) or sender.external_id.rpartition(":")[2])[:200]


async def _renamed(work: UnitOfWork, operator: Operator, sender: Sender) -> Operator:
    """Give an operator who was known by an id only the name that is known by now."""
    nameless = operator.name == _name(replace(sender, name=""))
    if not (nameless and sender.name.strip()):
        return operator
    await change(work, operator.id, name=_name(sender))
    return replace(operator, name=_name(sender))


async def everybody(work: UnitOfWork) -> list[Operator]:
    """Return all operators by name, the disabled ones too."""
    rows = await work.connection.execute(
        select(OperatorRow).order_by(OperatorRow.name, OperatorRow.id)
    )
    return [_operator(row) for row in rows]


async def names(work: UnitOfWork) -> dict[int, str]:
    """Return the names of all operators by number."""
    rows = await work.connection.execute(select(OperatorRow.id, OperatorRow.name))
    return {row.id: row.name for row in rows}


async def password_hash(work: UnitOfWork, operator_id: int) -> str | None:
    """Return the hash of an operator's password; None = none is set."""
    found: str | None = await work.connection.scalar(
        select(OperatorRow.password_hash).where(OperatorRow.id == operator_id)
    )
    return found


async def only_met(work: UnitOfWork, operator_id: int) -> bool:
    """Tell whether a channel made this enabled operator, who has never been in the dashboard."""
    met = select(OperatorRow.id).where(
        OperatorRow.id == operator_id,
        OperatorRow.password_hash.is_(None),
        OperatorRow.disabled_at.is_(None),
        exists().where(OperatorIdentityRow.operator_id == OperatorRow.id),
        ~exists().where(OperatorSessionRow.operator_id == OperatorRow.id),
    )
    return await work.connection.scalar(met) is not None


async def change(work: UnitOfWork, operator_id: int, **values: object) -> None:
    """Set columns of an operator."""
    await work.connection.execute(
        update(OperatorRow).where(OperatorRow.id == operator_id).values(**values)
    )


async def end_all_sessions(work: UnitOfWork, operator_id: int) -> None:
    """Log an operator out everywhere, and void the login links that nobody used yet."""
    await change(work, operator_id, auth_epoch=OperatorRow.auth_epoch + 1)
    for row in (OperatorSessionRow, LoginLinkRow):
        await work.connection.execute(delete(row).where(row.operator_id == operator_id))


async def add_session(
    work: UnitOfWork, operator: Operator, new: NewSession, at: datetime
) -> OperatorSession:
    """Write a login."""
    await work.connection.execute(
        insert(OperatorSessionRow).values(
            id_sha256=new.id_sha256,
            operator_id=operator.id,
            auth_epoch=operator.auth_epoch,
            csrf_token=new.csrf_token,
            created_at=at,
            last_seen_at=at,
            ip=new.ip[:64] if new.ip else None,
            user_agent=new.user_agent[:500] if new.user_agent else None,
        )
    )
    return OperatorSession(
        new.id_sha256, operator, operator.auth_epoch, new.csrf_token, created_at=at, last_seen_at=at
    )


async def session(work: UnitOfWork, id_sha256: str) -> OperatorSession | None:
    """Return a login as it is stored; whether it still holds is the caller's to judge."""
    rows = await work.connection.execute(
        select(
            OperatorRow,
            OperatorSessionRow.auth_epoch.label("session_epoch"),
            OperatorSessionRow.csrf_token,
            OperatorSessionRow.created_at.label("began_at"),
            OperatorSessionRow.last_seen_at,
        )
        .join(OperatorRow, OperatorRow.id == OperatorSessionRow.operator_id)
        .where(OperatorSessionRow.id_sha256 == id_sha256)
    )
    row = rows.first()
    if row is None:
        return None
    return OperatorSession(
        id_sha256=id_sha256,
        operator=_operator(row),
        auth_epoch=row.session_epoch,
        csrf_token=row.csrf_token,
        created_at=row.began_at,
        last_seen_at=row.last_seen_at,
    )


async def touch_session(work: UnitOfWork, id_sha256: str, at: datetime) -> None:
    """Note that a login was used."""
    await work.connection.execute(
        update(OperatorSessionRow)
        .where(OperatorSessionRow.id_sha256 == id_sha256)
        .values(last_seen_at=at)
    )


async def end_session(work: UnitOfWork, id_sha256: str) -> None:
    """Log out. Idempotent."""
    await work.connection.execute(
        delete(OperatorSessionRow).where(OperatorSessionRow.id_sha256 == id_sha256)
    )


async def drop_old_sessions(
    work: UnitOfWork, operator_id: int, *, began: datetime, seen: datetime
) -> None:
    """Delete an operator's logins that began, or were last used, before these moments."""
    row = OperatorSessionRow
    await work.connection.execute(
        delete(row).where(
            row.operator_id == operator_id, (row.created_at < began) | (row.last_seen_at < seen)
        )
    )


async def add_login_link(
    work: UnitOfWork, operator_id: int, token_sha256: str, expires_at: datetime
) -> None:
    """Write a link that logs an operator in once."""
    await work.connection.execute(
        insert(LoginLinkRow).values(
            token_sha256=token_sha256, operator_id=operator_id, expires_at=expires_at
        )
    )


async def use_login_link(work: UnitOfWork, token_sha256: str, at: datetime) -> Operator | None:
    """Use a link up; None when it is unknown, used or expired. Two callers never both get one."""
    used = await work.connection.execute(
        update(LoginLinkRow)
        .where(
            LoginLinkRow.token_sha256 == token_sha256,
            LoginLinkRow.used_at.is_(None),
            LoginLinkRow.expires_at > at,
        )
        .values(used_at=at)
        .returning(LoginLinkRow.operator_id)
    )
    operator_id = used.scalar_one_or_none()
    return None if operator_id is None else await get(work, operator_id)


async def claim_attempt(
    work: UnitOfWork, limits: Mapping[str, int], at: datetime, since: datetime
) -> bool:
    """Count a login attempt under each key, unless one of them has had too many since then.

    It is counted before the password is checked, so that guesses sent meanwhile count as well;
    `forgive_attempts` takes it back after a success. Older attempts are deleted on the way.
    """
    row = LoginAttemptRow
    await work.connection.execute(delete(row).where(row.key_sha256.in_(limits), row.at < since))
    rows = await work.connection.execute(
        select(row.key_sha256, func.count().label("n"))
        .where(row.key_sha256.in_(limits))
        .group_by(row.key_sha256)
    )
    if any(found.n >= limits[found.key_sha256] for found in rows):
        return False
    await work.connection.execute(insert(row), [{"key_sha256": key, "at": at} for key in limits])
    return True


async def forgive_attempts(work: UnitOfWork, keys: Sequence[str]) -> None:
    """Forget the attempts under these keys."""
    await work.connection.execute(
        delete(LoginAttemptRow).where(LoginAttemptRow.key_sha256.in_(keys))
    )
