"""What can be pressed below a message, as Block Kit has it. Pure.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from supportbot.channels.slack.keys import action_id
from supportbot.model.inbound import ActionKind

_Block = Mapping[str, Any]

SCORES = (1, 2, 3, 4, 5)
_LABELS = {
    ActionKind.ESCALATE: "Talk to a person",
    ActionKind.COMMENT: "Add a comment",
    ActionKind.RESOLVE: "Resolve",
    ActionKind.CLAIM: "Claim",
    ActionKind.REPLY: "Reply",
    ActionKind.RETURN: "Return to bot",
    ActionKind.SEND_DRAFT: "Send",
    ActionKind.EDIT_DRAFT: "Edit",
    ActionKind.DISCARD_DRAFT: "Discard",
}
_STYLES = {
    ActionKind.CLAIM: {"style": "primary"},
    ActionKind.SEND_DRAFT: {"style": "primary"},
    ActionKind.DISCARD_DRAFT: {"style": "danger"},
}


def buttons(offers: Sequence[ActionKind], delivery_key: str) -> list[_Block]:
    """Return the rows for what a delivery offers; every button carries the delivery's key."""
    rows: list[_Block] = []
    if ActionKind.FEEDBACK in offers:
        rows.append(_thumbs(delivery_key))
    if ActionKind.SCORE in offers:
        scores = [_score(score, delivery_key) for score in SCORES]
        rows.append(_row("supportbot_score_row", scores))
    plain = [_button(kind, delivery_key) for kind in offers if kind in _LABELS]
    return [*rows, _row("supportbot_actions_row", plain)] if plain else rows


def _thumbs(delivery_key: str) -> _Block:
    thumbs = {
        "type": "feedback_buttons",
        "action_id": action_id(ActionKind.FEEDBACK),
        "positive_button": _vote("Helpful", f"1|{delivery_key}"),
        "negative_button": _vote("Not helpful", f"-1|{delivery_key}"),
    }
    return {"type": "context_actions", "block_id": "supportbot_feedback_row", "elements": [thumbs]}


def _row(block_id: str, elements: list[_Block]) -> _Block:
    return {"type": "actions", "block_id": block_id, "elements": elements}


def _button(kind: ActionKind, delivery_key: str) -> _Block:
    return {
        "type": "button",
        "action_id": action_id(kind),
        "text": _label(_LABELS[kind]),
        "value": delivery_key,
        **_STYLES.get(kind, {}),
    }


def _score(score: int, delivery_key: str) -> _Block:
    return {
        "type": "button",
        "action_id": f"{action_id(ActionKind.SCORE)}_{score}",
        "text": _label(str(score)),
        "value": f"{score}|{delivery_key}",
        "accessibility_label": f"{score} of {SCORES[-1]}",
    }


def _vote(text: str, value: str) -> _Block:
    return {"text": _label(text), "value": value, "accessibility_label": text}


def _label(text: str) -> _Block:
    return {"type": "plain_text", "text": text, "emoji": True}
