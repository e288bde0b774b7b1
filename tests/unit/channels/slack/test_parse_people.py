"""What operators write, press, fill in and react with, as it is understood."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.parsing.parse import parse
from supportbot.channels.slack.parsing.people import place_of
from supportbot.errors import Unparsable
from supportbot.model.inbound import (
    Action,
    ActionKind,
    CustomerMessage,
    Edited,
    Heard,
    Ignored,
    Inbound,
    OperatorMessage,
    Sender,
)

META = {"team": "T1", "bot_user": "UBOT", "bot_id": "B1", "url": "https://x.slack.com/"}
OPERATOR = {"operator": "1"}
MESSAGE = {
    "type": "message",
    "channel": "C1",
    "channel_type": "channel",
    "user": "U1",
    "text": "Press it.",
    "ts": "2.000001",
}


def hear(payload: dict[str, Any], **facts: str) -> Heard:
    raw = json.dumps(payload).encode()
    inbound = Inbound("slack:main", ("k",), raw, META | facts, datetime.now(UTC))
    return parse(inbound, Rulebook())


def event(**changes: Any) -> dict[str, Any]:
    return {"type": "event_callback", "event": MESSAGE | changes}


def operators(**changes: Any) -> OperatorMessage:
    heard = hear(event(**changes), **OPERATOR)
    assert isinstance(heard, OperatorMessage)
    return heard


def test_what_operators_say_to_customers_is_markdown() -> None:
    said = operators(thread_ts="1.0", text="*Done*, see <https://acme.example/a|here>")
    assert said.said.text == "**Done**, see [here](https://acme.example/a)"


def test_edit_of_what_an_operator_said_is_markdown_too() -> None:
    changed = {"message": MESSAGE | {"text": "*Done*"}, "previous_message": MESSAGE}
    heard = hear(event(subtype="message_changed", **changed), **OPERATOR)
    assert isinstance(heard, Edited)
    assert heard.text == "**Done**"


@pytest.mark.parametrize(
    "asks", [{"text": "<@UBOT> *why*?"}, {"text": "*why*?", "channel_type": "im"}]
)
def test_what_operators_ask_the_bot_is_plain_as_anybodys(asks: dict[str, str]) -> None:
    assert operators(**asks).said.text == "*why*?"


def test_customers_words_stay_as_they_were_typed() -> None:
    heard = hear(event(text="*why*?"))
    assert isinstance(heard, CustomerMessage)
    assert heard.text == "*why*?"


def reaction(name: str = "white_check_mark", **changes: Any) -> dict[str, Any]:
    item = {"type": "message", "channel": "C1", "ts": "1.0"}
    body = {"type": "reaction_added", "user": "U1", "reaction": name, "item": item}
    return {"type": "event_callback", "event": body | changes}


def pressed(name: str, value: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U1", "username": "grace", "team_id": "T1"},
        "container": {"type": "message", "channel_id": "CDESK", "message_ts": "5.0"},
        "actions": [{"action_id": name, "value": value, "action_ts": "6.0"}],
    }


def test_words_below_a_message_name_it() -> None:
    heard = operators(thread_ts="1.0")
    assert (heard.below, heard.aside, heard.said.addressed) == ("C1:1.0", False, False)
    assert heard.thread_keys == ("T1:C1:1.0",)
    assert operators().below is None


@pytest.mark.parametrize(
    ("text", "aside"),
    [
        ("<@U2> can you?", True),
        ("  <@U2|kim> can you?", True),
        ("<!subteam^S1> anyone?", True),
        ("<@UBOT> hi", False),
        ("Ask <@U2>", False),
        ("<https://x.example>", False),
    ],
)
def test_what_begins_with_a_name_is_for_a_colleague(text: str, *, aside: bool) -> None:
    assert operators(text=text, thread_ts="1.0").aside is aside


def test_operators_ask_only_where_they_call_the_bot() -> None:
    assert operators(text="<@UBOT> how?").said.addressed
    assert operators(channel="D1", channel_type="im").said.addressed
    assert not operators().said.addressed


def test_a_name_and_an_address_that_were_known_come_along() -> None:
    heard = hear(event(), name="Grace", email="grace@x.example", **OPERATOR)
    assert isinstance(heard, OperatorMessage)
    assert heard.said.sender == Sender("T1:U1", "Grace", "slack:T1", "grace@x.example")


def test_the_conversation_has_a_link() -> None:
    heard = hear(event(thread_ts="1.000002"))
    assert isinstance(heard, CustomerMessage)
    assert heard.target["link"] == "https://x.slack.com/archives/C1/p1000002"


@pytest.mark.parametrize("name", ["white_check_mark", "heavy_check_mark"])
@pytest.mark.parametrize("facts", [{}, OPERATOR])
def test_a_check_mark_resolves(name: str, facts: dict[str, str]) -> None:
    heard = hear(reaction(name), **facts)
    sender = Sender("T1:U1", account="slack:T1")
    expected = Action(ActionKind.RESOLVE, sender, ("T1:C1:1.0",), on="C1:1.0", ends_with=":U1")
    assert heard == replace(expected, by_operator=bool(facts))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (reaction("eyes"), "reaction"),
        (reaction(item={"type": "file"}), "reaction_elsewhere"),
        (reaction(item=None), "reaction_elsewhere"),
        (reaction(user=None), "reaction_elsewhere"),
        (reaction(user="UBOT"), "own_message"),
    ],
)
def test_other_reactions_mean_nothing(payload: dict[str, Any], reason: str) -> None:
    assert hear(payload) == Ignored(reason)


def test_a_press_names_the_delivery_and_who_pressed() -> None:
    heard = hear(pressed("supportbot_claim", "T1-2"), **OPERATOR)
    assert heard == Action(
        ActionKind.CLAIM,
        Sender("T1:U1", "grace", "slack:T1"),
        ("T1:CDESK:5.0",),
        delivery_key="T1-2",
        by_operator=True,
    )


def test_a_score_is_read_from_its_button() -> None:
    heard = hear(pressed("supportbot_score_4", "4|T1-2"))
    assert isinstance(heard, Action)
    assert (heard.kind, heard.value, heard.delivery_key) == (ActionKind.SCORE, 4, "T1-2")
    odd = hear(pressed("supportbot_score_4", "9|T1-2"))
    assert odd == Ignored("slack action: supportbot_score_4")


def test_a_form_that_came_back_without_words_is_refused() -> None:
    view = {"callback_id": "supportbot_reply", "private_metadata": '{"delivery": "k"}'}
    with pytest.raises(Unparsable):
        hear({"type": "view_submission", "user": {"id": "U1"}, "view": view})


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        (event(), "C1"),
        (reaction(), "C1"),
        (pressed("x", "y"), "CDESK"),
        ({"view": {"private_metadata": '{"channel": "CDESK"}'}}, "CDESK"),
        ({"view": {"private_metadata": "rocket"}}, None),
        ({"event": None, "container": 7, "view": []}, None),
    ],
)
def test_the_place_of_a_payload(payload: dict[str, Any], place: str | None) -> None:
    assert place_of(payload) == place
