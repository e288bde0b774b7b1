from __future__ import annotations

import pytest

from supportbot.channels.email.connecting.imap_server import imap_server, sign_in
from supportbot.errors import SettingsError


class Client:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def starttls(self, _context: object) -> None:
        self.asked.append("starttls")

    def login(self, username: str, password: str) -> None:
        self.asked.append(f"login {username} {password}")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("imaps://bot@mail.example", ["login bot pw"]),
        ("imap://bot@mail.example", ["starttls", "login bot pw"]),
        ("imap://bot@127.0.0.1", ["login bot pw"]),
        ("imap://bot@localhost", ["login bot pw"]),
        ("imap://bot@127.0.0.1.evil.example", ["starttls", "login bot pw"]),
    ],
)
def test_a_password_leaves_only_over_tls_or_to_this_machine(url: str, asked: list[str]) -> None:
    client = Client()
    sign_in(client, imap_server(url), "pw")
    assert client.asked == asked


def test_a_folder_stands_in_the_url_or_apart() -> None:
    assert imap_server("imaps://bot@h/Sub%20Folder").folders == ("Sub Folder",)
    assert imap_server("imaps://a%40b@h").folders == ("INBOX",)
    assert imap_server("imaps://a%40b@h", ("A", "B")).folders == ("A", "B")


@pytest.mark.parametrize("url", ["pop3://u@h", "imaps://h", "imaps://u@", "h"])
def test_a_url_that_is_none_shows_one(url: str) -> None:
    with pytest.raises(SettingsError, match="imaps://user@host:993"):
        imap_server(url)
