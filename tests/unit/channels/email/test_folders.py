from __future__ import annotations

import pytest

from supportbot.channels.email.arriving.folders import is_set_aside


@pytest.mark.parametrize(
    ("name", "attributes", "expected"),
    [
        ("INBOX", (), False),
        ("Support", ("\\HasNoChildren",), False),
        ("Sent questions", (), False),
        ("Trash removal", (), False),
        ("Junk", (), True),
        ("[Gmail]/Spam", (), True),
        ("INBOX.Sent", (), True),
        ("inbox/sent ITEMS", (), True),
        ("Entwürfe", (), True),
        ("Éléments supprimés", (), True),
        ("迷惑メール", ("\\Junk",), True),
        ("Toate mesajele", ("\\HasNoChildren", "\\all"), True),
    ],
)
def test_folders_of_junk_sent_mail_drafts_and_trash_are_told(
    name: str, attributes: tuple[str, ...], *, expected: bool
) -> None:
    assert is_set_aside(name, attributes) is expected
