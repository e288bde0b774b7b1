"""Questions by command and by shortcut: who asks what, about which product, and where it goes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.slack.config import ChannelRules, Rulebook
from supportbot.channels.slack.keys import inbound_keys
from supportbot.channels.slack.parsing.parse import parse
from supportbot.channels.slack.surfaces.words import BARRED, TAKEN, request_line
from supportbot.errors import EmptyBody, Unparsable
from supportbot.model.inbound import (
    Accepted,
    Conversation,
    CustomerMessage,
    Heard,
    Ignored,
    Inbound,
    Sender,
)

META = {"team": "T1", "bot_user": "UBOT", "bot_id": "B1"}
PRODUCTS = {"rocket": "Rocket", "anvil": "Anvil"}
RULEBOOK = Rulebook(
    {"C1": ChannelRules("rocket"), "CVIP": ChannelRules("rocket", groups=frozenset({"S1"}))},
    ChannelRules("anvil"),
    PRODUCTS,
)


def command(text: str | None, **changes: Any) -> dict[str, Any]:
    payload = {
        "command": "/support",
        "text": text,
        "user_id": "U1",
        "team_id": "T1",
        "channel_id": "C1",
        "trigger_id": "9.x",
    }
    return payload | changes


def shortcut(**changes: Any) -> dict[str, Any]:
    payload = {
        "type": "message_action",
        "callback_id": "supportbot_ask",
        "user": {"id": "U1", "team_id": "T1"},
        "channel": {"id": "C9"},
        "message": {"user": "U2", "text": "It says &lt;E42&gt;", "ts": "1700000000.000100"},
        "trigger_id": "9.x",
    }
    return payload | changes


def hear(payload: dict[str, Any], **facts: str) -> Heard:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    raw = json.dumps(payload).encode()
    return parse(Inbound("slack:main", ("k",), raw, {**META, **facts}, moment), RULEBOOK)


def question(payload: dict[str, Any], **facts: str) -> CustomerMessage:
    heard = hear(payload, **facts)
    assert isinstance(heard, CustomerMessage)
    return heard


def test_command_is_a_question_that_is_shown_and_answered_in_a_direct_message() -> None:
    heard = question(command("How do I export?"), name="Ada")
    assert heard.text == "How do I export?"
    assert heard.sender == Sender("T1:U1", "Ada", "slack:T1")
    assert heard.target == {"team": "T1", "user": "U1", "user_team": "T1"}
    assert heard.thread_keys == ("T1:asked:command:9.x",)
    assert heard.conversation == Conversation("dm:T1:U1", fresh=True)
    assert (heard.echo, heard.addressed, heard.barred) == (True, True, None)


@pytest.mark.parametrize(
    ("text", "channel", "product", "asked"),
    [
        ("How do I export?", "C1", "rocket", "How do I export?"),
        ("How do I export?", "C2", "anvil", "How do I export?"),
        ("anvil How do I export?", "C1", "anvil", "How do I export?"),
        ("Anvil: how?", "C1", "anvil", "how?"),
        ("anvils are heavy", "C1", "rocket", "anvils are heavy"),
        ("a &lt;b&gt; for <@U7|kim>", "C1", "rocket", "a <b> for @kim"),
    ],
)
def test_product_is_that_of_the_first_word_or_of_the_channel(
    text: str, channel: str, product: str, asked: str
) -> None:
    heard = question(command(text, channel_id=channel))
    assert (heard.product, heard.text) == (product, asked)


@pytest.mark.parametrize("text", ["", "  ", "help", "HELP", "anvil", None])
def test_command_that_asks_nothing_is_answered_with_help(text: str | None) -> None:
    payload = command(text)
    assert hear(payload) == Ignored("asks_nothing")
    line = request_line(payload, Accepted(1, suppressed="asks_nothing"), RULEBOOK)
    assert "`/support anvil …` for Anvil" in line


def test_channel_of_a_group_bars_commands_too() -> None:
    heard = question(command("hi", channel_id="CVIP"))
    assert heard.barred == "not_in_group"
    assert question(command("hi", channel_id="CVIP"), groups="S1").barred is None


def test_shortcut_asks_what_somebody_else_wrote() -> None:
    heard = question(shortcut())
    assert (heard.text, heard.product) == ("It says <E42>", "anvil")
    assert heard.sender.external_id == "T1:U1"
    assert heard.target["about"] == "C9:1700000000.000100"
    assert heard.echo


def test_own_message_in_a_known_channel_is_answered_where_it_stands() -> None:
    message = {"user": "U1", "text": "It says E42", "ts": "2.0", "thread_ts": "1.0"}
    heard = question(shortcut(message=message, channel={"id": "C1"}))
    assert heard.thread_keys == ("T1:C1:1.0",)
    assert (heard.target["channel"], heard.target["thread_ts"]) == ("C1", "1.0")
    assert (heard.echo, heard.product) == (False, "rocket")


def test_each_choice_of_a_shortcut_counts_once() -> None:
    first, again = shortcut(action_ts="1.0"), shortcut(action_ts="2.0", trigger_id="7.x")
    assert inbound_keys(first, b"", "T1") == inbound_keys(dict(first), b"", "T1")
    assert inbound_keys(first, b"", "T1") != inbound_keys(again, b"", "T1")
    assert inbound_keys(shortcut(), b"", "T1") != inbound_keys(first, b"", "T1")


def test_shortcut_on_a_message_without_words_is_refused() -> None:
    with pytest.raises(EmptyBody):
        hear(shortcut(message={"user": "U2", "text": "", "ts": "1.0"}))


@pytest.mark.parametrize(
    "payload",
    [
        command("hi", user_id=None),
        shortcut(user=None),
        shortcut(message=None),
        shortcut(channel="C1"),
        shortcut(message={"text": "x"}),
    ],
)
def test_request_without_its_parts_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(Unparsable):
        hear(payload)


@pytest.mark.parametrize(
    ("suppressed", "line"),
    [(None, TAKEN), ("not_in_group", BARRED["not_in_group"])],
)
def test_whoever_asks_is_told_what_becomes_of_it(suppressed: str | None, line: str) -> None:
    accepted = Accepted(1, suppressed=suppressed)
    assert request_line(command("hi"), accepted, RULEBOOK) == line


def test_every_reason_has_a_line() -> None:
    accepted = Accepted(1, suppressed="something_new")
    assert request_line(command("hi"), accepted, RULEBOOK).endswith(".")


def form(value: Any = "How do I export?", **view: Any) -> dict[str, Any]:
    state = {"values": {"supportbot_words": {"supportbot_words_input": {"value": value}}}}
    shown = {
        "id": "V1",
        "callback_id": "supportbot_ask_form",
        "private_metadata": "anvil",
        "state": state,
    }
    person = {"id": "U1", "team_id": "T1"}
    return {"type": "view_submission", "user": person, "view": shown | view}


def test_form_asks_about_its_product() -> None:
    heard = question(form())
    assert (heard.text, heard.product, heard.echo) == ("How do I export?", "anvil", True)
    assert heard.thread_keys == ("T1:asked:form:V1",)


def test_form_of_a_product_that_is_gone_falls_to_the_default() -> None:
    assert question(form(private_metadata="gone")).product is None


def test_form_of_somebody_else_is_ignored() -> None:
    assert hear(form(callback_id="other")) == Ignored("slack form: other")


@pytest.mark.parametrize("value", ["", "  ", None])
def test_empty_form_is_refused(value: Any) -> None:
    with pytest.raises(EmptyBody):
        hear(form(value))


@pytest.mark.parametrize("state", [None, {}, {"values": {"supportbot_words": 1}}])
def test_form_without_its_field_is_refused(state: Any) -> None:
    with pytest.raises(Unparsable):
        hear(form(state=state))


def test_form_that_holds_no_words_is_refused() -> None:
    with pytest.raises(Unparsable):
        hear(form(7))


def test_press_that_opens_a_form_asks_nothing_yet() -> None:
    action = {"action_id": "supportbot_ask:rocket", "value": "rocket"}
    press = {"type": "block_actions", "user": {"id": "U1"}, "actions": [action]}
    assert hear(press) == Ignored("supportbot_ask_form")
