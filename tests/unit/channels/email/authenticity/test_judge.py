from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from supportbot.channels.email.authenticity import judge
from supportbot.channels.email.authenticity.judge import Trust, authenticity
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.model.inbound import Authenticity

TRUST = Trust(("mx.example.com",), (ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16")))
PASS = "mx.example.com; dmarc=pass header.from=bank.example"
ANN = "From: Ann <ann@bank.example>"


def verdict(*results: str, author: str = ANN, trust: Trust = TRUST, **meta: str) -> Authenticity:
    lines = [*(f"Authentication-Results: {one}" for one in results), author, "Subject: Hello"]
    raw = ("\n".join(lines) + "\n\nHello").encode()
    return authenticity(parse_mail(raw), raw, meta, trust)


def because(*reasons: str) -> Authenticity:
    return Authenticity(verified=False, reasons=reasons)


def test_dmarc_pass_of_the_from_domain_is_verified() -> None:
    assert verdict(PASS) == Authenticity(verified=True, reasons=("dmarc",))
    assert verdict(PASS, author="From: ann@BANK.example").verified


def test_international_domain_is_compared_as_dns_knows_it() -> None:
    found = "mx.example.com; dmarc=pass header.from=xn--bcher-kva.example"
    assert verdict(found, author="From: ann@b\u00fccher.example").verified


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("dmarc=fail (p=REJECT) header.from=bank.example", "dmarc_fail"),
        ("dmarc=temperror header.from=bank.example", "dmarc_temperror"),
        ("dmarc=permerror header.from=bank.example", "dmarc_permerror"),
        ("dmarc=passed header.from=bank.example", "dmarc_unknown"),
        ("dmarc=pass header.from=evil.example", "dmarc_of_another_domain"),
        ("dmarc=pass header.from=mail.bank.example", "dmarc_of_another_domain"),
        ("dmarc=pass", "dmarc_of_another_domain"),
        (
            "dmarc=fail header.from=bank.example; dkim=pass header.d=bank.example",
            "dmarc_fail",
        ),
        (
            "dmarc=fail header.from=evil.example; dmarc=pass header.from=bank.example",
            "dmarc_contradicts",
        ),
        (
            "dmarc=none header.from=evil.example; dmarc=pass header.from=bank.example",
            "dmarc_contradicts",
        ),
        (
            "dmarc=pass header.from=evil.example; dmarc=pass header.from=bank.example",
            "dmarc_of_another_domain",
        ),
        ("spf=fail (dmarc=pass header.from=bank.example)", "nothing_vouches"),
        ("dkim=fail policy.x=dmarc=pass header.d=bank.example", "nothing_vouches"),
        ("none", "nothing_vouches"),
    ],
)
def test_dmarc_that_did_not_pass_for_the_from_domain_is_not(result: str, reason: str) -> None:
    assert verdict(f"mx.example.com; {result}") == because(reason)


@pytest.mark.parametrize(
    ("result", "method"),
    [
        ("dkim=pass header.d=bank.example", "dkim"),
        ("dkim=pass header.i=@bank.example", "dkim"),
        ("dkim=pass header.d=mail.bank.example", "dkim"),
        ("dmarc=none; dkim=fail header.d=bank.example; dkim=pass header.d=bank.example", "dkim"),
        ("dmarc=bestguesspass action=none; spf=pass smtp.mailfrom=a@bank.example", "spf"),
        ("spf=pass smtp.mailfrom=bounces.bank.example", "spf"),
    ],
)
def test_without_a_policy_an_aligned_signature_or_sender_counts(result: str, method: str) -> None:
    assert verdict(f"mx.example.com; {result}") == Authenticity(verified=True, reasons=(method,))


@pytest.mark.parametrize(
    "result",
    [
        "dkim=pass header.d=evil.example",
        "dkim=pass header.d=bank.example.evil.example",
        "dkim=pass header.d=xbank.example",
        "dkim=pass header.d=example",
        "dkim=pass header.d=evil.example header.i=@bank.example",
        "dkim=pass (header.d=bank.example)",
        "dkim=pass",
        "dkim=fail header.d=bank.example",
        "dkim=neutral header.d=bank.example",
        "spf=pass smtp.helo=bank.example",
        "spf=pass smtp.mailfrom=bank.example.evil.example",
        "spf=softfail smtp.mailfrom=bank.example",
        "spf=pass",
        "arc=pass header.d=bank.example",
        "auth=pass smtp.auth=bank.example smtp.mailfrom=bank.example",
    ],
)
def test_without_a_policy_nothing_else_counts(result: str) -> None:
    assert verdict(f"mx.example.com; {result}") == because("nothing_vouches")


@pytest.mark.parametrize(
    ("author", "signer", "aligned"),
    [
        ("a.shop.co.uk", "b.shop.co.uk", True),
        ("shop.co.uk", "bank.co.uk", False),
        ("shop.co.uk", "co.uk", False),
        ("one.github.io", "two.github.io", False),
        ("mail.bank.example", "bank.example", True),
    ],
)
def test_alignment_is_of_the_registered_name(author: str, signer: str, *, aligned: bool) -> None:
    found = f"mx.example.com; dkim=pass header.d={signer}"
    assert verdict(found, author=f"From: a@{author}").verified is aligned


def test_name_server_that_did_not_answer_is_told_apart() -> None:
    assert verdict("mx.example.com; dkim=temperror header.d=bank.example") == because("temperror")


@pytest.mark.parametrize(
    ("author", "reason"),
    [
        ("From: a@bank.example\nFrom: b@bank.example", "several_from_headers"),
        ("From: a@bank.example, b@bank.example", "several_authors"),
        ("From: a@bank.example, b@evil.example", "several_authors"),
        ("From: Ann", "no_valid_author"),
        ("From: <>", "no_valid_author"),
        ("Subject: no author", "no_valid_author"),
        ('From: "a@bank.example" <a@evil@bank.example>', "no_valid_author"),
        ('From: "boss@other.example" <a@bank.example>', "name_shows_another_address"),
        ("From: Boss (boss@other.example) <a@bank.example>", None),
        ("From: boss@other.example <a@bank.example>", "name_shows_another_address"),
        (
            "From: =?utf-8?q?boss=40other=2Eexample?= <a@bank.example>",
            "name_shows_another_address",
        ),
        ("From: boss\uff20other.example <a@bank.example>", "name_shows_another_address"),
        ('From: "a@bank.example" <a@bank.example>', None),
        ("From: Ann @ Bank <a@bank.example>", None),
    ],
)
def test_author_that_contradicts_itself_is_not(author: str, reason: str | None) -> None:
    found = verdict(PASS, author=author)
    assert found == (because(reason) if reason else Authenticity(verified=True, reasons=("dmarc",)))


def test_reply_to_changes_nothing() -> None:
    fail = "mx.example.com; dmarc=fail header.from=evil.example"
    author = "From: a@evil.example\nReply-To: a@bank.example"
    assert verdict(fail, PASS, author=author) == because("dmarc_fail")


def test_forged_header_below_the_real_one_counts_for_nothing() -> None:
    fail = "mx.example.com; dmarc=fail header.from=bank.example"
    assert verdict(fail, PASS) == because("dmarc_fail")


@pytest.mark.parametrize("above", ["evil.example", "mx.example.com.evil.example", ""])
def test_header_of_a_stranger_counts_for_nothing_wherever_it_stands(above: str) -> None:
    forged = f"{above}; dmarc=pass header.from=bank.example"
    fail = "mx.example.com; dmarc=fail header.from=bank.example"
    assert verdict(forged, fail) == because("dmarc_fail")
    assert verdict(forged) == because("no_trusted_header")


def test_nothing_is_configured_and_nobody_is_verified() -> None:
    assert verdict(PASS, trust=Trust()) == because("not_checked")


@pytest.mark.parametrize(
    ("peer", "counts"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("192.0.2.7", False),
        ("::1", False),
        ("", False),
        ("mx.example.com", False),
    ],
)
def test_header_counts_only_from_a_mail_server_of_our_own(peer: str, *, counts: bool) -> None:
    assert verdict(PASS, peer=peer).verified is counts


def test_own_check_counts_and_the_headers_do_not() -> None:
    failed = "supportbot; dmarc=fail header.from=bank.example"
    assert verdict(PASS, peer="192.0.2.7", authenticity=failed) == because("dmarc_fail")
    passed = "supportbot; dmarc=pass header.from=bank.example"
    assert verdict(peer="192.0.2.7", authenticity=passed).verified
    forged = "supportbot; dmarc=pass header.from=bank.example"
    assert not verdict(forged, peer="192.0.2.7").verified


def test_every_reason_is_explained_on_the_page() -> None:
    source = Path(judge.__file__).read_text(encoding="utf-8")
    words = re.findall(r'(?:_unverified\(|return |else )"([a-z_]+)"', source)
    reasons = {*words, *(f"dmarc_{word}" for word in judge._FAILED)}
    assert {"not_checked", "several_authors", "nothing_vouches", "dmarc_unknown"} < reasons
    page = (Path(__file__).parents[5] / "docs/how-to/mail-senders.md").read_text(encoding="utf-8")
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in page] == []
