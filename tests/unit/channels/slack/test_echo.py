from __future__ import annotations

from supportbot.channels.slack.replies.echo import quoted


def test_a_quoted_question_is_no_link_in_our_message() -> None:
    shown = quoted("[Reset your password](https://evil.example)\n`code`", None)
    assert shown == ("You asked:\n\n> \\[Reset your password](https://evil.example)\n> \\`code\\`")
