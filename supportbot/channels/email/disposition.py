"""Whom not to answer: ordered, named rules over a mail and its envelope.

Every rule that hits is recorded. The first one with a kind decides what the mail is; any hit at
all forbids an automatic reply (in doubt, be silent), and the mail is still taken in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from supportbot.channels.email import signs
from supportbot.channels.email.bounce import ARRIVED, recipients
from supportbot.channels.email.mail import Mail
from supportbot.channels.email.structure import STATUS_TYPES
from supportbot.model.inbound import Disposition, DispositionKind

_TEXT_CHARS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules look at."""

    mail: Mail
    #: MAIL FROM where a mail server told it: empty = null; None = unknown, see Return-Path.
    mail_from: str | None = None
    #: All addresses of all our mailboxes, lower case, without plus-parts.
    own_addresses: frozenset[str] = frozenset()
    #: Its Message-ID or loop header carries our signature.
    signed_by_us: bool = False
    #: It is older than the mailbox's first connection.
    before_cut_over: bool = False

    @property
    def subject(self) -> str:
        """The subject, or an empty string."""
        return self.mail.subject or ""

    @property
    def local(self) -> str:
        """The local part of the author's address, or what stands in its place."""
        for author in self.mail.authors:
            return author.local or author.name.strip("<> ").lower()
        return ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason not to answer."""

    name: str
    description: str
    #: What the mail is then; None = a weak sign: no reply, but it stays a person's mail.
    kind: DispositionKind | None
    hits: Callable[[Evidence], bool]


def judge(evidence: Evidence) -> Disposition:
    """Apply all rules in order."""
    hits = [rule for rule in RULES if rule.hits(evidence)]
    kinds = [rule.kind for rule in hits if rule.kind is not None]
    return Disposition(
        kind=kinds[0] if kinds else DispositionKind.HUMAN,
        reply_allowed=not hits,
        reasons=tuple(rule.name for rule in hits),
    )


def without_plus(address: str) -> str:
    """Return the address in lower case without its plus-part."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _own_sender(evidence: Evidence) -> bool:
    return any(
        without_plus(author.address) in evidence.own_addresses
        for author in evidence.mail.authors
        if author.address
    )


def _feedback(evidence: Evidence) -> bool:
    mail = evidence.mail
    if mail.report_type == "feedback-report" or "message/feedback-report" in mail.parts:
        return True
    if signs.FEEDBACK_TEXT.search(mail.text[:_TEXT_CHARS]):
        return _no_person(evidence) or bool(signs.FEEDBACK_SUBJECT.search(evidence.subject))
    # Some providers send the complaint as prose with the mail complained about attached.
    attached = "message/rfc822" in mail.parts
    return attached and bool(signs.FEEDBACK_SUBJECT.match(evidence.subject))


def _read_receipt(evidence: Evidence) -> bool:
    mail = evidence.mail
    receipt = "message/disposition-notification"
    return mail.report_type == "disposition-notification" or receipt in mail.parts


def _arrived(evidence: Evidence) -> bool:
    found = recipients(evidence.mail) if evidence.mail.returned.groups else ()
    return bool(found) and all(one.action in ARRIVED for one in found)


def _delivery_report(evidence: Evidence) -> bool:
    mail = evidence.mail
    if any(kind in STATUS_TYPES for kind in mail.parts) or mail.report_type == "delivery-status":
        return True
    return mail.content_type == "multipart/report" and not mail.report_type


def _daemon(evidence: Evidence) -> bool:
    if signs.DAEMON_LOCAL.fullmatch(evidence.local.partition("@")[0]):
        return True
    names = (author.name.lower() for author in evidence.mail.authors)
    unsigned = evidence.mail.sender is None
    return (unsigned or _null_path(evidence)) and any(map(signs.DAEMON_NAME.search, names))


def _bounce_header(evidence: Evidence) -> bool:
    return any(evidence.mail.values(name) for name in signs.BOUNCE_HEADERS)


def _bounce_words(evidence: Evidence) -> bool:
    """Subject and text of a report; either needs a second sign that no person wrote."""
    subject = bool(signs.BOUNCE_SUBJECT.search(evidence.subject[:300]))
    text = bool(signs.BOUNCE_TEXT.search(evidence.mail.text[:_TEXT_CHARS]))
    returned = bool(evidence.mail.returned.message_ids) and evidence.mail.text.strip() == ""
    machine = _no_person(evidence)
    return (machine and (subject or text or returned)) or (subject and _list_owner(evidence))


def _list_owner(evidence: Evidence) -> bool:
    return evidence.local.endswith(("-admin", "-owner", "-request", "-bounces", "_master"))


def _no_person(evidence: Evidence) -> bool:
    return _null_path(evidence) or _no_reply(evidence) or _auto_submitted(evidence)


def _auto_submitted(evidence: Evidence) -> bool:
    value = evidence.mail.header("auto-submitted").partition(";")[0].split(" ")[0].lower()
    return value not in {"", "no"}


def _auto_header(evidence: Evidence) -> bool:
    return any(
        re.match(pattern, value.strip(), re.IGNORECASE)
        for name, pattern in signs.AUTO_HEADERS.items()
        for value in evidence.mail.values(name)
    )


def _null_path(evidence: Evidence) -> bool:
    if evidence.mail_from is not None:
        return evidence.mail_from.strip("<> ") == ""
    path = evidence.mail.header("return-path").strip()
    return path.startswith("<") and path[1:].strip("<> ") == ""


def _precedence(evidence: Evidence) -> bool:
    tokens = {
        token
        for name in ("precedence", "x-precedence")
        for value in evidence.mail.values(name)
        for token in re.findall(r"[a-z_]+", value[:100].lower())
    }
    return bool(tokens & {"bulk", "junk", "list"})


def _list(evidence: Evidence) -> bool:
    names = ("list-id", "list-unsubscribe", "list-post", "feedback-id", "x-ml-info", "x-mlserver")
    return any(evidence.mail.values(name) for name in names)


def _no_reply(evidence: Evidence) -> bool:
    local = evidence.local.partition("@")[0][:100]
    return local in signs.ROLE_LOCAL or bool(signs.NO_REPLY_LOCAL.fullmatch(local))


def _suppressed(evidence: Evidence) -> bool:
    value = evidence.mail.header("x-auto-response-suppress")[:200].lower()
    return bool(set(re.findall(r"\w+", value)) & {"all", "oof", "autoreply"})


def _auto_subject(evidence: Evidence) -> bool:
    return bool(signs.AUTO_SUBJECT.match(evidence.subject[:300]))


def _auto_subject_confirmed(evidence: Evidence) -> bool:
    confirmed = _suppressed(evidence) or _no_reply(evidence) or _precedence(evidence)
    return _auto_subject(evidence) and confirmed


#: Read it aloud: what comes first wins the kind.
RULES: Final = (
    Rule(
        "unreadable",
        "it could not be read",
        DispositionKind.UNREADABLE,
        lambda e: e.mail.unreadable is not None,
    ),
    Rule(
        "signed_by_us",
        "our own message came back",
        DispositionKind.OWN,
        lambda e: e.signed_by_us,
    ),
    Rule("own_address", "it comes from one of our addresses", DispositionKind.OWN, _own_sender),
    Rule("feedback_report", "an abuse report (RFC 5965)", DispositionKind.FEEDBACK, _feedback),
    Rule("read_receipt", "a read receipt (RFC 8098)", DispositionKind.MDN, _read_receipt),
    Rule("delivered_report", "a report of success (RFC 3464)", DispositionKind.MDN, _arrived),
    Rule(
        "delivery_report",
        "a report of failure or delay (RFC 3464)",
        DispositionKind.BOUNCE,
        _delivery_report,
    ),
    Rule("daemon_sender", "a mail system wrote it", DispositionKind.BOUNCE, _daemon),
    Rule("bounce_header", "a header of a failure report", DispositionKind.BOUNCE, _bounce_header),
    Rule("bounce_words", "reads like a failure report", DispositionKind.BOUNCE, _bounce_words),
    Rule(
        "auto_submitted",
        "Auto-Submitted says so (RFC 3834)",
        DispositionKind.AUTO_REPLY,
        _auto_submitted,
    ),
    Rule("auto_header", "a vendor's automatic header", DispositionKind.AUTO_REPLY, _auto_header),
    Rule(
        "auto_subject_confirmed",
        "an automatic subject beside another sign",
        DispositionKind.AUTO_REPLY,
        _auto_subject_confirmed,
    ),
    Rule("null_return_path", "MAIL FROM is empty", DispositionKind.AUTO_REPLY, _null_path),
    Rule("precedence", "Precedence bulk, junk or list", DispositionKind.LIST, _precedence),
    Rule("list_header", "a list or a newsletter", DispositionKind.LIST, _list),
    Rule("auto_subject", "an automatic subject alone", None, _auto_subject),
    Rule("suppress_requested", "the sender asks for no automatic reply", None, _suppressed),
    Rule("no_reply_sender", "nobody reads answers there", None, _no_reply),
    Rule("no_sender", "no single valid author", None, lambda e: e.mail.sender is None),
    Rule(
        "before_cut_over",
        "older than the mailbox's first connection",
        None,
        lambda e: e.before_cut_over,
    ),
)
