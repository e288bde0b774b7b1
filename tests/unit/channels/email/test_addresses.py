from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.channels.email.reading.addresses import parse_addresses
from supportbot.channels.email.reading.mail import Address


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@x.example", [("", "ann@x.example")]),
        ("Ann <ann@x.example>", [("Ann", "ann@x.example")]),
        ('"Doe, John" <j@x.example>', [("Doe, John", "j@x.example")]),
        ("Doe, John <j@x.example>", [("Doe, John", "j@x.example")]),
        ("ann@x.example (Ann A.)", [("Ann A.", "ann@x.example")]),
        ("=?utf-8?q?J=C3=BCrgen=2C_X?= <j@x.example>", [("Jürgen, X", "j@x.example")]),
        ("a@x.example, B <b@x.example>", [("", "a@x.example"), ("B", "b@x.example")]),
        ("Team: a@x.example, b@x.example;", [("", "a@x.example"), ("", "b@x.example")]),
        ("undisclosed-recipients:;", []),
        ('"a@x.example" <a@evil@b.example>', [("a@x.example", "")]),
        ("MAILER-DAEMON <>", [("MAILER-DAEMON", "")]),
        ("<@relay.example:a@x.example>", [("", "a@x.example")]),
        ("jörg@exämple.example", [("", "jörg@exämple.example")]),
        ("", []),
    ],
)
def test_address_headers_are_read(value: str, expected: list[tuple[str, str]]) -> None:
    assert list(parse_addresses(value)) == [Address(*one) for one in expected]


@pytest.mark.parametrize("unit", ["(", '"', '\\"', "<", "a@b.c, ", ",", "a:", ";", '"\\"'])
def test_hostile_address_headers_take_linear_time(
    unit: str, grows_linearly: Callable[..., None]
) -> None:
    grows_linearly(lambda n: parse_addresses(unit * n), 4_000)
