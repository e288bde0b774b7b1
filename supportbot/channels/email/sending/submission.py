"""One message to a submission server (RFC 6409), its outcome told apart step by step."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from supportbot.channels.email.connecting.oauth import AccessToken
from supportbot.errors import (
    ChannelError,
    DeliveryUnknown,
    SendError,
    SettingsError,
    StoreUnavailable,
)

_TEMPORARY_FROM: Final = 400
_PERMANENT_FROM: Final = 500
_BEYOND_CODES: Final = 600
_TOO_MUCH: Final = 552
#: The server itself goes away (RFC 5321 3.8).
_CLOSING: Final = 421
#: How Exchange says that a sender is not ours, only after the message.
_DENIED: Final = re.compile(r"\b5\.7\.60\b|SendAsDenied", re.IGNORECASE)
_SMTPS_PORT: Final = 465
_SUBMISSION_PORT: Final = 587


class SenderDenied(SendError):
    """The server took the message, and then did not let us name this sender."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Deferred(SendError):
    """Recipients, or the message for them, were put off: their domain wants less of us."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


@dataclass(frozen=True, slots=True)
class Submission:
    """Where replies are handed in. They leave over TLS, or to this very machine."""

    host: str
    port: int
    #: `smtps` speaks TLS from the first byte, `smtp` upgrades with STARTTLS.
    implicit_tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0
    token: AccessToken | None = None

    @property
    def start_tls(self) -> bool | None:
        """True: required; None: taken where the server offers it."""
        if self.implicit_tls:
            return False
        return None if self.is_here else True

    @property
    def is_here(self) -> bool:
        """Whether the server is this machine, whose certificate nobody vouches for."""
        return _is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient whom the server did not take, and what it said."""

    address: str
    said: str
    #: It will never be taken.
    permanent: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who is told of a failure, and who gets the message."""

    #: Empty: nobody.
    sender: str
    to: tuple[str, ...]
    #: Named instead to a server that does not let us name `sender`.
    own_address: str

    @property
    def senders(self) -> Iterator[str]:
        """The senders to try, in order."""
        yield self.sender
        if self.sender != self.own_address:
            yield self.own_address

    @property
    def is_ascii(self) -> bool:
        """Whether a server of any age can take it (RFC 6531 for the others)."""
        return self.sender.isascii() and all(address.isascii() for address in self.to)


async def _nothing() -> None:
    """Do nothing before the message leaves."""


def submission(
    url: str, password: str | None, timeout_seconds: float = 30.0, token: AccessToken | None = None
) -> Submission:
    """Read `smtp://user@host:587` or `smtps://user@host:465`.

    Raises:
        SettingsError: another scheme, or no host.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise SettingsError(f"smtp url {url!r} should look like smtps://user@host:465")
    implicit_tls = parts.scheme == "smtps"
    port = parts.port or (_SMTPS_PORT if implicit_tls else _SUBMISSION_PORT)
    username = unquote(parts.username) if parts.username else None
    secret = password or (unquote(parts.password) if parts.password else None)
    return Submission(parts.hostname, port, implicit_tls, username, secret, timeout_seconds, token)


async def submit(
    server: Submission,
    envelope: Envelope,
    content: bytes,
    before: Callable[[], Awaitable[None]] = _nothing,
) -> tuple[Refusal, ...]:
    """Hand one message in; returns the recipients that were refused while others were not.

    `before` is awaited whenever the server has taken the envelope, right before the message leaves.

    A server that turns us away before it was told of a recipient may do so because it restarts, or
    because a password was changed: however it puts that, it says nothing about the message.

    Raises:
        SendError: it did not leave; permanent only if each recipient, or the message after DATA,
            was refused for good, or nobody can bring it to an address beyond ASCII.
        Deferred: it did not leave; recipients, or the message, may be taken later.
        DeliveryUnknown: the connection was lost after the message had begun to leave, or the
            answer to it could not be read.
    """
    try:
        return await _submit(server, envelope, content, before)
    except SenderDenied:
        if envelope.sender == envelope.own_address:
            raise
    plain = replace(envelope, sender=envelope.own_address)
    return await _submit(server, plain, content, before)


async def offer(server: Submission, envelope: Envelope) -> None:
    """Sign in and name an envelope as for a message, and part without one.

    Raises:
        SendError: as of `submit`.
    """
    client = _client(server)
    try:
        await _prepare(client, server, envelope)
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
    finally:
        client.close()


async def _submit(
    server: Submission, envelope: Envelope, content: bytes, before: Callable[[], Awaitable[None]]
) -> tuple[Refusal, ...]:
    client = _client(server)
    try:
        refused = await _prepare(client, server, envelope)
        await before()
        await _transmit(client, server, content)
    finally:
        client.close()
    return refused


def _client(server: Submission) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.implicit_tls,
        start_tls=server.start_tls,
        validate_certs=not server.is_here,
        timeout=server.timeout_seconds,
    )


async def _prepare(
    client: aiosmtplib.SMTP, server: Submission, envelope: Envelope
) -> tuple[Refusal, ...]:
    """Do all that comes before the message; returns the recipients that were refused."""
    try:
        await client.connect()
        await _sign_in(client, server)
        encoding = await _begin(client, envelope)
        return await _name_recipients(client, envelope.to, encoding)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise SendError(
            f"mail server {server.host} does not sign {server.username} in: {_said(error)};"
            f" {_cure(server)}",
            permanent=False,
        ) from error
    except aiosmtplib.SMTPResponseException as error:
        raise SendError(f"mail server {server.host}: {_said(error)}", permanent=False) from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        # Nothing but its words tells this from a server that went away.
        cure = "; write smtps://, or let it offer STARTTLS" if "STARTTLS" in str(error) else ""
        raise SendError(f"mail server {server.host}: {error}{cure}", permanent=False) from error


def _cure(server: Submission) -> str:
    if server.token is not None:
        return "let somebody grant access to the mailbox again"
    return (
        "check the user name in the mailbox's `smtp` and the variable that its `password_env` names"
    )


async def _sign_in(client: aiosmtplib.SMTP, server: Submission) -> None:
    if server.username is None:
        return
    if server.token is None:
        if server.password:
            await client.login(server.username, server.password)
        return
    try:
        token = await server.token.current()
    except (ChannelError, StoreUnavailable) as error:
        raise SendError(
            f"no access token for {server.username}: {error}", permanent=False
        ) from error
    try:
        await client.auth_xoauth2(server.username, token)
    except aiosmtplib.SMTPAuthenticationError:
        server.token.refused(token)
        raise


async def _begin(client: aiosmtplib.SMTP, envelope: Envelope) -> str:
    """Name the sender; returns the encoding in which addresses are written."""
    options = ["BODY=8BITMIME"] if client.supports_extension("8bitmime") else []
    if not envelope.is_ascii:
        if not client.supports_extension("smtputf8"):
            raise SendError(
                "the mail server takes no addresses beyond ASCII (SMTPUTF8)", permanent=True
            )
        options.append("SMTPUTF8")
    encoding = "ascii" if envelope.is_ascii else "utf-8"
    *tried, last = envelope.senders
    for sender in tried:
        try:
            await client.mail(sender, options=options, encoding=encoding)
        except aiosmtplib.SMTPSenderRefused as error:
            if error.code < _PERMANENT_FROM:
                raise
        else:
            return encoding
    await client.mail(last, options=options, encoding=encoding)
    return encoding


async def _name_recipients(
    client: aiosmtplib.SMTP, to: tuple[str, ...], encoding: str
) -> tuple[Refusal, ...]:
    """Name the recipients.

    Raises:
        SendError: none of them is taken. One temporary refusal is enough to try again: the others
            are refused again then.
    """
    refusals: dict[str, Refusal] = {}
    for address in to:
        try:
            await client.rcpt(address, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            refusals[address] = Refusal(address, _said(error), _is_final(error.code))
    found = tuple(refusals.values())
    if len(found) < len(set(to)):
        return found
    said = "refused by the mail server: " + "; ".join(f"{one.address}: {one.said}" for one in found)
    if all(one.permanent for one in found):
        raise SendError(said, permanent=True)
    raise Deferred(said)


def _is_final(code: int) -> bool:
    """Tell whether a recipient will never be taken; 552 there means 452 (RFC 5321 4.5.3.1.10)."""
    return _PERMANENT_FROM <= code < _BEYOND_CODES and code != _TOO_MUCH


async def _transmit(client: aiosmtplib.SMTP, server: Submission, content: bytes) -> None:
    transport = client.transport
    try:
        await _hand_over(client, server, content)
    finally:
        # What a server does not take must neither keep the socket open nor leave later.
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()


async def _hand_over(client: aiosmtplib.SMTP, server: Submission, content: bytes) -> None:
    try:
        await client.data(content)
    except aiosmtplib.SMTPResponseException as error:
        if not _TEMPORARY_FROM <= error.code < _BEYOND_CODES:
            raise DeliveryUnknown(
                f"mail server {server.host} answered to the message with {_said(error)!r}, which"
                " is neither yes nor no"
            ) from error
        said = f"refused by the mail server: {_said(error)}"
        if error.code < _PERMANENT_FROM and error.code != _CLOSING:
            raise Deferred(said) from error
        if _DENIED.search(said):
            raise SenderDenied(said) from error
        raise SendError(said, permanent=error.code != _CLOSING) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise DeliveryUnknown(
            f"mail server {server.host} was lost while the message was being handed over: {error}"
        ) from error
    # The message is taken; how the server says goodbye does not matter.
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit()


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {error.message}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
