from __future__ import annotations

import pytest

from supportbot.dashboard.origin import from_own_page, safe_next, token_matches


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://a.test", "host": "a.test"}, False),
        ({"origin": "https://a.test", "host": "a.test"}, True),
        ({"origin": "https://a.test:8443", "host": "a.test:8443"}, True),
        ({"origin": "https://b.test", "host": "a.test"}, False),
        ({"origin": "null", "host": "a.test"}, False),
        ({"host": "a.test"}, True),
    ],
)
def test_own_page_is_told_from_a_strangers(headers: dict[str, str], ours: bool) -> None:  # noqa: FBT001 - a column of the table
    assert from_own_page(headers) is ours


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/tickets/01ABC?said=x", "/tickets/01ABC?said=x"),
        ("", "/inbox"),
        (None, "/inbox"),
        ("https://evil.test/", "/inbox"),
        ("//evil.test/", "/inbox"),
        ("/\\evil.test/", "/inbox"),
        ("/\t/evil.test/", "/inbox"),
        ("javascript:alert(1)", "/inbox"),
    ],
)
def test_login_leads_only_to_own_paths(path: str | None, target: str) -> None:
    assert safe_next(path) == target


def test_token_must_be_equal_whatever_is_sent() -> None:
    assert token_matches("abc", "abc")
    assert not token_matches("abc", "äöü")
    assert not token_matches("abc", "")
