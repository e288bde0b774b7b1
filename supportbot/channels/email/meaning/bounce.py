"""Delivery reports (RFC 3464): which recipient failed, how, and whether for good."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from supportbot.channels.email.reading.addresses import parse_addresses
from supportbot.channels.email.reading.mail import Mail

_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_LEADING: Final = re.compile(
    r"(?:smtp;\s*)?(?:.{0,40}?\b[245]\d\d[\s\-]+)?[#(<]?([245]\.\d{1,3}\.\d{1,3})\b",
    re.IGNORECASE,
)
_MAX_LINES_BELOW: Final = 12
_TEXT_CHARS: Final = 20_000
_VAGUE: Final = re.compile(r"[245]\.0\.0")
#: Words of servers that say: this address will never work, whatever code stands beside them.
_GONE: Final = re.compile(
    r"user unknown|unknown (?:user|local|recipient|address)|no such (?:user|person"
    r"|recipient|mailbox"
    r"|address)|(?:does |do )?not exist|doesn't (?:exist|have)|user (?:not found|doesn)"
    r"|mailbox (?:not found|unknown"
    r"|unavailable)|invalid (?:recipient|mailbox|address)|not? (?:a )?valid (?:user|mailbox"
    r"|recipient)|recipient (?:not found|unknown|address rejected: user)|host (?:not found|unknown)"
    r"|no longer (?:valid|available|exist)|domain (?:not found|is not reachable)"
    r"|account (?:has been"
    r" |is )?(?:disabled|deleted|closed)|bad destination|unrouteable address",
    re.IGNORECASE,
)
#: Words that take the above back: the refusal is about us or about now, not about the address.
_NOT_GONE: Final = re.compile(
    r"spamhaus|blocked|black ?list|block ?list|reputation|too many|temporar|locked|try again"
    r"|preferences|rate limit|policy|quota|over.?limit",
    re.IGNORECASE,
)
_PERMANENT_CODES: Final = re.compile(r"5\.1\.(?:0|1|2|3|4|6|10)|5\.4\.4")
#: What a group without `Action` says by the class of its status.
_ACTIONS: Final = {"2": "delivered", "4": "delayed"}
#: An address as prose names it, and how many of them are looked at.
_NAMED: Final = re.compile(r"(?<![\w.+\-@])([\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8})")
_MOST_IN_PROSE: Final = 50
#: Actions that are no failure: the mail arrived, or went on to somewhere that tells no more.
ARRIVED: Final = frozenset({"delivered", "relayed", "expanded", "deliverable"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a report."""

    address: str
    #: The RFC 3463 code, such as `5.1.1`; empty where none is given.
    status: str
    #: `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    action: str
    #: The address will never work (advisory: servers use codes loosely).
    permanent: bool
    #: The address that was written to, where forwarding made another of it.
    original: str = ""
    #: What the refusing server said.
    diagnostic: str = ""


def recipients(mail: Mail) -> tuple[Recipient, ...]:
    """List the recipients that a report speaks of, in its order, each once.

    Without a readable delivery-status part, `X-Failed-Recipients` is what is left.
    """
    groups = [_recipient(group, mail.text) for group in mail.returned.groups]
    if not groups:
        groups = _named_in_header(mail)
    return tuple({(one.address, one.action): one for one in groups}.values())


def _named_in_header(mail: Mail) -> list[Recipient]:
    named = [
        entry.address
        for value in mail.values("x-failed-recipients")
        for entry in parse_addresses(value)
        if entry.address
    ]
    # With one recipient, the one code of the prose is about it.
    codes = set(_ENHANCED.findall(mail.text[:_TEXT_CHARS]))
    status = codes.pop() if len(named) == len(codes) == 1 else ""
    return [_failed(address, status, mail.text) for address in named]


def _failed(address: str, status: str, text: str) -> Recipient:
    found = re.search(re.escape(address), text[:_TEXT_CHARS], re.IGNORECASE)
    said = _behind(text[found.end() :]) if found else ""
    return _recipient(
        {
            "final-recipient": address,
            "action": "failed",
            "status": status,
            "diagnostic-code": said,
        },
        text,
    )


def told_in_prose(mail: Mail) -> tuple[Recipient, ...]:
    """List the addresses that the text of a report names, each with the words behind it.

    A guess: only who was really written to counts, which the caller knows.
    """
    text = mail.text[:_TEXT_CHARS]
    found: dict[str, int] = {}
    for match in _NAMED.finditer(text):
        found.setdefault(match[1].lower(), match.end(1))
    return tuple(
        _recipient({"final-recipient": address, "diagnostic-code": _behind(text[end:])}, text)
        for address, end in [*found.items()][:_MOST_IN_PROSE]
    )


def _behind(text: str) -> str:
    """Return what a report says of an address right behind it."""
    return " ".join(text[:400].strip(" <>:\r\n\t").split())


def _recipient(group: Mapping[str, str], text: str) -> Recipient:
    address = _address(group.get("final-recipient") or group.get("original-recipient", ""))
    diagnostic = group.get("diagnostic-code", "")
    status = _status(group, diagnostic)
    if not status or _VAGUE.fullmatch(status):
        status = _spoken(address, text) or status
    action = group.get("action", "").split(" ")[0].strip(";").lower()
    action = action or _ACTIONS.get(status[:1], "failed")
    said = diagnostic[:2000]
    gone = bool(_PERMANENT_CODES.fullmatch(status)) or bool(_GONE.search(said))
    permanent = action == "failed" and gone and not _NOT_GONE.search(said)
    original = _address(group.get("original-recipient", ""))
    return Recipient(address, status, action, permanent, original, said)


def _address(field: str) -> str:
    """Read `rfc822; local@domain` (RFC 3464 2.3.2)."""
    value = field.rpartition(";")[2].strip().strip("<>")
    return value.lower()[:320]


def _status(group: Mapping[str, str], diagnostic: str) -> str:
    """Prefer the code that the refusing server spoke; `Status` is often a translation of it."""
    spoken = _LEADING.match(diagnostic[:400])
    given = _ENHANCED.search(group.get("status", "")[:200])
    if spoken:
        return spoken[1]
    if not given or _VAGUE.fullmatch(given[1]):
        given = _ENHANCED.search(diagnostic[:1000]) or given
    return given[1] if given else ""


def _spoken(address: str, text: str) -> str:
    """Find `address: 550 5.1.1 ...`: what the report's prose says behind or below a recipient."""
    if not address:
        return ""
    lines = text[:_TEXT_CHARS].splitlines()
    for index, line in enumerate(lines):
        if not line.strip(" <\t").lower().startswith(address):
            continue
        for below in [line[len(address) :], *lines[index + 1 : index + _MAX_LINES_BELOW]]:
            if not below.strip():
                break
            found = _ENHANCED.search(below[:1000])
            if found:
                return found[1]
    return ""
