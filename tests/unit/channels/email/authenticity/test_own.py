"""Our own check against signed mails and a name server that is a dictionary."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from supportbot.channels.email.authenticity.checks import Envelope
from supportbot.channels.email.authenticity.judge import CHECKED, Trust, authenticity
from supportbot.channels.email.authenticity.names import NamesUnavailable
from supportbot.channels.email.authenticity.own import OwnCheck
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.model.inbound import Authenticity

PEER = "192.0.2.7"
MAIL = b"From: Ann <ann@shop.example>\r\nSubject: Order\r\n\r\nWhere is it?\r\n"
VERIFIED = Authenticity(verified=True, reasons=("dmarc",))


@dataclass
class Names:
    """What stands in DNS."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    unavailable: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str, kind: str, seconds: float) -> Sequence[bytes]:
        assert 0 < seconds <= 2
        name = name.rstrip(".").lower()
        self.asked.append(name)
        if name in self.unavailable:
            raise NamesUnavailable(name)
        return [one.encode() for one in self.records.get((name, kind), ())]

    def txt(self, **texts: str) -> None:
        for name, text in texts.items():
            self.records[(name.replace("__", "."), "TXT")] = [text]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def names(key: rsa.RSAPrivateKey) -> Names:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    texts = {
        "_dmarc.shop.example": "v=DMARC1; p=reject",
        "shop.example": "v=spf1 ip4:192.0.2.0/24 -all",
        "evil.example": "v=spf1 +all",
        **{
            f"s1._domainkey.{domain}": record
            for domain in ("shop.example", "mail.shop.example", "evil.example")
        },
    }
    return Names({(name, "TXT"): [text] for name, text in texts.items()})


@pytest.fixture
def signed(key: rsa.RSAPrivateKey) -> Callable[..., bytes]:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    def sign(mail: bytes = MAIL, domain: str = "shop.example", **options: Any) -> bytes:
        given = {"include_headers": [b"from", b"subject"], **options}
        return bytes(dkim.sign(mail, b"s1", domain.encode(), pem, **given)) + mail

    return sign


async def verdict(
    names: Names, raw: bytes, *, mail_from: str = "", peer: str = PEER, seconds: float = 5
) -> Authenticity:
    found = await OwnCheck(names, seconds)(Envelope(raw, mail_from, peer, "mta.shop.example"))
    return authenticity(parse_mail(raw), raw, {"peer": peer, CHECKED: found}, Trust())


def because(reason: str) -> Authenticity:
    return Authenticity(verified=False, reasons=(reason,))


async def test_signature_of_the_authors_domain_is_verified(names: Names, signed: Any) -> None:
    assert await verdict(names, signed()) == VERIFIED
    assert await verdict(names, signed(domain="mail.shop.example")) == VERIFIED


async def test_second_signature_counts_too(names: Names, signed: Any) -> None:
    assert await verdict(names, signed(signed(), domain="evil.example")) == VERIFIED


async def test_envelope_sender_that_spf_allows_is_verified(names: Names) -> None:
    assert await verdict(names, MAIL, mail_from="bounce@shop.example") == VERIFIED
    elsewhere = await verdict(names, MAIL, mail_from="bounce@shop.example", peer="203.0.113.1")
    assert elsewhere == because("dmarc_fail")


async def test_spf_follows_includes_hosts_and_exchangers(names: Names) -> None:
    names.records |= {
        ("shop.example", "TXT"): ["v=spf1 include:a.example mx a:h.example -all"],
        ("a.example", "TXT"): ["other", "v=spf1 ip4:198.51.100.1 -all"],
        ("shop.example", "MX"): ["10 mx.shop.example."],
        ("mx.shop.example", "A"): ["198.51.100.2"],
        ("h.example", "A"): ["198.51.100.3"],
    }
    for peer, result in {"1": VERIFIED, "2": VERIFIED, "3": VERIFIED}.items():
        found = await verdict(names, MAIL, mail_from="b@shop.example", peer=f"198.51.100.{peer}")
        assert found == result
    stranger = await verdict(names, MAIL, mail_from="b@shop.example", peer="198.51.100.4")
    assert stranger == because("dmarc_fail")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda mail: mail.replace(b"Where", b"Never"),
        lambda mail: mail.replace(b"Subject: Order", b"Subject: Gift"),
        lambda mail: mail.replace(b"ann@shop", b"bob@shop"),
        lambda mail: mail.replace(b"s=s1", b"s=s2"),
        lambda mail: mail.replace(b"a=rsa-sha256", b"a=rsa-sha1"),
    ],
    ids=["body", "subject", "author", "selector", "algorithm"],
)
async def test_signature_that_does_not_hold_is_not(names: Names, signed: Any, spoil: Any) -> None:
    assert await verdict(names, spoil(signed())) == because("dmarc_fail")


async def test_mail_too_large_to_check_is_verified_by_its_envelope_only(
    names: Names, signed: Any
) -> None:
    raw = signed(MAIL + b"A" * 70 * 120_000, canonicalize=(b"simple", b"simple"))
    assert await verdict(names, raw) == because("dmarc_temperror")
    assert await verdict(names, raw, mail_from="a@shop.example") == VERIFIED
    assert not any("_domainkey" in name for name in names.asked)


async def test_only_signatures_of_the_authors_organisation_are_looked_at(
    names: Names, signed: Any
) -> None:
    raw = signed(domain="evil.example")
    assert await verdict(names, raw) == because("dmarc_fail")
    assert not any("_domainkey" in name for name in names.asked)


async def test_signature_of_a_part_of_the_body_is_not(names: Names, signed: Any) -> None:
    assert await verdict(names, signed(length=True)) == because("dmarc_fail")


@pytest.mark.parametrize(
    "sender", ["a@evil.example", "a@shop.example-evil.example", "", "<>", "shop.example"]
)
async def test_sender_and_signature_of_somebody_else_are_not(
    names: Names, signed: Any, sender: str
) -> None:
    names.txt(**{"shop.example-evil.example": "v=spf1 +all"})
    raw = signed(domain="evil.example")
    assert await verdict(names, raw, mail_from=sender) == because("dmarc_fail")


async def test_strict_alignment_is_honoured(names: Names, signed: Any) -> None:
    names.txt(**{"_dmarc.shop.example": "v=DMARC1; p=reject; adkim=s; aspf=s"})
    names.txt(**{"b.shop.example": "v=spf1 +all"})
    raw = signed(domain="mail.shop.example")
    assert await verdict(names, raw, mail_from="x@b.shop.example") == because("dmarc_fail")
    assert await verdict(names, signed()) == VERIFIED


async def test_policy_of_the_organisation_covers_its_subdomains(names: Names, signed: Any) -> None:
    names.txt(**{"_dmarc.shop.example": "v=DMARC1; p=none; adkim=s"})
    mail = MAIL.replace(b"@shop.example", b"@mail.shop.example")
    assert await verdict(names, signed(mail, "shop.example")) == because("dmarc_fail")
    assert await verdict(names, signed(mail, "mail.shop.example")) == VERIFIED


async def test_two_policies_at_one_name_are_none(names: Names, signed: Any) -> None:
    names.records[("_dmarc.shop.example", "TXT")] *= 2
    assert await verdict(names, signed()) == Authenticity(verified=True, reasons=("dkim",))


async def test_domain_without_a_policy_needs_an_aligned_sign(names: Names, signed: Any) -> None:
    del names.records[("_dmarc.shop.example", "TXT")]
    assert await verdict(names, signed()) == Authenticity(verified=True, reasons=("dkim",))
    assert await verdict(names, MAIL, mail_from="a@evil.example") == because("nothing_vouches")


@pytest.mark.parametrize(
    "author",
    [
        b"From: Ann <ann@shop.example>\r\nFrom: b@evil.example",
        b"From: a@shop.example, b@evil.example",
    ],
)
async def test_author_that_contradicts_itself_asks_nobody(names: Names, author: bytes) -> None:
    raw = MAIL.replace(b"From: Ann <ann@shop.example>", author)
    assert not (await verdict(names, raw)).verified
    assert names.asked == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("_dmarc.shop.example", "dmarc_temperror"),
        ("s1._domainkey.shop.example", "dmarc_temperror"),
        ("shop.example", "dmarc_temperror"),
    ],
)
async def test_name_server_that_fails_is_a_temporary_error(
    names: Names, signed: Any, name: str, reason: str
) -> None:
    names.unavailable.add(name)
    sender = "a@shop.example" if name == "shop.example" else ""
    raw = MAIL if sender else signed()
    assert await verdict(names, raw, mail_from=sender) == because(reason)


async def test_name_server_that_is_silent_ends_at_the_time_limit(names: Names, signed: Any) -> None:
    answers = threading.Event()

    def silent(name: str, kind: str, seconds: float) -> Sequence[bytes]:
        answers.wait(30)
        return ()

    try:
        raw = signed()
        found = await OwnCheck(silent, 0.05)(Envelope(raw, "a@shop.example", PEER, "h"))
    finally:
        answers.set()
    assert found == "supportbot; dmarc=temperror"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        MAIL.replace(b"\r\n", b"\n"),
        b"DKIM-Signature: \r\n" + MAIL,
        b"DKIM-Signature: v=1; a=rsa-sha256; d=\xff; s=s1; h=from; bh=AA==; b=AA==\r\n" + MAIL,
        b"DKIM-Signature: v=1; a=x; c=y/z; d=shop.example; s=; h=from; bh==; b=!\r\n" + MAIL,
        b"DKIM-Signature: v=1" + b"; b=" * 5000 + b"\r\n" + MAIL,
        b"DKIM-Signature: v=1\r\n" * 500 + MAIL,
        MAIL + b" " * 1_000_000,
        MAIL + b"\x00\xff" * 100,
        b"no header at all",
        MAIL.replace(b"@shop", b"@" + b"a." * 200 + b"shop"),
    ],
)
@pytest.mark.parametrize("sender", ["a@shop.example", "@", "a@" + "x" * 300, "\xff@\xff.example"])
async def test_nonsense_is_not_verified_and_raises_nothing(
    names: Names, raw: bytes, sender: str
) -> None:
    names.records[("shop.example", "TXT")] = ["v=spf1 ip4:999 %{x} redirect=shop.example"]
    names.records[("_dmarc.shop.example", "TXT")] = ["v=DMARC1;;;=;p"]
    assert not (await verdict(names, raw, mail_from=sender)).verified


@pytest.mark.parametrize("peer", ["", "unknown", "::1%eth0", "2001:db8::1"])
async def test_peer_without_a_usable_address_passes_no_spf(names: Names, peer: str) -> None:
    assert not (await verdict(names, MAIL, mail_from="a@shop.example", peer=peer)).verified
