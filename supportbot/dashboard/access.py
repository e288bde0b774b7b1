"""The verbs of signing in: operators, one-time links, passwords, sessions.

Dashboard and command line come through here. Cookies and tokens are 256 random bits; the store
keeps their sha256 only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from supportbot.dashboard.passwords import Passwords, Verdict
from supportbot.errors import AccessError, ConflictError, TooManyAttempts
from supportbot.model.catalog import Operator, OperatorRole
from supportbot.model.time import Clock
from supportbot.store import operators
from supportbot.store.database import Database
from supportbot.store.operators import NewOperator, NewSession, OperatorSession
from supportbot.store.unit_of_work import UnitOfWork

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
LINK_LIFE = timedelta(hours=24)
#: How old `last_seen_at` may become before it is written again.
_TOUCH_EVERY = timedelta(minutes=5)

_WINDOW = timedelta(minutes=15)
_PER_ACCOUNT_AND_ADDRESS = 5
_PER_ADDRESS = 30
_PER_ACCOUNT = 50
_SITE_BITS = 64  # one customer of a provider usually owns a whole /64 of IPv6

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_WRONG = "E-mail address and password do not match."
_USED_UP = "This link was used already or is too old. Ask an admin for a new one."


@dataclass(frozen=True, slots=True)
class Client:
    """Where a sign-in comes from."""

    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new login: `cookie` is the secret that only the browser keeps."""

    cookie: str
    session: OperatorSession


def link_path(token: str) -> str:
    """Return the path of a one-time login link."""
    return f"/login/link/{token}"


def _taken(operator: Operator) -> ConflictError:
    return ConflictError(
        f"there is an operator {operator.email} already (role: {operator.role}); "
        f"for a new login link: supportbot admin link {operator.email}"
    )


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Access:
    """Creates operators and lets them in."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._passwords = Passwords()

    async def create_operator(self, email: str, name: str, role: OperatorRole) -> Operator:
        """Create an operator without a password; a login link lets them in to set one.

        Raises:
            AccessError: the address or the name cannot be one.
            ConflictError: the address is taken.
        """
        address, shown = email.strip().lower(), " ".join(name.split())
        if not _EMAIL.fullmatch(address):
            raise AccessError(f"{email!r} is not an e-mail address")
        if not 0 < len(shown) <= 200:  # noqa: PLR2004 - the width of its column
            raise AccessError("an operator needs a name of at most 200 characters")
        async with self._db.writing() as work:
            if (known := await operators.by_email(work, address)) is not None:
                raise _taken(known)
            return await operators.create(work, NewOperator(address, shown, role), self._clock())

    async def promote(self, email: str, role: OperatorRole, name: str = "") -> Operator | None:
        """Give a role to the operator whom a channel made and who never signed in, and a name.

        Login links from before are void. None where nobody has the address.

        Raises:
            ConflictError: they are an admin, or have an account of their own already.
        """
        address = email.strip().lower()
        async with self._db.writing() as work:
            operator = await operators.by_email(work, address)
            if operator is None:
                return None
            admin = operator.role is OperatorRole.ADMIN
            if admin or not await operators.only_met(work, operator.id):
                raise _taken(operator)
            shown = " ".join(name.split())[:200] or operator.name
            await operators.change(work, operator.id, role=role, name=shown)
            await operators.end_all_sessions(work, operator.id)
            return await operators.get(work, operator.id)

    async def login_link(self, operator_id: int, life: timedelta = LINK_LIFE) -> str:
        """Make a token that logs this operator in once (see `link_path`).

        Raises:
            NotFoundError: there is no such operator.
            AccessError: the operator is disabled.
        """
        token = secrets.token_urlsafe(32)
        async with self._db.writing() as work:
            operator = await operators.get(work, operator_id)
            if operator.disabled_at is not None:
                raise AccessError(f"{operator.email} is disabled; enable the account first")
            expires_at = self._clock() + life
            await operators.add_login_link(work, operator_id, _sha256(token), expires_at)
        return token

    async def sign_in(self, email: str, password: str, client: Client) -> SignedIn:
        """Log in by password; an old hash is renewed on the way.

        Raises:
            AccessError: address and password do not match (it is not told which is wrong).
            TooManyAttempts: too many failures lately.
        """
        address = email.strip().lower()
        operator, verdict = await self._judged(address, password, client)
        if operator is None or not verdict.right or operator.disabled_at is not None:
            raise AccessError(_WRONG)
        async with self._db.writing() as work:
            if verdict.new_hash is not None:
                await operators.change(work, operator.id, password_hash=verdict.new_hash)
            return await self._begin(work, operator, client)

    async def check_password(self, session: OperatorSession, password: str, client: Client) -> None:
        """Ask for one's own password once more; fine where none is set.

        Raises:
            AccessError: it is wrong.
            TooManyAttempts: too many failures lately.
        """
        async with self._db.reading() as work:
            if await operators.password_hash(work, session.operator.id) is None:
                return
        _, verdict = await self._judged(session.operator.email, password, client)
        if not verdict.right:
            raise AccessError("The current password is wrong.")

    async def _judged(
        self, email: str, password: str, client: Client
    ) -> tuple[Operator | None, Verdict]:
        """Check a password within the limits; a right one takes back what was counted."""
        limits = _limits(email, client.ip)
        async with self._db.writing() as work:
            now = self._clock()
            if not await operators.claim_attempt(work, limits, now, now - _WINDOW):
                raise TooManyAttempts("Too many attempts. Wait 15 minutes, then try again.")
            operator = await operators.by_email(work, email)
            known = await operators.password_hash(work, operator.id) if operator else None
        verdict = await self._passwords.check(password, known)
        if verdict.right:
            async with self._db.writing() as work:
                await operators.forgive_attempts(work, list(limits))
        return operator, verdict

    async def sign_in_by_link(self, token: str, client: Client) -> SignedIn:
        """Log in by a one-time link, which is used up by it.

        Raises:
            AccessError: it is unknown, used, expired, or its operator is disabled.
        """
        async with self._db.writing() as work:
            operator = await operators.use_login_link(work, _sha256(token), self._clock())
            if operator is None or operator.disabled_at is not None:
                raise AccessError(_USED_UP)
            return await self._begin(work, operator, client)

    async def _begin(self, work: UnitOfWork, operator: Operator, client: Client) -> SignedIn:
        now, cookie = self._clock(), secrets.token_urlsafe(32)
        new = NewSession(_sha256(cookie), secrets.token_urlsafe(32), client.ip, client.user_agent)
        await operators.drop_old_sessions(work, operator.id, began=now - LONGEST, seen=now - IDLE)
        return SignedIn(cookie, await operators.add_session(work, operator, new, now))

    async def session(self, cookie: str, *, passive: bool = False) -> OperatorSession | None:
        """Return the login behind a cookie while it holds.

        A passive visit (a page that refreshes itself) does not keep the login alive.
        """
        async with self._db.reading() as work:
            found = await operators.session(work, _sha256(cookie))
        now = self._clock()
        if found is None or not _holds(found, now):
            return None
        if not passive and now - found.last_seen_at > _TOUCH_EVERY:
            async with self._db.writing() as work:
                await operators.touch_session(work, found.id_sha256, now)
        return found

    async def sign_out(self, session: OperatorSession) -> None:
        """End this login. Idempotent."""
        async with self._db.writing() as work:
            await operators.end_session(work, session.id_sha256)

    async def set_password(
        self, session: OperatorSession, password: str, client: Client
    ) -> SignedIn:
        """Set one's own password; every other login ends, this one goes on under a new cookie.

        Raises:
            AccessError: the password is too short or too long.
        """
        new_hash = await self._passwords.make_hash(password)
        operator_id = session.operator.id
        async with self._db.writing() as work:
            await operators.change(work, operator_id, password_hash=new_hash)
            await operators.end_all_sessions(work, operator_id)
            return await self._begin(work, await operators.get(work, operator_id), client)

    async def sign_out_everywhere(self, operator_id: int) -> None:
        """End all logins of an operator and void their unused links."""
        async with self._db.writing() as work:
            await operators.end_all_sessions(work, operator_id)

    async def set_enabled(self, operator_id: int, *, enabled: bool) -> None:
        """Disable an operator (all logins end) or let them in again. Idempotent.

        Raises:
            NotFoundError: there is no such operator.
        """
        async with self._db.writing() as work:
            await operators.get(work, operator_id)
            if not enabled:
                await operators.end_all_sessions(work, operator_id)
            at = None if enabled else self._clock()
            await operators.change(work, operator_id, disabled_at=at)


def _holds(session: OperatorSession, now: datetime) -> bool:
    return (
        session.operator.disabled_at is None
        and session.auth_epoch == session.operator.auth_epoch
        and now - session.last_seen_at <= IDLE
        and now - session.created_at <= LONGEST
    )


def _limits(email: str, ip: str | None) -> dict[str, int]:
    """Return how many failures are allowed under which key; keys are hashes."""
    site = _site(ip)
    return {
        _sha256(f"pair {email} {site}"): _PER_ACCOUNT_AND_ADDRESS,
        _sha256(f"address {site}"): _PER_ADDRESS,
        _sha256(f"account {email}"): _PER_ACCOUNT,
    }


def _site(ip: str | None) -> str:
    try:
        address = ip_address(ip or "")
    except ValueError:
        return ip or ""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _SITE_BITS), strict=False))
    return str(address)
