"""Emoji in the fake workspace: events tell the app of each, once."""

from __future__ import annotations

import pytest

from supportbot.testing.fake_slack import FakeSlack


def _told(slack: FakeSlack) -> list[tuple[str, str, str]]:
    events = [delivery.payload["event"] for delivery in slack.deliveries]
    return [
        (event["type"], event["reaction"], event["item"]["ts"])
        for event in events
        if event["type"].startswith("reaction")
    ]


async def test_emoji_is_told_once_and_can_be_taken_away() -> None:
    async with FakeSlack(strict=False, retry_delays_seconds=()) as slack:
        message = slack.say("support", "ada", "solved")
        slack.reactions.add(message, "white_check_mark", "ada")
        slack.reactions.add(message, "white_check_mark", "ada")
        assert message.reactions == {"white_check_mark": ["U0ADA"]}
        slack.reactions.remove(message, "white_check_mark", "ada")
        assert message.reactions == {}
        assert _told(slack) == [
            ("reaction_added", "white_check_mark", message.ts),
            ("reaction_removed", "white_check_mark", message.ts),
        ]


async def test_emoji_that_is_not_there_cannot_be_taken_away() -> None:
    async with FakeSlack(strict=False, retry_delays_seconds=()) as slack:
        message = slack.say("support", "ada", "solved")
        with pytest.raises(LookupError):
            slack.reactions.remove(message, "eyes", "ada")
