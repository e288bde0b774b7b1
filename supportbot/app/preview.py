"""What the bot would answer to the mails that lie in a mailbox, in a store that is thrown away.

Nothing is sent, no mail is marked, and no tool writes: all products are in shadow mode.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supportbot.app.house import House, answering, now
from supportbot.app.mail_ways import mail_homes, mailbox_config
from supportbot.channels.email.arriving.imap import Fetched
from supportbot.channels.email.channel import EmailChannel, EmailConfig, mail_token
from supportbot.channels.email.preview import PreviewChannel, recent_mails
from supportbot.errors import InboundRefused, NotFoundError
from supportbot.model.catalog import Mode
from supportbot.model.inbound import DispositionKind, Inbound
from supportbot.settings.secret import installation_secret
from supportbot.settings.tree import Settings
from supportbot.store import drafts, tickets
from supportbot.store import inbound as inbounds
from supportbot.store.database import Database


@dataclass(frozen=True, slots=True)
class Previewed:
    """One mail and what would come of it."""

    at: datetime
    sender: str
    subject: str
    #: `answer`, `a person`, `no answer`, `machine mail` or `refused`.
    outcome: str
    #: The rules that forbid an answer, why it is none, or why people would get it.
    reasons: tuple[str, ...] = ()
    answer: str = ""


async def preview(
    settings: Settings,
    address: str | None,
    days: float,
    most: int,
    tell: Callable[[Previewed], None],
) -> None:
    """Read a mailbox's newest mails and tell of each as if it came now, the oldest first.

    Raises:
        NotFoundError: there is no such mailbox.
        SettingsError, ChannelError: it cannot be read.
    """
    config = _config(settings, address)
    token = mail_token(f"email:{config.address}", config, None, now)
    mails = await recent_mails(config, token, now() - timedelta(days=days), most)
    with tempfile.TemporaryDirectory(prefix="supportbot-preview-") as folder:
        url = f"sqlite:///{folder}/preview.db"
        db = Database(url)
        # Without ways in and out: it only understands.
        box = EmailChannel(replace(config, imap=None, smtp=None, outbox=None), db, now)
        channel = PreviewChannel(config.address, box.parse)
        try:
            async with answering(_trial(settings, url), channel, mode=Mode.SHADOW) as house:
                for mail in mails:
                    tell(await _one(house, channel, mail))
        finally:
            await db.aclose()


def _config(settings: Settings, address: str | None) -> EmailConfig:
    boxes = settings.email.mailboxes
    found = [box for box in boxes if address is None or box.address == address.lower()]
    if len(found) != 1:
        known = ", ".join(box.address for box in boxes) or "none"
        asked = f"there is no mailbox {address}" if address else "name one mailbox by --mailbox"
        raise NotFoundError(f"{asked}; there are: {known}")
    secret = installation_secret(settings).get_secret_value()
    return mailbox_config(settings, found[0], secret, mail_homes(boxes))


def _trial(settings: Settings, url: str) -> Settings:
    """Let every mail be answered at once, however many there are."""
    tickets_at_once = settings.tickets.model_copy(
        update={"quiet_seconds": 0.0, "customer_messages_per_minute": 1_000_000}
    )
    database = settings.database.model_copy(update={"url": url})
    return settings.model_copy(update={"database": database, "tickets": tickets_at_once})


async def _one(house: House, channel: PreviewChannel, mail: Fetched) -> Previewed:
    inbound = channel.inbound(mail)
    at = inbound.received_at
    try:
        heard = channel.parse(inbound)
    except InboundRefused as refused:
        return Previewed(at, "", "", "refused", (str(refused),))
    sender, subject = heard.sender.external_id, heard.subject or ""
    told = Previewed(at, sender, subject, "no answer", heard.disposition.reasons)
    if heard.disposition.kind is not DispositionKind.HUMAN:
        return replace(told, outcome="machine mail")
    if not heard.disposition.reply_allowed:
        return told
    await house.intake.accept(inbound)
    await house.backlog.drain()
    return await _answered(house, inbound, told)


async def _answered(house: House, inbound: Inbound, told: Previewed) -> Previewed:
    channel_id, db = house.wiring.channels[inbound.channel].id, house.wiring.db
    async with db.reading() as work:
        came = await inbounds.find_by_keys(work, channel_id, inbound.keys)
        if came is None or came.ticket is None:
            return replace(told, outcome="refused", reasons=(came.reason or "",) if came else ())
        ticket = await tickets.by_public_id(work, came.ticket)
    await house.settle(ticket.id)
    async with db.reading() as work:
        made = await drafts.of_ticket(work, ticket.id)
    if not made or made[-1].upto_seq < ticket.asked_seq:
        return replace(told, reasons=("the turn failed; the log says why",))
    if made[-1].text:
        return replace(told, outcome="answer", answer=made[-1].text)
    why = (made[-1].reason or "").removeprefix("handoff:")
    return replace(told, outcome="a person", reasons=(why,))
