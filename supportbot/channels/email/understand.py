"""A stored inbound row to what it means: pure, so that it can be read again at any time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from supportbot.channels.email import identity
from supportbot.channels.email.disposition import Evidence, judge, without_plus
from supportbot.channels.email.mail import Address, Limits, Mail
from supportbot.channels.email.parse import parse_mail
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
    #: All addresses of all mailboxes, lower case, without plus-parts; ours included.
    own_addresses: frozenset[str]
    secret: bytes
    limits: Limits


def understand(inbound: Inbound, mailbox: Mailbox) -> CustomerMessage:
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
    mail = parse_mail(inbound.raw, inbound.received_at, mailbox.limits)
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


def thread_keys(mail: Mail, raw: bytes) -> tuple[str, ...]:
    """Name the thread: parents by trust, the mail's own name last so that it never wins.

    A report's first parent is the mail that it returns.
    """
    parents = [*mail.returned.message_ids, *mail.in_reply_to, *reversed(mail.references)]
    keys = list(dict.fromkeys(f"mid:{parent}" for parent in parents))[:_MAX_PARENTS]
    own = own_key(mail, raw)
    return (*(key for key in keys if key != own), own)


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
    return CustomerMessage(
        sender=Sender(sender.address.lower(), sender.name, account_of(sender)),
        text=text,
        thread_keys=thread_keys(mail, inbound.raw),
        target=_target(mail, sender, inbound, mailbox),
        subject=mail.subject,
        product=mailbox.product,
        disposition=disposition,
        sent_at=mail.date,
        attachments=tuple(
            Attached(file.filename, file.content_type, file.content) for file in mail.files
        ),
    )


def _target(mail: Mail, sender: Address, inbound: Inbound, mailbox: Mailbox) -> dict[str, str]:
    """Say where a reply goes: to Reply-To if it names one stranger, from the address written to."""
    to = sender.address
    wished = [one for one in mail.reply_to if one.address]
    if len(wished) == 1 and without_plus(wished[0].address) not in mailbox.own_addresses:
        to = wished[0].address
    return {
        "to": to,
        "from": _addressed(mail, inbound, mailbox),
        "subject": mail.subject or "",
        "in_reply_to": mail.message_id or "",
        "references": " ".join(mail.references),
    }


def _addressed(mail: Mail, inbound: Inbound, mailbox: Mailbox) -> str:
    """Return which of the mailbox's addresses the customer wrote to."""
    ours = {name.lower(): name for name in (mailbox.address, *mailbox.aliases)}
    written = [one.address for one in (*mail.to, *mail.cc)]
    written += [*inbound.meta.get("rcpt", "").split(","), *mail.values("delivered-to")]
    found = [ours[name] for one in written if (name := without_plus(one.strip())) in ours]
    return found[0] if found else mailbox.address
