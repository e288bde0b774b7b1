"""A mailbox that is only looked at: its mails are read and understood, and nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from supportbot.channels.base import Accept
from supportbot.channels.email.arriving.imap import Fetched, ImapConnection, MailRefused
from supportbot.channels.email.arriving.receiver import Secret
from supportbot.channels.email.channel import EmailConfig, mail_server
from supportbot.channels.email.connecting.oauth import AccessToken
from supportbot.channels.email.meaning.threads import content_key
from supportbot.errors import SettingsError
from supportbot.model.delivery import Delivery, Receipt
from supportbot.model.inbound import CustomerMessage, Inbound

_LOOKS_ONLY: Final = "preview"


async def recent_mails(
    config: EmailConfig, token: AccessToken | None, since: datetime, most: int
) -> list[Fetched]:
    """Read the newest mails of a mailbox since then, the oldest first; none is marked as seen.

    Raises:
        SettingsError: the mailbox is fed by the listener only.
        ChannelError: it cannot be reached, or refuses us or a folder.
    """
    server = mail_server(config)
    if server is None:
        raise SettingsError(f"{config.address} has no `imap`: there is no mailbox to look into")
    connection = ImapConnection(server, config.limits.max_bytes)
    found: list[Fetched] = []
    try:
        await Secret(config.imap_password or "", token).sign_in(connection)
        for folder in server.folders:
            await connection.select(folder, look_only=True)
            found += await _of_folder(connection, since, most)
    finally:
        await connection.aclose()
    return sorted(found, key=lambda mail: mail.internal_date)[-most:]


async def _of_folder(connection: ImapConnection, since: datetime, most: int) -> list[Fetched]:
    first = await connection.first_since(since.date())
    uids: list[int] = []
    while first is not None and (
        more := await connection.new_uids(uids[-1] if uids else first - 1)
    ):
        uids += more
    found: list[Fetched] = []
    for uid in uids[-most:]:
        try:
            mail = await connection.fetch(uid)
        except MailRefused:
            continue
        if mail is not None and mail.internal_date >= since and not mail.too_large:
            found.append(mail)
    return found


class PreviewChannel:
    """Understands mails as a mailbox does; what is sent by it leaves nowhere."""

    kind = _LOOKS_ONLY

    def __init__(self, address: str, parse: Callable[[Inbound], CustomerMessage]) -> None:
        self.key = f"{_LOOKS_ONLY}:{address}"
        self._parse = parse

    def inbound(self, mail: Fetched) -> Inbound:
        """Make of a mail what arrives."""
        keys = (content_key(mail.raw),)
        at = mail.internal_date.astimezone(UTC)
        return Inbound(self.key, keys, mail.raw, {}, at, deferred=True)

    async def run(self, accept: Accept) -> None:  # noqa: ARG002 - nothing comes by itself
        """Wait until cancelled."""
        await asyncio.Event().wait()

    def parse(self, inbound: Inbound) -> CustomerMessage:
        """Understand a mail."""
        return self._parse(inbound)

    async def send(self, delivery: Delivery) -> Receipt:
        """Send nothing."""
        return Receipt(f"{self.key}:{delivery.key}")

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Say that nothing was sent."""
        del delivery
        return None
