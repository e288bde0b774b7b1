"""Whom not to answer: ordered, named rules over a mail and its envelope.

Every rule that hits is recorded. The first one with a kind decides what the mail is; any hit at
all forbids an automatic reply (in doubt, be silent), and the mail is still taken in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from supportbot.channels.email.meaning import signs
from supportbot.channels.email.meaning.auto_subjects import is_automatic
from supportbot.channels.email.meaning.bounce import ARRIVED, recipients
from supportbot.channels.email.reading.mail import Mail
from supportbot.channels.email.reading.structure import STATUS_TYPES
from supportbot.model.inbound import Disposition, DispositionKind

_TEXT_CHARS: Final = 3_000
_SUBJECT_CHARS: Final = 300
_PATH_CHARS: Final = 320


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules look at."""

    mail: Mail
    #: MAIL FROM where a mail server told it: empty = null; None = unknown, see Return-Path.
    mail_from: str | None = None
    #: All addresses of all our mailboxes, as `belongs` takes them.
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


def belongs(address: str, own: Collection[str]) -> bool:
    """Tell whether an address is one of these (lower case, no plus-parts); `*@domain` is all."""
    name = without_plus(address)
    return name in own or f"*@{name.rpartition('@')[2]}" in own


def _forwarded_by_hand(evidence: Evidence) -> bool:
    """Tell whether a person passes a report on: `Fwd: Undelivered mail`, and nothing automatic."""
    hand = signs.BY_HAND.match(evidence.subject) is not None
    return hand and evidence.mail.sender is not None and not _no_person(evidence)


def _own_sender(evidence: Evidence) -> bool:
    return any(
        belongs(author.address, evidence.own_addresses)
        for author in evidence.mail.authors
        if author.address
    )


def _feedback(evidence: Evidence) -> bool:
    mail, subject = evidence.mail, evidence.subject[:_SUBJECT_CHARS]
    if mail.report_type == "feedback-report" or signs.DMARC_SUBJECT.match(subject):
        return True
    if "message/feedback-report" in mail.parts:
        return not _forwarded_by_hand(evidence)
    complains = signs.FEEDBACK_SUBJECT.search(subject)
    official = _no_person(evidence) or signs.FEEDBACK_LOCAL.fullmatch(evidence.local)
    if signs.FEEDBACK_TEXT.search(mail.text[:_TEXT_CHARS]):
        return bool(official or complains)
    # Some providers send the complaint as prose with the mail complained about attached.
    attached = "message/rfc822" in mail.parts
    return bool(attached and complains and (official or signs.AN_IP.search(subject)))


def _read_receipt(evidence: Evidence) -> bool:
    mail = evidence.mail
    receipt = "message/disposition-notification"
    return mail.report_type == "disposition-notification" or receipt in mail.parts


def _arrived(evidence: Evidence) -> bool:
    found = recipients(evidence.mail) if evidence.mail.returned.groups else ()
    return bool(found) and all(one.action in ARRIVED for one in found)


def _arrival_words(evidence: Evidence) -> bool:
    if recipients(evidence.mail) or not (_no_person(evidence) or _daemon(evidence)):
        return False
    subject = evidence.subject[:_SUBJECT_CHARS]
    notice = signs.ARRIVAL_NOTICE.search(evidence.mail.text[:_TEXT_CHARS])
    return bool(notice or signs.ARRIVAL_SUBJECT.match(subject))


def _delivery_report(evidence: Evidence) -> bool:
    mail = evidence.mail
    if mail.report_type == "delivery-status":
        return True
    if any(kind in STATUS_TYPES for kind in mail.parts):
        return not _forwarded_by_hand(evidence)
    return mail.content_type == "multipart/report" and not mail.report_type


def _daemon(evidence: Evidence) -> bool:
    if signs.DAEMON_LOCAL.fullmatch(evidence.local.partition("@")[0]):
        return True
    if signs.DAEMON_PATH.fullmatch(_return_path(evidence).partition("@")[0]):
        return True
    names = (author.name.lower() for author in evidence.mail.authors)
    subject = signs.BOUNCE_SUBJECT.match(evidence.subject[:_SUBJECT_CHARS])
    doubtful = evidence.mail.sender is None or _null_path(evidence) or subject is not None
    return doubtful and any(map(signs.DAEMON_NAME.search, names))


def _bounce_header(evidence: Evidence) -> bool:
    return any(evidence.mail.values(name) for name in signs.BOUNCE_HEADERS)


def _bounce_words(evidence: Evidence) -> bool:
    """Subject and text of a report; either needs a second sign that no person wrote."""
    subject = bool(signs.BOUNCE_SUBJECT.search(evidence.subject[:_SUBJECT_CHARS]))
    said = evidence.mail.text[:_TEXT_CHARS]
    text = bool(signs.BOUNCE_TEXT.search(said) or signs.BOUNCE_NOTICE.search(said))
    returned = bool(evidence.mail.returned.message_ids) and evidence.mail.text.strip() == ""
    machine = _no_person(evidence)
    return (machine and (subject or text or returned)) or (subject and _list_owner(evidence))


def _list_owner(evidence: Evidence) -> bool:
    return evidence.local.endswith(("-admin", "-owner", "-request", "-bounces", "_master"))


def _no_person(evidence: Evidence) -> bool:
    anonymous = not any(author.address for author in evidence.mail.authors)
    sent = _null_path(evidence) or _auto_submitted(evidence)
    return anonymous or sent or _no_reply(evidence)


def _auto_submitted(evidence: Evidence) -> bool:
    values = evidence.mail.values("auto-submitted")
    words = (value.partition(";")[0].strip().partition(" ")[0].lower() for value in values)
    return any(word not in {"", "no"} for word in words)


def _auto_header(evidence: Evidence) -> bool:
    return any(
        re.match(pattern, value.strip(), re.IGNORECASE)
        for name, pattern in signs.AUTO_HEADERS.items()
        for value in evidence.mail.values(name)
    )


def _return_path(evidence: Evidence) -> str:
    """Return the envelope's sender in lower case, bare; empty where it is null or unknown."""
    path = evidence.mail_from
    if path is None:
        path = evidence.mail.header("return-path")
    return path[:_PATH_CHARS].strip("<> ").lower()


def _null_path(evidence: Evidence) -> bool:
    known = evidence.mail_from is not None
    return (known or "<" in evidence.mail.header("return-path")[:1]) and not _return_path(evidence)


def _precedence(evidence: Evidence) -> bool:
    tokens = {
        token
        for name in ("precedence", "x-precedence")
        for value in evidence.mail.values(name)
        for token in re.findall(r"[a-z_]+", value[:100].lower())
    }
    if _own_list(evidence):
        tokens -= {"list"}
    return bool(tokens & {"bulk", "junk", "list"})


def _list(evidence: Evidence) -> bool:
    names = signs.LIST_HEADERS
    return any(map(evidence.mail.values, names)) and not _own_list(evidence)


def _own_list(evidence: Evidence) -> bool:
    """Tell whether the list is one of our addresses: a group that hands its mail to the bot."""
    ids = evidence.mail.values("list-id")
    found = {value[:_PATH_CHARS].rpartition("<")[2].strip("> ").lower() for value in ids}
    own = {address.replace("@", ".", 1) for address in evidence.own_addresses}
    return bool(found) and found <= own


def _no_reply(evidence: Evidence) -> bool:
    local, _, domain = evidence.local[:_PATH_CHARS].partition("@")
    sender = evidence.mail.sender
    domain = sender.domain if sender else domain
    return (
        local in signs.ROLE_LOCAL
        or bool(signs.NO_REPLY_LOCAL.fullmatch(local))
        or bool(signs.NO_REPLY_DOMAIN.search(domain))
    )


def _suppressed(evidence: Evidence) -> bool:
    values = evidence.mail.values("x-auto-response-suppress")
    words = {word for value in values for word in re.findall(r"\w+", value[:200].lower())}
    return bool(words & {"all", "oof", "autoreply"})


def _auto_subject(evidence: Evidence) -> bool:
    return is_automatic(evidence.subject)


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
    Rule("arrival_words", "reads like a report of success", DispositionKind.MDN, _arrival_words),
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
    Rule(
        "encrypted",
        "it is encrypted and cannot be read here",
        None,
        lambda e: e.mail.encrypted is not None,
    ),
    Rule("no_sender", "no single valid author", None, lambda e: e.mail.sender is None),
    Rule(
        "before_cut_over",
        "older than the mailbox's first connection",
        None,
        lambda e: e.before_cut_over,
    ),
)
