"""Whether the author of a mail is who the From header says, and why. Pure.

Where the receiving server found a DMARC policy, only its `dmarc=pass` counts. Where the owner of
the domain has none, the rule is what DMARC would ask of them at least: a DKIM signature that holds
or an envelope sender that SPF allows, of the organisation that owns the From domain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from supportbot.channels.email.authenticity.alignment import domain_of, owned_by_one, plain_domain
from supportbot.channels.email.authenticity.stated import Result, Stated, headers, stated_by
from supportbot.channels.email.reading.mail import Address, Mail
from supportbot.model.inbound import Authenticity

#: In an inbound's meta: what our own check found before the mail was parsed, written as a server
#: of this id would write it into the header.
CHECKED: Final = "authenticity"
OWN_ID: Final = "supportbot"
#: In an inbound's meta: who handed the mail over by SMTP; absent where it was read by IMAP.
PEER: Final = "peer"
#: The domain has no DMARC policy; Microsoft says the second where it would pass if it had one.
_NO_POLICY: Final = frozenset({"none", "bestguesspass"})
_FAILED: Final = frozenset({"fail", "temperror", "permerror"})
_SHOWN_ADDRESS: Final = re.compile(r"[^\s<>()\"',;:]{1,64}@[^\s<>()\"',;:@]{1,253}")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts."""

    #: Ids of the servers whose Authentication-Results count.
    authserv_ids: tuple[str, ...] = ()
    #: Mail servers of our own; of what anybody else hands over by SMTP no header counts.
    mail_servers: tuple[IPv4Network | IPv6Network, ...] = ()

    def hands_on(self, peer: str) -> bool:
        """Tell whether a peer is one of our own mail servers."""
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.mail_servers)


def authenticity(mail: Mail, raw: bytes, meta: Mapping[str, str], trust: Trust) -> Authenticity:
    """Judge a mail by what was found before: by a server that is trusted, or by ourselves."""
    checked = meta.get(CHECKED)
    if checked is not None:
        stated = stated_by([checked], [OWN_ID])
        return judge(mail, stated or Stated(OWN_ID))
    peer = meta.get(PEER)
    if not trust.authserv_ids or (peer is not None and not trust.hands_on(peer)):
        return _unverified("not_checked")
    stated = stated_by(headers(raw), trust.authserv_ids)
    return _unverified("no_trusted_header") if stated is None else judge(mail, stated)


def judge(mail: Mail, stated: Stated) -> Authenticity:
    """Judge the author of a mail by what a trusted server found."""
    wrong = contradiction(mail)
    if wrong is not None:
        return _unverified(wrong)
    author = plain_domain(mail.authors[0].domain)
    dmarc = stated.of("dmarc")
    found = {result.value for result in dmarc}
    if found <= _NO_POLICY:
        return _by_alignment(author, stated)
    if len(found) > 1:  # what a sender chose may have been written into the header as it was
        return _unverified("dmarc_contradicts")
    if "pass" not in found:
        return _unverified(f"dmarc_{found.pop()}" if found <= _FAILED else "dmarc_unknown")
    if {plain_domain(result.properties.get("header.from", "")) for result in dmarc} != {author}:
        return _unverified("dmarc_of_another_domain")
    return Authenticity(verified=True, reasons=("dmarc",))


def _by_alignment(author: str, stated: Stated) -> Authenticity:
    passed = [
        method
        for method, said_by in (("dkim", _signer), ("spf", _envelope_sender))
        if any(
            result.value == "pass" and owned_by_one(author, said_by(result))
            for result in stated.of(method)
        )
    ]
    if passed:
        return Authenticity(verified=True, reasons=tuple(passed))
    unsure = any(result.value == "temperror" for result in stated.results)
    return _unverified("temperror" if unsure else "nothing_vouches")


def _signer(result: Result) -> str:
    properties = result.properties
    return domain_of(properties.get("header.d") or properties.get("header.i", ""))


def _envelope_sender(result: Result) -> str:
    """Return the domain of MAIL FROM; the name in HELO says nothing about an author."""
    return domain_of(result.properties.get("smtp.mailfrom", ""))


def contradiction(mail: Mail) -> str | None:
    """Say what about the author itself lets nobody tell who it is."""
    if len(mail.values("from")) > 1:
        return "several_from_headers"
    if len(mail.authors) > 1:
        return "several_authors"
    if not mail.authors or not plain_domain(mail.authors[0].domain):
        return "no_valid_author"
    return "name_shows_another_address" if _shows_another(mail.authors[0]) else None


def _shows_another(author: Address) -> bool:
    name = unicodedata.normalize("NFKC", author.name)
    shown = {found.rstrip(".").lower() for found in _SHOWN_ADDRESS.findall(name)}
    return bool(shown - {author.address.lower()})


def _unverified(reason: str) -> Authenticity:
    return Authenticity(verified=False, reasons=(reason,))
