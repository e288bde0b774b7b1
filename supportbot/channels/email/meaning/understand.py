"""A stored inbound row to what it means: pure, so that it can be read again at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from supportbot.channels.email import identity
from supportbot.channels.email.authenticity.judge import Trust, authenticity
from supportbot.channels.email.meaning import addressees, threads
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.meaning.disposition import Evidence, judge
from supportbot.channels.email.meaning.domains import FREEMAIL
from supportbot.channels.email.meaning.forwards import is_forward
from supportbot.channels.email.meaning.reporting import report_of
from supportbot.channels.email.meaning.said import said_now
from supportbot.channels.email.reading.mail import Address, Limits, Mail
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.errors import EmptyBody, TooLarge, Unparsable
from supportbot.model.inbound import (
    Attached,
    Correspondence,
    CustomerMessage,
    Disposition,
    DispositionKind,
    Inbound,
    Sender,
)

NO_SENDER: Final = Address("", "<>")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What parsing needs to know of the mailbox that a mail came to."""

    address: str
    home: Home
    #: All addresses of all mailboxes, as `belongs` takes them; this one's included.
    homes: Mapping[str, Home]
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
        own_addresses=frozenset(mailbox.homes),
        signed_by_us=any(identity.is_ours(mark, mailbox.secret) for mark in marks),
        before_cut_over=inbound.meta.get("observed") == "1",
    )


def account_of(address: Address) -> str | None:
    """Name the company behind an address; None for providers of private mailboxes."""
    if not address.domain or address.domain in FREEMAIL:
        return None
    return f"mail:{address.domain}"


def _words(mail: Mail) -> str:
    return said_now(mail) or (mail.subject or "").strip()


def _message(
    mail: Mail, disposition: Disposition, text: str, inbound: Inbound, mailbox: Mailbox
) -> CustomerMessage:
    sender, homes = mail.sender or NO_SENDER, mailbox.homes
    home = addressees.home_named(mail, homes)
    # What a machine returns or reports belongs where it came from.
    forward = disposition.kind is DispositionKind.HUMAN and is_forward(mail)
    known = authenticity(mail, inbound.raw, inbound.meta, mailbox.trust)
    parents = threads.parents(mail, inbound, mailbox.address, mailbox.secret)
    returned_to = threads.returned_to(mail, inbound, mailbox.address, mailbox.secret)
    own = threads.own_key(mail, inbound.raw)
    return CustomerMessage(
        sender=Sender(sender.address.lower(), sender.name, account_of(sender)),
        text=text,
        # Its own name stands last, so that it never wins.
        thread_keys=(own,) if forward else (*parents, own),
        target=_target(
            mail,
            addressees.answer_to(mail, sender, homes, verified=known.verified),
            home or mailbox.home,
            inbound,
            homes,
        ),
        subject=threads.without_tag(mail.subject),
        product=(home or mailbox.home).product,
        disposition=disposition,
        sent_at=mail.date,
        attachments=tuple(
            Attached(file.filename, file.content_type, file.content) for file in mail.files
        ),
        authenticity=known,
        report=report_of(mail, disposition.kind, returned_to, mailbox.secret),
        correspondence=Correspondence(
            copy=threads.content_key(inbound.raw),
            home=home.channel if home else None,
            forward=forward,
            beside=parents if forward else (),
            tag=threads.tag_of(mail.subject),
            others=addressees.others(mail, sender, homes),
            outsiders=addressees.outsiders(mail, sender, homes),
        ),
    )


def _target(
    mail: Mail, to: str, home: Home, inbound: Inbound, homes: Mapping[str, Home]
) -> dict[str, str]:
    """Say where a reply goes, and from which address of its home; empty: from the mailbox's own."""
    target = {
        "to": to,
        "from": addressees.addressed(mail, inbound, homes, home),
        "subject": mail.subject or "",
        "in_reply_to": mail.message_id or "",
        "references": " ".join(_ancestors(mail)),
    }
    if home.keeps_copies:
        target["cc"] = " ".join(addressees.copies(mail, to, homes))
    return target


def _ancestors(mail: Mail) -> tuple[str, ...]:
    """Return the ids that stand before the mail's own in an answer (RFC 5322 3.6.4)."""
    alone = mail.in_reply_to if len(mail.in_reply_to) == 1 else ()
    return mail.references or alone
