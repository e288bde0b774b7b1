from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import Block

from supportbot.channels.slack.render import Post, render
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState


def make_delivery(text: str, *, escalate: bool = False) -> Delivery:
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
        escalate=escalate,
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
    (post,) = render(make_delivery("Hello", escalate=True))
    for block in post.blocks:
        parsed = Block.parse(dict(block))
        assert parsed is not None
        assert parsed.to_dict()["type"] == block["type"]


def test_buttons_carry_the_delivery() -> None:
    (post,) = render(make_delivery("Hello", escalate=True))
    feedback, escalate = (block["elements"][0] for block in post.blocks[1:])
    assert feedback["positive_button"]["value"] == "1|reply:7"
    assert feedback["negative_button"]["value"] == "-1|reply:7"
    assert (escalate["action_id"], escalate["value"]) == ("supportbot_escalate", "reply:7")


def test_nothing_in_the_text_can_call_people() -> None:
    (post,) = render(make_delivery("<!channel> <!here|x> <@U1> <#C1> 1 < 2"))
    for shown in (post.text, post.plain, post.blocks[0]["text"]):
        assert not any(power in shown for power in ("<!", "<@", "<#"))
    assert post.blocks[0]["text"].endswith("1 < 2")


def test_notification_text_is_short_and_escaped() -> None:
    (post,) = render(make_delivery("a & b " * 1500))
    assert len(post.text) <= 4000
    assert post.text.startswith("a &amp; b")
    assert len(post.plain) > 4000


def test_very_long_text_becomes_several_messages_with_buttons_under_the_last() -> None:
    posts = render(make_delivery("paragraph of words\n\n" * 1500, escalate=True))
    assert len(posts) == 3
    assert [post.part for post in posts] == [1, 2, 3]
    assert all(len(post.blocks[0]["text"]) <= 11_800 for post in posts)
    assert block_types(posts[0]) == ["markdown"]
    assert block_types(posts[-1]) == ["markdown", "context_actions", "actions"]
