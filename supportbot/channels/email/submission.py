"""One message to a submission server (RFC 6409), its outcome told apart step by step."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from supportbot.errors import DeliveryUnknown, SendError, SettingsError

_TEMPORARY_FROM: Final = 400
_PERMANENT_FROM: Final = 500
_BEYOND_CODES: Final = 600
_TOO_MUCH: Final = 552
_SMTPS_PORT: Final = 465
_SUBMISSION_PORT: Final = 587


@dataclass(frozen=True, slots=True)
class Submission:
    """Where replies are handed in. A password leaves only over TLS or to this very machine."""

    host: str
    port: int
    #: `smtps` speaks TLS from the first byte, `smtp` upgrades with STARTTLS.
    implicit_tls: bool
    username: str | None = None
    password: str | None = None
    timeout_seconds: float = 30.0

    @property
    def start_tls(self) -> bool | None:
        """True: required; None: taken where the server offers it."""
        if self.implicit_tls:
            return False
        return True if self.username and not _is_loopback(self.host) else None


def submission(url: str, password: str | None, timeout_seconds: float = 30.0) -> Submission:
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
    return Submission(parts.hostname, port, implicit_tls, username, secret, timeout_seconds)


async def submit(server: Submission, sender: str, to: Sequence[str], content: bytes) -> list[str]:
    """Hand one message in; returns the recipients that were refused while others were not.

    A server that turns us away before it was told of a recipient may do so because it restarts, or
    because a password was changed: however it puts that, it says nothing about the message.

    Raises:
        SendError: it did not leave; permanent only if each recipient, or the message after DATA,
            was refused for good.
        DeliveryUnknown: the connection was lost after the message had begun to leave, or the
            answer to it could not be read.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.implicit_tls,
        start_tls=server.start_tls,
        timeout=server.timeout_seconds,
    )
    try:
        refused = await _prepare(client, server, sender, to)
        await _transmit(client, server, content)
    finally:
        client.close()
    return refused


async def _prepare(
    client: aiosmtplib.SMTP, server: Submission, sender: str, to: Sequence[str]
) -> list[str]:
    """Do all that comes before the message; returns the recipients that were refused."""
    try:
        await client.connect()
        if server.username and server.password:
            await client.login(server.username, server.password)
        await client.mail(
            sender, options=["BODY=8BITMIME"] if client.supports_extension("8bitmime") else []
        )
        return await _offer(client, to)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise SendError(
            f"mail server {server.host} refused to sign {server.username} in: {_said(error)}; check"
            " the user name in the mailbox's `smtp` and the variable that its `password_env` names",
            permanent=False,
        ) from error
    except aiosmtplib.SMTPResponseException as error:
        raise SendError(f"mail server {server.host}: {_said(error)}", permanent=False) from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise SendError(f"mail server {server.host}: {error}", permanent=False) from error


async def _offer(client: aiosmtplib.SMTP, to: Sequence[str]) -> list[str]:
    """Name the recipients.

    Raises:
        SendError: none of them is taken. One temporary refusal is enough to try again: the others
            are refused again then.
    """
    refusals: dict[str, aiosmtplib.SMTPRecipientRefused] = {}
    for address in to:
        try:
            await client.rcpt(address)
        except aiosmtplib.SMTPRecipientRefused as error:
            refusals[address] = error
    if len(refusals) == len(set(to)):
        raise SendError(
            "refused by the mail server: "
            + "; ".join(f"{address}: {_said(error)}" for address, error in refusals.items()),
            permanent=all(_is_final(error.code) for error in refusals.values()),
        )
    return list(refusals)


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
        permanent = error.code >= _PERMANENT_FROM
        raise SendError(
            f"refused by the mail server: {_said(error)}", permanent=permanent
        ) from error
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
