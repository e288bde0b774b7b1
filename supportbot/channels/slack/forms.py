"""Forms with one field for words: as Slack's modals, and what was filled in. Pure.

https://docs.slack.dev/reference/views/modal-views
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supportbot.channels.slack.keys import action_id, action_kind
from supportbot.errors import Unparsable
from supportbot.model.inbound import ActionKind, Form

Payload = Mapping[str, Any]

#: What a `plain_text_input` takes at most.
MAX_INPUT_CHARS = 3_000
INPUT_BLOCK = "supportbot_words"
_INPUT_ACTION = "supportbot_words_input"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a form is called (24 characters at most), and what it asks for (2,000)."""

    title: str
    label: str
    submit: str = "Send"
    #: Stands below the field.
    hint: str = ""


_WORDINGS = {
    ActionKind.REPLY: Wording("Reply", "What the customer will read"),
    ActionKind.EDIT_DRAFT: Wording("Edit the draft", "What the customer will read"),
    ActionKind.COMMENT: Wording("Your comment", "What could be better?"),
}


@dataclass(frozen=True, slots=True)
class FilledIn:
    """A form that came back."""

    kind: ActionKind
    delivery_key: str
    text: str


def modal(form: Form, place: Mapping[str, str]) -> dict[str, Any]:
    """Return the view of a form; `place` (channel, thread_ts) comes back with it."""
    kept = json.dumps({"delivery": form.delivery_key, **place})
    return form_view(action_id(form.kind), kept, _WORDINGS[form.kind], form.text)


def form_view(name: str, kept: str, wording: Wording, text: str = "") -> dict[str, Any]:
    """Return a view with a field that holds `text`; `kept` comes back with what is filled in."""
    field: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": _INPUT_ACTION,
        "multiline": True,
        "max_length": MAX_INPUT_CHARS,
        "focus_on_load": True,
    }
    if text:
        field["initial_value"] = text
    question = {
        "type": "input",
        "block_id": INPUT_BLOCK,
        "label": _text(wording.label),
        "element": field,
    }
    hint = {"type": "context", "elements": [_text(wording.hint)]}
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": kept,
        "title": _text(wording.title),
        "submit": _text(wording.submit),
        "close": _text("Cancel"),
        "blocks": [question, hint] if wording.hint else [question],
    }


def words_of(view: Payload) -> str | None:
    """Return what was filled in; None: there is no such field. Slack has null for a blank one."""
    field: Any = view
    for name in ("state", "values", INPUT_BLOCK, _INPUT_ACTION):
        field = field.get(name) if isinstance(field, dict) else None
    words = (field.get("value") or "") if isinstance(field, dict) else None
    return words if isinstance(words, str) else None


def filled_in(view: Payload) -> FilledIn | None:
    """Read a form that came back; None: it is none of ours.

    Raises:
        Unparsable: it is ours, but what was filled in is missing.
    """
    kind = action_kind(str(view.get("callback_id")))
    if kind is None or kind not in _WORDINGS:
        return None
    key, words = place_of_form(view).get("delivery"), words_of(view)
    if not key or words is None:
        raise Unparsable("a Slack form came back without its words")
    return FilledIn(kind, key, words)


def is_filled_in(payload: Payload) -> bool:
    """Tell one of our forms that came back from other views."""
    view = payload.get("view")
    name = view.get("callback_id") if isinstance(view, dict) else None
    return action_kind(str(name)) in _WORDINGS


def place_of_form(view: Payload) -> Mapping[str, str]:
    """Return where a form was asked for: what `modal` was given, and the delivery's key."""
    try:
        kept = json.loads(str(view.get("private_metadata") or "{}"))
    except ValueError:
        return {}
    return {k: v for k, v in kept.items() if isinstance(v, str)} if isinstance(kept, dict) else {}


def _text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
