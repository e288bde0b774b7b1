"""Block Kit becomes parts of the lab page; whatever a text holds, no markup of its own survives."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.demo.lab.blocks import as_html, parts

NAMES = {"U1": "Maya Okafor"}


def named(user: str) -> str:
    return NAMES.get(user, user)


def button(**more: Any) -> dict[str, Any]:
    text = {"type": "plain_text", "text": "Claim"}
    return {"type": "button", "action_id": "claim", "text": text, **more}


@pytest.mark.parametrize(
    ("mrkdwn", "html"),
    [
        ("*bold* and ~gone~", "<p><strong>bold</strong> and <s>gone</s></p>\n"),
        ("2*3*4", "<p>2*3*4</p>\n"),
        ("<@U1> and <@U2|two>", "<p>@Maya Okafor and @U2</p>\n"),
        ("<!here> <!date^1^{date}|today>", "<p>@here today</p>\n"),
        (":white_check_mark: :no_such:", "<p>✅ :no_such:</p>\n"),
        ("a &lt;b&gt; &amp; c", "<p>a &lt;b&gt; &amp; c</p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
    ],
)
def test_slacks_own_markup_is_read(mrkdwn: str, html: str) -> None:
    assert as_html(mrkdwn, named) == html


def test_link_is_shown_by_its_words() -> None:
    html = as_html("<https://h.example/a|the page>", named)
    assert 'href="https://h.example/a"' in html
    assert ">the page</a>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<javascript:alert(1)|go>",
        "<script>alert(1)</script>",
        "<https://h.example/|<img src=x onerror=alert(1)>>",
        "[go](javascript:alert(1))",
    ],
)
def test_text_has_no_power(text: str) -> None:
    for kind in ("mrkdwn", "plain_text"):
        block = {"type": "section", "text": {"type": kind, "text": text}}
        (part,) = parts([block], named)
        assert "<script" not in part["html"]
        assert "<img" not in part["html"]
        assert 'href="javascript' not in part["html"]


def test_plain_text_is_shown_as_it_is() -> None:
    block = {
        "type": "context",
        "elements": [{"type": "plain_text", "text": "*a* [b](c) <@U1> `d`"}],
    }
    (part,) = parts([block], named)
    assert part == {"kind": "note", "html": "<p>*a* [b](c) &lt;@U1&gt; `d`</p>\n"}


def test_feedback_is_two_buttons_and_others_keep_their_style() -> None:
    thumb = {"text": {"type": "plain_text", "text": "Yes"}, "value": "1"}
    thumbs = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": thumb,
        "negative_button": {**thumb, "text": {"type": "plain_text", "text": "No"}},
    }
    blocks = [
        {"type": "context_actions", "elements": [thumbs]},
        {"type": "actions", "elements": [button(style="primary")]},
    ]
    shown = [b for part in parts(blocks, named) for b in part["buttons"]]
    assert [(b["text"], b["positive"], b["style"]) for b in shown] == [
        ("Yes", True, None),
        ("No", False, None),
        ("Claim", None, "primary"),
    ]


def test_section_shows_fields_and_its_button() -> None:
    text = {"type": "mrkdwn", "text": "words"}
    block = {"type": "section", "text": text, "fields": [text], "accessory": button()}
    assert [part["kind"] for part in parts([block], named)] == ["html", "html", "buttons"]


def test_input_tells_what_it_holds() -> None:
    label = {"type": "plain_text", "text": "Product"}
    options = [{"value": v, "text": {"type": "plain_text", "text": v.upper()}} for v in "ab"]
    select = {"type": "static_select", "action_id": "s", "options": options}
    block = {
        "type": "input",
        "block_id": "product",
        "label": label,
        "optional": True,
        "element": {**select, "initial_option": options[1]},
    }
    (part,) = parts([block], named)
    assert (part["id"], part["value"], part["optional"]) == ("product", "b", True)
    assert part["choices"] == [{"value": "a", "text": "A"}, {"value": "b", "text": "B"}]


def test_block_that_is_not_known_is_left_out() -> None:
    blocks = [{"type": "divider"}, {"type": "video", "title": "x"}]
    assert parts(blocks, named) == [{"kind": "line"}]
