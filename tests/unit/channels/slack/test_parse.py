from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.keys import inbound_keys
from supportbot.channels.slack.parsing.people import Person, person_of
from supportbot.channels.slack.parsing.profiles import profile_payload
from supportbot.errors import EmptyBody, Unparsable
from supportbot.model.inbound import (
    Action,
    ActionKind,
    Conversation,
    CustomerMessage,
    Ignored,
    Introduced,
    Referred,
    Sender,
)
from tests.unit.channels.slack.heard import (
    META,
    hear,
    hear_payload,
    hear_raw,
    message_event,
)


def customer_message(facts: dict[str, str] | None = None, **changes: Any) -> CustomerMessage:
    heard = hear(message_event(**changes), **(facts or {}))
    assert isinstance(heard, CustomerMessage)
    return heard


VIEWED = {"entities": [{"type": "slack#/types/channel_id", "value": "C1"}]}


def test_direct_message_asks_about_the_product_that_is_looked_at() -> None:
    at_home = {"channel": "D1", "channel_type": "im"}
    assert customer_message(**at_home).product == "anvil"
    assert customer_message(**at_home, app_context=VIEWED).product == "rocket"


def test_message_in_a_channel_asks_about_the_product_of_that_channel() -> None:
    assert customer_message(channel="C9", app_context=VIEWED).product == "anvil"


def test_channel_message_names_sender_thread_target_and_product() -> None:
    heard = customer_message()
    assert heard.sender.external_id == "T1:U1"
    assert heard.sender.account == "slack:T1"
    assert heard.thread_keys == ("T1:C1:1700000000.000100",)
    assert heard.target == {
        "channel": "C1",
        "thread_ts": "1700000000.000100",
        "team": "T1",
        "user": "U1",
        "user_team": "T1",
        "asked_ts": "1700000000.000100",
    }
    assert heard.product == "rocket"
    assert heard.shared_thread
    assert not heard.addressed
    assert heard.sent_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_unmapped_channel_falls_to_the_default_product() -> None:
    assert customer_message(channel="C9").product == "anvil"


def test_thread_reply_belongs_to_the_thread_of_its_first_message() -> None:
    heard = customer_message(thread_ts="1600000000.000001")
    assert heard.thread_keys == ("T1:C1:1600000000.000001",)
    assert heard.target["thread_ts"] == "1600000000.000001"


@pytest.mark.parametrize("kind", ["message", "app_mention"])
def test_both_copies_of_a_mention_are_addressed_and_equal(kind: str) -> None:
    heard = customer_message(type=kind, text="<@UBOT> How do I export?")
    assert heard.addressed
    assert heard.text == "How do I export?"


def test_both_copies_of_a_mention_share_a_key() -> None:
    copies = [
        {"event_id": id_, "event": message_event(type=kind, text="<@UBOT> hi")}
        for id_, kind in (("Ev1", "message"), ("Ev2", "app_mention"))
    ]
    first, second = (set(inbound_keys(copy, b"", "T1")) for copy in copies)
    assert first & second == {"T1:C1:1700000000.000100"}


def test_edit_does_not_share_the_key_of_the_message_it_changes() -> None:
    edit = {"event_id": "Ev3", "event": message_event(subtype="message_changed")}
    assert inbound_keys(edit, b"", "T1") == ("Ev3",)


def test_unknown_payload_is_named_by_its_bytes() -> None:
    keys = inbound_keys({"type": "new"}, b"raw", "T1")
    assert keys == inbound_keys({"type": "new"}, b"raw", "T1")
    assert keys != inbound_keys({"type": "new"}, b"other", "T1")


def test_direct_message_is_addressed_and_opens_its_own_thread() -> None:
    heard = customer_message(channel="D1", channel_type="im")
    assert heard.addressed
    assert heard.thread_keys == ("T1:D1:1700000000.000100",)


def test_direct_message_goes_on_with_what_was_said_before() -> None:
    root = customer_message(channel="D1", channel_type="im")
    assert root.conversation == Conversation("dm:T1:U1")
    in_thread = customer_message(channel="D1", channel_type="im", thread_ts="1600000000.000001")
    assert in_thread.conversation is None
    assert customer_message(channel_type="mpim").conversation is None


@pytest.mark.parametrize("text", ["<@UBOT>", "  <@UBOT|bot>: "])
def test_mention_without_words_is_a_call_to_be_greeted(text: str) -> None:
    heard = customer_message(text=text)
    assert (heard.text, heard.greet, heard.addressed) == ("", True, True)


@pytest.mark.parametrize("channel_type", ["channel", "im"])
def test_message_without_words_is_refused_as_empty(channel_type: str) -> None:
    with pytest.raises(EmptyBody):
        hear(message_event(text="", channel_type=channel_type))


@pytest.mark.parametrize("channel_type", ["channel", "group", "mpim"])
def test_only_a_mention_addresses_us_where_several_talk(channel_type: str) -> None:
    assert not customer_message(channel_type=channel_type).addressed
    assert customer_message(channel_type=channel_type, text="<@UBOT> hi").addressed


def test_every_new_message_counts_where_all_are_listened_to() -> None:
    assert customer_message(channel="CALL").addressed
    assert customer_message(channel="CALL", thread_ts="1700000000.000100").addressed
    assert not customer_message(channel="CALL", thread_ts="1600000000.000001").addressed
    assert customer_message(
        channel="CALL", thread_ts="1600000000.000001", text="<@UBOT> hi"
    ).addressed


@pytest.mark.parametrize(
    ("facts", "barred"),
    [
        ({"groups": "S0 S1"}, None),
        ({"groups": "S0"}, "not_in_group"),
        ({}, "not_in_group"),
        ({"groups_unknown": "S1"}, "group_unknown"),
        ({"groups_unknown": "S2"}, "not_in_group"),
    ],
)
def test_channel_of_a_group_is_for_its_members(facts: dict[str, str], barred: str | None) -> None:
    assert customer_message(facts, channel="CGROUP").barred == barred
    assert customer_message(facts).barred is None


@pytest.mark.parametrize(
    "changes", [{"user": "U9", "bot_id": "B9"}, {"user": None, "subtype": "bot_message"}]
)
def test_other_bots_may_ask_where_they_are_heard(changes: dict[str, Any]) -> None:
    heard = customer_message(**({"channel": "CBOTS", "bot_id": "B9"} | changes))
    assert heard.sender.external_id == f"T1:{changes['user'] or 'B9'}"
    assert (heard.addressed, heard.barred) == (True, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"thread_ts": "1600000000.000001"}, "bot_reply"),
        ({"bot_id": "B1"}, "own_message"),
        ({"user": "UBOT"}, "own_message"),
        ({"channel": "C1"}, "bot_message"),
    ],
)
def test_bots_never_answer_each_other(changes: dict[str, Any], reason: str) -> None:
    event = message_event(**({"channel": "CBOTS", "bot_id": "B9", "text": "<@UBOT> hi"} | changes))
    assert hear(event) == Ignored(reason)


def test_both_copies_of_a_bots_mention_share_a_key() -> None:
    spoken = message_event(bot_id="B9", subtype="bot_message")
    copies = [{"event_id": "Ev1", "event": spoken}, {"event_id": "Ev2", "event": spoken}]
    first, second = (set(inbound_keys(copy, b"", "T1")) for copy in copies)
    assert first & second


def test_file_without_words_is_a_message_that_names_the_file() -> None:
    file = {"id": "F1", "name": "log.txt", "mimetype": "text/plain", "size": 7}
    where = {"url_private": "https://files.slack.com/a", "url_private_download": None}
    heard = customer_message(text="", subtype="file_share", files=[file | where])
    ref = {"team": "T1", "id": "F1", "type": "text/plain", "size": "7"}
    ref["url"] = "https://files.slack.com/a"
    assert heard.text == ""
    assert heard.attachments == (Referred("log.txt", "text/plain", 7, ref),)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ({"id": "F1", "mode": "tombstone"}, "gone"),
        ({"id": "F1", "file_access": "file_not_found"}, "gone"),
        ({"id": "F1", "mode": "hidden_by_limit"}, "refused"),
        ({"id": "F1", "file_access": "access_denied"}, "refused"),
        ({"id": "F1", "mode": "external"}, "elsewhere"),
        ({"id": "F1", "is_external": True}, "elsewhere"),
        ({"id": "F1", "file_access": "check_file_info"}, None),
        ({"size": -5, "name": 7, "title": "", "mimetype": None, "url_private": 9}, None),
    ],
)
def test_file_that_never_can_be_fetched_says_why(file: dict[str, Any], reason: str | None) -> None:
    (found,) = customer_message(files=[file]).attachments
    assert isinstance(found, Referred)
    assert (found.filename, found.size_bytes, found.reason) == ("unnamed", 0, reason)
    assert "url" not in found.ref


@pytest.mark.parametrize("files", ["F1", {"id": "F1"}, ["F1", None, 7], [[]]])
def test_files_that_are_none_are_passed_over(files: object) -> None:
    assert customer_message(files=files).attachments == ()


def test_long_text_is_kept_whole() -> None:
    assert len(customer_message(text="x" * 60_000).text) == 60_000


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("see <https://x.org/a?b=1&amp;c=2|the page>", "see the page (https://x.org/a?b=1&c=2)"),
        ("<https://x.org|x.org> <http://y.org>", "https://x.org http://y.org"),
        ("<mailto:me@x.org|me@x.org>", "me@x.org"),
        ("<@U2> and <@U3|kim> in <#C7|general>", "@U2 and @kim in #general"),
        ("<!here> <!subteam^S1|@team> <!date^1^{date}|Monday>", "@here @team Monday"),
        ("ask <@UBOT> about it", "ask about it"),
        ("<@UBOT>, hello", "hello"),
        ("<@UBOT>\n```\n  code\n```", "```\n  code\n```"),
    ],
)
def test_slack_escapes_become_readable(raw: str, shown: str) -> None:
    assert customer_message(text=raw).text == shown


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user": "UBOT"}, "own_message"),
        ({"user": "USLACKBOT"}, "slackbot"),
        ({"bot_id": "B9"}, "bot_message"),
        ({"user": None}, "no_author"),
        ({"subtype": "channel_join"}, "slack message: channel_join"),
        ({"type": "reaction_removed"}, "slack event: reaction_removed"),
    ],
)
def test_what_is_no_customer_message_is_ignored_with_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    assert hear(message_event(**changes)) == Ignored(reason)


def test_guest_of_a_shared_channel_keeps_their_own_team() -> None:
    heard = customer_message(user_team="T2")
    assert heard.sender.external_id == "T2:U1"
    assert heard.thread_keys == ("T1:C1:1700000000.000100",)


def pressed(action_id: str, value: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U1", "username": "ada", "team_id": "T1"},
        "container": {"message_ts": "2.0", "channel_id": "C1", "thread_ts": "1.0"},
        "actions": [{"action_id": action_id, "value": value, "action_ts": "3.0"}],
    }


def test_escalate_button_is_an_action_on_its_delivery() -> None:
    heard = hear_payload(pressed("supportbot_escalate", "reply:7"))
    assert isinstance(heard, Action)
    assert (heard.kind, heard.delivery_key) == (ActionKind.ESCALATE, "reply:7")
    assert heard.thread_keys == ("T1:C1:1.0",)
    assert heard.sender.external_id == "T1:U1"


@pytest.mark.parametrize("vote", [1, -1])
def test_feedback_button_carries_its_vote(vote: int) -> None:
    heard = hear_payload(pressed("supportbot_feedback", f"{vote}|reply:7"))
    assert isinstance(heard, Action)
    assert (heard.kind, heard.value, heard.delivery_key) == (ActionKind.FEEDBACK, vote, "reply:7")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (pressed("someone_elses", "x"), "slack action: someone_elses"),
        (pressed("supportbot_feedback", "9|x"), "slack action: supportbot_feedback"),
        ({"type": "view_submission"}, "slack form: None"),
        ({"type": "view_closed"}, "slack payload: view_closed"),
        ({"type": "message_action", "callback_id": "x"}, "slack shortcut: x"),
        ({}, "slack payload: None"),
    ],
)
def test_unknown_payload_is_ignored_with_its_name(payload: dict[str, Any], reason: str) -> None:
    assert hear_payload(payload) == Ignored(reason)


@pytest.mark.parametrize(
    "raw",
    [
        b"not json",
        b"\xff",
        b"[1]",
        b'{"type": "event_callback", "event": 1}',
        b'{"type": "event_callback", "event": {"type": "message", "user": "U1", "text": "x"}}',
    ],
)
def test_unreadable_payload_is_refused(raw: bytes) -> None:
    with pytest.raises(Unparsable):
        hear_raw(raw)


def test_message_with_an_impossible_ts_is_refused() -> None:
    with pytest.raises(Unparsable):
        hear(message_event(ts="never"))


def test_name_that_was_looked_up_goes_to_its_user() -> None:
    key, raw = profile_payload(Person("U1", "T2"), "Ada Lovelace", datetime(2026, 1, 1, tzinfo=UTC))
    assert hear_raw(raw) == Introduced(Sender("T2:U1", "Ada Lovelace", "slack:T2"))
    assert "Ada" not in key


@pytest.mark.parametrize("payload", [{}, {"user": "U1", "team": "T1"}, {"user": 1}])
def test_broken_profile_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(Unparsable):
        hear_payload({"type": "supportbot_profile", **payload})


@pytest.mark.parametrize(
    "payload",
    [
        {"event": message_event(user="U1", team="T1")},
        {"event": {"type": "message", "message": message_event(), "subtype": "message_changed"}},
        {"event": {"type": "message", "previous_message": message_event()}},
        {"type": "block_actions", "user": {"id": "U1"}},
        {"command": "/support", "user_id": "U1", "team_id": "T1"},
    ],
)
def test_everybody_who_does_something_is_known(payload: dict[str, Any]) -> None:
    assert person_of(payload, Identity.from_meta(META)) == Person("U1", "T1")


@pytest.mark.parametrize("payload", [{}, {"event": {"bot_id": "B1"}}, {"event": 1}, {"user": 7}])
def test_payload_without_a_person_names_none(payload: dict[str, Any]) -> None:
    assert person_of(payload, Identity.from_meta(META)) is None
