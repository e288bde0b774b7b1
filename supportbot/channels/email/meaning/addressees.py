"""For whom a mail is, and who gets its answer. Nothing here is ever taken from a mail's text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from supportbot.channels.email.meaning.disposition import belongs, without_plus
from supportbot.channels.email.meaning.domains import same_house
from supportbot.channels.email.reading.addresses import parse_addresses
from supportbot.channels.email.reading.mail import Address, Mail
from supportbot.model.inbound import Inbound

#: A mail to more people is a mailing: none of them takes part in its ticket by it.
_MOST_PARTICIPANTS: Final = 50
#: A mail to more people is answered to its author alone.
_MOST_COPIES: Final = 10
#: Headers in which mail servers leave the recipient of the envelope.
_TRACES: Final = ("delivered-to", "x-original-to", "envelope-to")
#: What may stand in a header of ours: RFC 5322 dot-atoms in ASCII.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_WRITABLE: Final = re.compile(
    rf"{_ATOM}(?:\.{_ATOM}){{0,16}}@(?:[A-Za-z0-9-]{{1,63}}\.){{1,10}}[A-Za-z0-9-]{{2,63}}"
)


@dataclass(frozen=True, slots=True)
class Home:
    """What one of our addresses stands for."""

    #: Key of the channel that answers what comes to it.
    channel: str
    product: str | None = None
    #: Answers go to the others as well that the customer wrote to.
    keeps_copies: bool = False


def home_named(mail: Mail, homes: Mapping[str, Home]) -> Home | None:
    """Return what the mail is for: the address of ours that it names first, in To before Cc.

    So it is the same for every copy of it, wherever that arrives. None: it names none of ours.
    """
    named = (_home(one.address, homes) for one in (*mail.to, *mail.cc))
    return next(filter(None, named), None)


def addressed(mail: Mail, inbound: Inbound, homes: Mapping[str, Home], home: Home) -> str:
    """Return which address of a home was written to; empty: none that can write itself."""
    named = (one.address for one in (*mail.to, *mail.cc))
    written = map(without_plus, (*named, *_told(mail, inbound)))
    return next((one for one in written if homes.get(one) == home), "")


def written_to(mail: Mail, inbound: Inbound) -> tuple[str, ...]:
    """List the addresses that the mail was sent to, the envelope's first."""
    return (*_told(mail, inbound), *(one.address for one in (*mail.to, *mail.cc)))


def others(mail: Mail, sender: Address, homes: Mapping[str, Home]) -> tuple[str, ...]:
    """Return whom else the mail was written to, in lower case: neither its author nor us."""
    found = _strangers(mail, sender, homes)
    return found if len(found) <= _MOST_PARTICIPANTS else ()


def copies(mail: Mail, to: str, homes: Mapping[str, Home]) -> tuple[str, ...]:
    """Return who is to read an answer beside the one it goes to."""
    author = mail.sender or Address("", "")
    found = [one for one in _strangers(mail, author, homes) if one != to.lower()]
    return tuple(filter(_WRITABLE.fullmatch, found)) if len(found) <= _MOST_COPIES else ()


def answer_to(mail: Mail, sender: Address, homes: Mapping[str, Home], *, verified: bool) -> str:
    """Return where an answer goes: to a single Reply-To, or to the author.

    Of an author who is not `verified` only one of their own house counts: a forged mail could
    otherwise lead the answer to anybody.
    """
    wished = [one for one in mail.reply_to if one.address]
    if len(wished) != 1 or belongs(wished[0].address, homes):
        return sender.address
    own = without_plus(wished[0].address) == without_plus(sender.address)
    trusted = verified or own or same_house(wished[0].domain, sender.domain)
    return wished[0].address if trusted else sender.address


def outsiders(mail: Mail, sender: Address, homes: Mapping[str, Home]) -> tuple[str, ...]:
    """Return to whom somebody of our own domains wrote beyond them; nobody if others write."""

    def ours(address: str) -> bool:
        domain = address.rpartition("@")[2]
        return any(same_house(domain, name.rpartition("@")[2]) for name in homes)

    if not ours(sender.address):
        return ()
    return tuple(one for one in others(mail, sender, homes) if not ours(one))


def _home(address: str, homes: Mapping[str, Home]) -> Home | None:
    name = without_plus(address)
    return homes.get(name) or homes.get(f"*@{name.rpartition('@')[2]}")


def _told(mail: Mail, inbound: Inbound) -> tuple[str, ...]:
    """List the recipients of the envelope, as far as anything tells them."""
    envelope = (one.strip() for one in inbound.meta.get("rcpt", "").split(","))
    traces = (one for name in _TRACES for one in mail.values(name))
    return (*envelope, *(one.address for value in traces for one in parse_addresses(value)))


def _strangers(mail: Mail, sender: Address, homes: Mapping[str, Home]) -> tuple[str, ...]:
    written = (one.address.lower() for one in (*mail.to, *mail.cc) if one.address)
    own = sender.address.lower()
    return tuple(dict.fromkeys(one for one in written if one != own and not belongs(one, homes)))
