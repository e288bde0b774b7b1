from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from supportbot.channels.slack.replies.ladder import forms
from supportbot.channels.slack.replies.render import Post, render
from supportbot.model.delivery import (
    ANSWER_OFFERS,
    Audience,
    Delivery,
    DeliveryKind,
    DeliveryState,
)


def make_delivery(text: str, **changes: Any) -> Delivery:
    return Delivery(
        id=1,
        key="reply:7",
        ticket_id=1,
        ticket="01T",
        channel="slack:main",
        audience=Audience.CUSTOMER,
        kind=DeliveryKind.REPLY,
        state=DeliveryState.SENDING,
        target={"channel": "C1", "thread_ts": "1.0", "team": "T1"},
        text=text,
        subject=None,
        handler_epoch=0,
        **changes,
    )


def block_types(post: Post) -> list[Any]:
    return [block["type"] for block in post.blocks]


def test_text_travels_in_a_markdown_block_with_the_delivery_key_beside_it() -> None:
    (post,) = render(make_delivery("# Title\n\n| a | b |"))
    assert post.blocks == ({"type": "markdown", "text": "# Title\n\n| a | b |"},)
    assert post.metadata == {
        "event_type": "supportbot_delivery",
        "event_payload": {"delivery": "reply:7", "part": 1, "parts": 1},
    }


def test_every_block_passes_the_checks_of_the_sdk() -> None:
    (post,) = render(make_delivery("Hello", offers=ANSWER_OFFERS))
    for block in post.blocks:
        parsed = Block.parse(dict(block))
        assert parsed is not None
        assert parsed.to_dict()["type"] == block["type"]


def test_buttons_carry_the_delivery() -> None:
    (post,) = render(make_delivery("Hello", offers=ANSWER_OFFERS))
    feedback, escalate = (block["elements"][0] for block in post.blocks[1:])
    assert feedback["positive_button"]["value"] == "1|reply:7"
    assert feedback["negative_button"]["value"] == "-1|reply:7"
    assert (escalate["action_id"], escalate["value"]) == ("supportbot_escalate", "reply:7")


POWERS = (
    "<!channel>",
    "<!here|x>",
    "<!everyone>",
    "<!subteam^S0123|@oncall>",
    "<!date^1392734382^{date}|x>",
    "<@U1>",
    "<@W1|ada>",
    "<#C1>",
    "<mailto:thief@evil.example|write to us>",
    "<https://evil.example|our help page>",
    "<HTTPS://evil.example|our help page>",
)


def shown_by(post: Post) -> list[str]:
    """All texts that may leave for Slack, in every form."""
    shown = []
    for form in forms(post):
        blocks = form.get("blocks", [])
        shown += [form.get("text", ""), form.get("markdown_text", "")]
        shown += [block["text"] for block in blocks if block["type"] == "markdown"]
    return shown


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("around", ["{}", "a {} b", "`{}`", "```\n{}\n```", "| {} |", "&lt;{}"])
def test_nothing_in_the_text_can_call_people_or_hide_a_link(power: str, around: str) -> None:
    (post,) = render(make_delivery(around.format(power)))
    begins = power.lower()[:2]
    for shown in shown_by(post):
        assert begins not in shown.lower(), shown
        assert power not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"a \<!channel>", "a &lt;!channel>"),
        (r"a \\<!channel>", r"a \\&lt;!channel>"),
        (r"a \\\<!channel>", r"a \\&lt;!channel>"),
        (r"a \<b>", r"a \<b>"),
    ],
)
def test_what_was_escaped_is_escaped_once(text: str, shown: str) -> None:
    (post,) = render(make_delivery(text))
    assert post.blocks[0]["text"] == shown


@pytest.mark.parametrize(
    "harmless", ["1 < 2 <br>", "<!-- a -->", "<!DOCTYPE html>", "<https://help.example>"]
)
def test_what_has_no_power_stays_as_it_is(harmless: str) -> None:
    (post,) = render(make_delivery(harmless))
    assert post.blocks[0]["text"] == harmless


def test_notification_text_is_short_and_escaped() -> None:
    (post,) = render(make_delivery("a & b " * 1500))
    assert len(post.text) < 4000
    assert post.text.startswith("a &amp; b")
    assert len(post.plain) > 4000


def test_link_is_spelled_out_where_markdown_is_not_read() -> None:
    (post,) = render(make_delivery("Source: [Plans](https://help.example/p?a=1&b=2)"))
    assert post.text == "Source: Plans (https://help.example/p?a=1&amp;b=2)"


@given(st.text(alphabet="ab&<>;!@#lmtpg ", max_size=200), st.integers(3_700, 4_200))
def test_notification_never_ends_within_an_escape(text: str, filled: int) -> None:
    (post,) = render(make_delivery("x" * filled + text))
    assert len(post.text) < 4000
    assert not set("&<>") & set(re.sub("&(?:amp|lt|gt);", "", post.text))


@given(st.text(alphabet="ab <>!@#&|:\n`", max_size=300))
def test_no_text_at_all_can_call_people(text: str) -> None:
    for post in render(make_delivery(text.replace("ab", "<!channel>"))):
        for shown in shown_by(post):
            assert not re.search("<!(?:channel)|<[@#]", shown)


def test_very_long_text_becomes_several_messages_with_buttons_under_the_last() -> None:
    posts = render(make_delivery("paragraph of words\n\n" * 1500, offers=ANSWER_OFFERS))
    assert len(posts) == 3
    assert [post.part for post in posts] == [1, 2, 3]
    assert all(len(post.blocks[0]["text"]) <= 11_800 for post in posts)
    assert block_types(posts[0]) == ["markdown"]
    assert block_types(posts[-1]) == ["markdown", "context_actions", "actions"]


@pytest.mark.parametrize(
    ("target", "name", "shown"),
    [
        ({"team": "T1", "user_team": "T1"}, "Grace Hopper", "Grace Hopper"),
        ({"team": "T1"}, "Grace Hopper", "Grace Hopper"),
        ({"team": "T1", "user_team": "T2"}, "Grace Hopper", "Somebody"),
        ({"team": "T1", "user_team": "T1"}, "U0123ABC", "Somebody"),
    ],
)
def test_operators_are_named_to_colleagues_only(
    target: dict[str, str], name: str, shown: str
) -> None:
    (post,) = render(replace(make_delivery("Press *Export*."), signed=name, target=target))
    assert post.text.startswith(f"{shown}: ")
    assert post.blocks[0]["elements"][0]["text"] == f"{shown} from the support team"
