from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.channels.email.authenticity.stated import Stated, headers, read, stated_by

GOOGLE = (
    "mx.google.com; dkim=pass header.i=@cust.example header.s=s1 header.b=Ab3/x+==; "
    "spf=pass (google.com: domain of bounce+ann=bot.example@mail.cust.example designates "
    "192.0.2.7 as permitted sender) smtp.mailfrom=bounce+ann=bot.example@mail.cust.example; "
    "dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=cust.example"
)
MICROSOFT = (
    "spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=cust.example; dkim=pass (signature was "
    "verified) header.d=cust.example;dmarc=pass action=none header.from=cust.example;"
    "compauth=pass reason=100"
)
MICROSOFT_INSTANCE = (
    "i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=cust.example; dmarc=pass action=none "
    "header.from=cust.example; dkim=pass header.d=cust.example; arc=none"
)
YAHOO = (
    "atlas-production.v2-mail-prod1.yahoo.example; dkim=pass header.i=@cust.example "
    "header.s=20260112; spf=pass smtp.mailfrom=cust.example; "
    "dmarc=pass(p=NONE,sp=NONE) header.from=cust.example;"
)
COMMENTED = (
    "foo.example (a (nested) comment) 1 (version); (before) spf (one) / 1 (two) = (three) "
    'fail (four) policy (five) . (six) expired = 12 reason="not ; this = here" '
    'smtp.mailfrom="a b"@cust.example'
)


def found(value: str) -> Stated:
    stated = read(value)
    assert stated is not None
    return stated


@pytest.mark.parametrize(
    ("value", "server"),
    [
        (GOOGLE, "mx.google.com"),
        (MICROSOFT, ""),
        (MICROSOFT_INSTANCE, "mx.microsoft.com"),
        (YAHOO, "atlas-production.v2-mail-prod1.yahoo.example"),
    ],
    ids=["google", "microsoft", "microsoft-instance", "yahoo"],
)
def test_real_headers_say_who_wrote_them_and_what_passed(value: str, server: str) -> None:
    stated = found(value)
    assert stated.server == server
    for method in ("dkim", "spf", "dmarc"):
        assert [one.value for one in stated.of(method)] == ["pass"]
    assert stated.of("dmarc")[0].properties["header.from"] == "cust.example"


def test_equals_signs_inside_a_value_belong_to_it() -> None:
    spf = found(GOOGLE).of("spf")[0]
    assert spf.properties["smtp.mailfrom"] == "bounce+ann=bot.example@mail.cust.example"


def test_comments_versions_quotes_and_spaces_are_read_as_the_rfc_says() -> None:
    stated = found(COMMENTED)
    assert stated.server == "foo.example"
    (spf,) = stated.results
    assert (spf.method, spf.value) == ("spf", "fail")
    assert spf.properties == {
        "policy.expired": "12",
        "reason": "not ; this = here",
        "smtp.mailfrom": "a b@cust.example",
    }


@pytest.mark.parametrize(
    "value",
    [
        "mx.example.com; none",
        "mx.example.com 1; none",
        "mx.example.com",
        "mx.example.com;",
        "mx.example.com;;;; ;",
    ],
)
def test_header_without_results_names_its_server_only(value: str) -> None:
    assert found(value) == Stated("mx.example.com", ())


@pytest.mark.parametrize(
    "value", ["", ";", "=", "= =", "(only)", "a=", "=b", '""', "; =pass; spf=; =;", "\x00\x01"]
)
def test_what_makes_no_sense_passes_nothing(value: str) -> None:
    assert [one for one in found(value).results if one.value == "pass" and one.method] == []


@pytest.mark.parametrize(
    "value",
    [
        'mx.example.com; spf=pass smtp.mailfrom="open; dmarc=pass',
        "mx.example.com; spf=pass (open; dmarc=pass",
        "mx.example.com; spf=fail (ends in a backslash\\); dmarc=pass header.from=x.example",
        "mx.example.com; dmarc=pass header.from=" + "x" * 20_000,
    ],
    ids=["quote", "comment", "escaped", "too-long"],
)
def test_header_that_never_ends_is_none(value: str) -> None:
    assert read(value) is None


def test_nothing_inside_quotes_and_comments_is_a_result() -> None:
    value = (
        "mx.example.com; spf=fail (no; dmarc=pass header.from=bank.example) "
        'smtp.mailfrom="a; dmarc=pass header.from=bank.example ;"@evil.example; '
        'dkim=fail reason="; dmarc=pass header.from=bank.example" header.d=dmarc=pass'
    )
    stated = found(value)
    assert stated.of("dmarc") == []
    assert [one.method for one in stated.results] == ["spf", "dkim"]


def test_property_that_stands_twice_is_the_first() -> None:
    value = "mx.example.com; dmarc=pass header.from=evil.example header.from=bank.example"
    assert found(value).of("dmarc")[0].properties["header.from"] == "evil.example"


def test_topmost_header_of_a_known_server_counts() -> None:
    values = [
        "filter.example; dmarc=fail header.from=a.example",
        "MX.Example.com; dmarc=fail header.from=b.example",
        "mx.example.com; dmarc=pass header.from=b.example",
    ]
    stated = stated_by(values, ["mx.example.com"])
    assert stated is not None
    assert stated.of("dmarc")[0].value == "fail"


@pytest.mark.parametrize(
    "server",
    [
        "mx.example.com.evil.example",
        "evil.example",
        "xmx.example.com",
        "mx.example.co",
        "mx.example.com.",
        "m\u0445.example.com",
        '"evil.example (mx.example.com)"',
        "(mx.example.com) evil.example",
    ],
)
def test_server_that_only_looks_alike_does_not_count(server: str) -> None:
    assert stated_by([f"{server}; dmarc=pass header.from=a.example"], ["mx.example.com"]) is None


def test_header_without_an_id_counts_only_where_that_is_configured() -> None:
    assert stated_by([MICROSOFT], ["mx.example.com"]) is None
    assert stated_by([MICROSOFT], ["microsoft-365"]) is not None
    assert stated_by(["microsoft-365; dmarc=pass"], ["microsoft-365"]) is None


def test_headers_are_found_folded_in_order_and_never_in_the_body_nor_among_arcs() -> None:
    raw = (
        b"Received: by mx\r\n\tfolded\r\n"
        b"ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass header.from=a.example\r\n"
        b"authentication-results : mx.example.com;\r\n\tdmarc=pass\r\n header.from=a.example\r\n"
        b"X-Authentication-Results: mx.example.com;\r\n dmarc=pass\r\n"
        b"Authentication-Results-Original: mx.example.com; dmarc=pass\r\n"
        b"Authentication-Results: second.example; none\r\n"
        b"\r\n"
        b"Authentication-Results: body.example; none\r\n"
    )
    assert headers(raw) == (
        "mx.example.com;\tdmarc=pass header.from=a.example",
        "second.example; none",
    )


def test_words_that_encode_a_separator_stay_encoded() -> None:
    sender = b"=?utf-8?q?=3B_dmarc=3Dpass?=@x"
    (value,) = headers(b"Authentication-Results: mx.a; spf=pass smtp.mailfrom=" + sender + b"\n\n")
    assert found(value).of("dmarc") == []


@pytest.mark.parametrize("piece", ["(", ")", '"', "\\", ";", "=", " ", "a=b ", "(\\", '"\\"'])
def test_any_header_is_read_in_one_pass(piece: str) -> None:
    """A pass costs a few milliseconds; anything worse than linear would never end."""
    read(piece * (16_384 // len(piece)))


@given(st.text(st.sampled_from('ab =;()"\\.@/\t\r\n\u00e9'), max_size=200))
def test_whatever_stands_behind_a_broken_word_is_read_or_left_out(text: str) -> None:
    stated = read(text)
    if stated is not None:
        assert all(one.method == one.method.lower() for one in stated.results)
    headers(b"Authentication-Results:" + text.encode() + b"\n\n")


@given(st.text(max_size=80))
def test_no_quoted_or_commented_words_become_a_result(words: str) -> None:
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    commented = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    value = f'mx.a; spf=fail ({commented}) smtp.mailfrom="{quoted}"@evil.example'
    (only,) = found(value).results
    assert only.properties == {"smtp.mailfrom": f"{words}@evil.example".lower()}
