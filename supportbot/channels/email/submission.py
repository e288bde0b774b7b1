"""One message to a submission server (RFC 6409), its outcome told apart step by step."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from supportbot.errors import DeliveryUnknown, SendError, SettingsError

_PERMANENT_FROM: Final = 500
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

    Raises:
        SendError: it did not leave; permanent if the server said so for every recipient.
        DeliveryUnknown: the connection was lost after the message had begun to leave.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.implicit_tls,
        start_tls=server.start_tls,
        timeout=server.timeout_seconds,
    )
    try:
        await client.connect()
        if server.username and server.password:
            await client.login(server.username, server.password)
        await client.mail(
            sender, options=["BODY=8BITMIME"] if client.supports_extension("8bitmime") else []
        )
        refused = await _offer(client, to)
    except aiosmtplib.SMTPResponseException as error:
        client.close()
        raise _refusal(error.code, error.message) from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        raise SendError(f"mail server {server.host}: {error}", permanent=False) from error
    await _transmit(client, server, content)
    return refused


async def _offer(client: aiosmtplib.SMTP, to: Sequence[str]) -> list[str]:
    """Name the recipients; raises only if none of them is taken."""
    refusals: list[tuple[str, int, str]] = []
    for address in to:
        try:
            await client.rcpt(address)
        except aiosmtplib.SMTPRecipientRefused as error:
            refusals.append((address, error.code, error.message))
    if len(refusals) == len(to):
        # One temporary refusal is enough to try again: the others are refused again then.
        code = min((code for _, code, _ in refusals), default=_PERMANENT_FROM)
        raise aiosmtplib.SMTPResponseException(
            code, "; ".join(f"{address}: {code} {text}" for address, code, text in refusals)
        )
    return [address for address, _, _ in refusals]


async def _transmit(client: aiosmtplib.SMTP, server: Submission, content: bytes) -> None:
    try:
        await client.data(content)
    except aiosmtplib.SMTPResponseException as error:
        client.close()
        raise _refusal(error.code, error.message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        raise DeliveryUnknown(
            f"mail server {server.host} was lost while the message was being handed over: {error}"
        ) from error
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()  # the message is taken; how the server says goodbye does not matter


def _refusal(code: int, message: str) -> SendError:
    permanent = code >= _PERMANENT_FROM
    return SendError(f"refused by the mail server: {code} {message}", permanent=permanent)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
