from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from supportbot.channels.slack.forms import (
    INPUT_BLOCK,
    MAX_INPUT_CHARS,
    filled_in,
    is_filled_in,
    modal,
    place_of_form,
)
from supportbot.channels.slack.keys import action_id, action_kind
from supportbot.channels.slack.replies.buttons import buttons
from supportbot.errors import Unparsable
from supportbot.model.inbound import ActionKind, Form

ALL = tuple(ActionKind)
FORMS = (ActionKind.REPLY, ActionKind.EDIT_DRAFT, ActionKind.COMMENT)
PLACE = {"channel": "C1", "thread_ts": "1.0"}


def action_ids(rows: list[Any]) -> list[str]:
    return [element["action_id"] for row in rows for element in row["elements"]]


def filled(view: dict[str, Any], value: object = "words") -> dict[str, Any]:
    (block,) = view["blocks"]
    typed = {block["element"]["action_id"]: {"type": "plain_text_input", "value": value}}
    return view | {"state": {"values": {block["block_id"]: typed}}}


def test_every_row_passes_the_checks_of_the_sdk() -> None:
    for row in buttons(ALL, "key"):
        parsed = Block.parse(dict(row))
        assert parsed is not None
        assert parsed.to_dict()["type"] == row["type"]


def test_ids_are_unique_and_lead_back_to_what_they_ask_for() -> None:
    ids = action_ids(buttons(ALL, "key"))
    assert len(ids) == len(set(ids))
    assert {action_kind(one) for one in ids} == set(ALL) - {ActionKind.STOP}


@pytest.mark.parametrize("name", ["", "reply", "supportbot_", "supportbot_nothing", "other_reply"])
def test_what_is_none_of_ours_is_no_action(name: str) -> None:
    assert action_kind(name) is None


def test_nothing_is_shown_where_nothing_is_offered() -> None:
    assert buttons((), "key") == []


def test_every_button_carries_the_delivery() -> None:
    for row in buttons((ActionKind.SCORE, ActionKind.REPLY), "T1-2"):
        assert all(element["value"].endswith("T1-2") for element in row["elements"])


@pytest.mark.parametrize("kind", FORMS)
def test_form_passes_the_checks_of_the_sdk_and_comes_back(kind: ActionKind) -> None:
    view = modal(Form(kind, "T1-2", "Dear Ada"), PLACE)
    View(**view).to_dict()
    assert view["blocks"][0]["element"]["initial_value"] == "Dear Ada"
    back = filled_in(filled(view))
    assert back is not None
    assert (back.kind, back.delivery_key, back.text) == (kind, "T1-2", "words")
    assert place_of_form(view) == {"delivery": "T1-2", **PLACE}
    assert is_filled_in({"view": view})


def test_the_longest_text_that_a_form_takes_passes() -> None:
    view = modal(Form(ActionKind.EDIT_DRAFT, "k", "x" * MAX_INPUT_CHARS), PLACE)
    View(**view).to_dict()


def test_form_that_holds_no_words_cannot_be_read() -> None:
    with pytest.raises(Unparsable):
        filled_in(filled(modal(Form(ActionKind.REPLY, "k"), PLACE), 7))


def test_blank_field_is_an_empty_text() -> None:
    back = filled_in(filled(modal(Form(ActionKind.REPLY, "k"), PLACE), None))
    assert back is not None
    assert back.text == ""


@pytest.mark.parametrize("kept", ["", "no json", "[]", "{}", '{"delivery": 7}'])
def test_form_without_its_delivery_cannot_be_read(kept: str) -> None:
    view = filled(modal(Form(ActionKind.REPLY, "k"), PLACE)) | {"private_metadata": kept}
    with pytest.raises(Unparsable):
        filled_in(view)


@pytest.mark.parametrize("payload", [{}, {"view": None}, {"view": {"callback_id": "x"}}])
def test_other_forms_are_not_ours(payload: dict[str, Any]) -> None:
    assert not is_filled_in(payload)
    assert filled_in(payload.get("view") or {}) is None


def test_errors_of_a_form_name_its_input() -> None:
    assert modal(Form(ActionKind.REPLY, "k"), {})["blocks"][0]["block_id"] == INPUT_BLOCK
    assert action_id(ActionKind.REPLY) == "supportbot_reply"
