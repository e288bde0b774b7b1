from __future__ import annotations

import pytest

from supportbot.channels.email.identity import is_ours, message_id

SECRET = b"s" * 32


def test_message_id_is_the_same_for_every_attempt_and_differs_by_delivery() -> None:
    first = message_id("reply:1", "bot.example", SECRET)
    assert first == message_id("reply:1", "bot.example", SECRET)
    assert first != message_id("reply:2", "bot.example", SECRET)
    assert first.endswith("@bot.example>")
    assert len(first) < 78


def test_own_message_id_is_known_whatever_its_case_and_domain() -> None:
    own = message_id("reply:1", "bot.example", SECRET)
    assert is_ours(own, SECRET)
    assert is_ours(own.upper().replace("BOT", "alias"), SECRET)


@pytest.mark.parametrize(
    "forged",
    ["", "<a@b>", "<sb.000000000000000000000000.000000000000000000000000@bot.example>", "<sb.é@x>"],
)
def test_forged_message_id_is_not_ours(forged: str) -> None:
    assert not is_ours(forged, SECRET)


def test_message_id_of_another_installation_is_not_ours() -> None:
    assert not is_ours(message_id("reply:1", "bot.example", b"other"), SECRET)
