"""A stored inbound row to what it means: pure, so that it can be read again at any time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from supportbot.channels.email import identity
from supportbot.channels.email.addresses import id_domain, parse_addresses
from supportbot.channels.email.authenticity.judge import Trust, authenticity
from supportbot.channels.email.disposition import Evidence, belongs, judge, without_plus
from supportbot.channels.email.mail import Address, Limits, Mail
from supportbot.channels.email.parse import parse_mail
from supportbot.channels.email.reporting import report_of
from supportbot.channels.email.said import said_now
from supportbot.errors import EmptyBody, TooLarge, Unparsable
from supportbot.model.inbound import (
    Attached,
    CustomerMessage,
    Disposition,
    DispositionKind,
    Inbound,
    Sender,
)

_MAX_PARENTS: Final = 50
#: Headers in which mail servers leave the recipient of the envelope.
_TRACES: Final = ("delivered-to", "x-original-to", "envelope-to")
#: Companies behind these domains are not the customer's company.
_FREEMAIL: Final = frozenset({
    "aol.com", "fastmail.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net",
    "googlemail.com", "hotmail.com", "hotmail.de", "hotmail.fr", "icloud.com", "laposte.net",
    "libero.it", "live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com",
    "orange.fr", "outlook.com", "outlook.de", "pm.me", "posteo.de", "proton.me",
    "protonmail.com", "qq.com", "t-online.de", "tutanota.com", "wanadoo.fr", "web.de", "wp.pl",
    "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.ru", "ymail.com",
    "zoho.com", "126.com", "163.com", "freenet.de", "seznam.cz",
})  # fmt: skip
NO_SENDER: Final = Address("", "<>")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What parsing needs to know of the mailbox that a mail came to."""

    address: str
    product: str | None
    #: Further addresses of this mailbox.
    aliases: tuple[str, ...]
    #: All addresses of all mailboxes, as `belongs` takes them; ours included.
    own_addresses: frozenset[str]
    secret: bytes
    limits: Limits
    #: Who may tell whether senders are who they say.
    trust: Trust = field(default_factory=Trust)


#: Raw bytes, when they came, and what is refused of them.
Read = Callable[[bytes, datetime, Limits], Mail]


def understand(inbound: Inbound, mailbox: Mailbox, read: Read = parse_mail) -> CustomerMessage:
    """Read a mail; machine mail is a message too, its disposition says what it is.

    Raises:
        Unparsable: not a mail, or a person's mail without one valid author.
        TooLarge: beyond the limits; the raw bytes are kept.
        EmptyBody: no text, no subject, no attachment.
    """
    if inbound.meta.get("too_large"):
        raise TooLarge("the mail is larger than the limit; it stays in the mailbox")
    if inbound.meta.get("withheld"):
        raise Unparsable("the mail server does not give this mail out; it stays in the mailbox")
    mail = read(inbound.raw, inbound.received_at, mailbox.limits)
    if mail.unreadable in {"too_large", "too_complex"}:
        raise TooLarge(f"the mail is beyond the limits of the parser: {mail.unreadable}")
    if mail.unreadable:
        raise Unparsable(f"the mail cannot be read: {mail.unreadable}")
    disposition = judge(evidence(mail, inbound, mailbox))
    if mail.sender is None and disposition.kind is DispositionKind.HUMAN:
        raise Unparsable("the mail has no single valid From address")
    text = _words(mail)
    if not text and not mail.files and disposition.kind is DispositionKind.HUMAN:
        raise EmptyBody("the mail has no text, no subject and no attachment")
    return _message(mail, disposition, text, inbound, mailbox)


def evidence(mail: Mail, inbound: Inbound, mailbox: Mailbox) -> Evidence:
    """Collect what the rules of `disposition` look at."""
    marks = [mail.message_id or "", *mail.values(identity.LOOP_HEADER)]
    return Evidence(
        mail=mail,
        mail_from=inbound.meta.get("mail_from"),
        own_addresses=mailbox.own_addresses,
        signed_by_us=any(identity.is_ours(mark, mailbox.secret) for mark in marks),
        before_cut_over=inbound.meta.get("observed") == "1",
    )


def thread_keys(mail: Mail, inbound: Inbound, mailbox: Mailbox) -> tuple[str, ...]:
    """Name the thread: by trust, the mail's own name last so that it never wins.

    What we signed comes first: the ticket of the reply address, then the delivery whose return
    path a report was sent to. A report's first parent is the mail that it returns.
    """
    tickets, deliveries = _signed(mail, inbound, mailbox)
    parents = [*mail.returned.message_ids, *mail.in_reply_to, *reversed(mail.references)]
    named = [*tickets, *(f"mid:{one}" for one in (*deliveries, *parents))]
    keys = list(dict.fromkeys(named))[:_MAX_PARENTS]
    own = own_key(mail, inbound.raw)
    return (*(key for key in keys if key != own), own)


def _signed(mail: Mail, inbound: Inbound, mailbox: Mailbox) -> tuple[list[str], list[str]]:
    """Return thread keys of tickets, and Message-IDs of deliveries, that the mail was sent to."""
    to = _written_to(mail, inbound)
    domain, secret = id_domain(mailbox.address), mailbox.secret
    tickets = [key for one in to if (key := identity.ticket_of(one, secret))]
    digests = [name for one in to if (name := identity.delivery_of(one, secret))]
    return tickets, [identity.message_id_of(one, domain, secret) for one in digests]


def _written_to(mail: Mail, inbound: Inbound) -> list[str]:
    """List the addresses that the mail was sent to, the envelope's first."""
    envelope = [one.strip() for one in inbound.meta.get("rcpt", "").split(",")]
    traces = [one for name in _TRACES for one in mail.values(name)]
    named = [one.address for value in traces for one in parse_addresses(value)]
    return [*envelope, *named, *(one.address for one in (*mail.to, *mail.cc))]


def own_key(mail: Mail, raw: bytes) -> str:
    """Name the mail itself: by its id, or by its content where it has none."""
    if mail.message_id:
        return f"mid:{mail.message_id}"
    return f"raw:{hashlib.sha256(raw).hexdigest()}"


def account_of(address: Address) -> str | None:
    """Name the company behind an address; None for providers of private mailboxes."""
    if not address.domain or address.domain in _FREEMAIL:
        return None
    return f"mail:{address.domain}"


def _words(mail: Mail) -> str:
    return said_now(mail) or (mail.subject or "").strip()


def _message(
    mail: Mail, disposition: Disposition, text: str, inbound: Inbound, mailbox: Mailbox
) -> CustomerMessage:
    sender = mail.sender or NO_SENDER
    _, returned_to = _signed(mail, inbound, mailbox)
    return CustomerMessage(
        sender=Sender(sender.address.lower(), sender.name, account_of(sender)),
        text=text,
        thread_keys=thread_keys(mail, inbound, mailbox),
        target=_target(mail, sender, inbound, mailbox),
        subject=mail.subject,
        product=mailbox.product,
        disposition=disposition,
        sent_at=mail.date,
        attachments=tuple(
            Attached(file.filename, file.content_type, file.content) for file in mail.files
        ),
        authenticity=authenticity(mail, inbound.raw, inbound.meta, mailbox.trust),
        report=report_of(mail, disposition.kind, returned_to, mailbox.secret),
    )


def _target(mail: Mail, sender: Address, inbound: Inbound, mailbox: Mailbox) -> dict[str, str]:
    """Say where a reply goes: to Reply-To if it names one stranger, from the address written to."""
    to = sender.address
    wished = [one for one in mail.reply_to if one.address]
    if len(wished) == 1 and not belongs(wished[0].address, mailbox.own_addresses):
        to = wished[0].address
    return {
        "to": to,
        "from": _addressed(mail, inbound, mailbox),
        "subject": mail.subject or "",
        "in_reply_to": mail.message_id or "",
        "references": " ".join(_ancestors(mail)),
    }


def _ancestors(mail: Mail) -> tuple[str, ...]:
    """Return the ids that stand before the mail's own in an answer (RFC 5322 3.6.4)."""
    alone = mail.in_reply_to if len(mail.in_reply_to) == 1 else ()
    return mail.references or alone


def _addressed(mail: Mail, inbound: Inbound, mailbox: Mailbox) -> str:
    """Return which of the mailbox's addresses the customer wrote to."""
    ours = {name.lower(): name for name in (mailbox.address, *mailbox.aliases)}
    written = [one.address for one in (*mail.to, *mail.cc)] + _written_to(mail, inbound)
    found = [ours[name] for one in written if (name := without_plus(one)) in ours]
    return found[0] if found else mailbox.address
