"""Messages that were changed or taken back, as they are understood."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.model.inbound import (
    CustomerMessage,
    Deleted,
    Edited,
    Heard,
    Ignored,
    OperatorMessage,
)
from tests.unit.channels.slack.heard import hear, message_event


def changed(text: str, **message: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C1",
        "ts": "1700000009.000000",
        "message": message_event(text=text, **message),
        "previous_message": message_event(text="before"),
    }


def called(
    facts: dict[str, str] | None = None, **message: Any
) -> CustomerMessage | OperatorMessage | None:
    """Return what is heard of a message that is changed to mention the bot."""
    heard = hear(changed("<@UBOT> after", **message), **(facts or {}))
    assert isinstance(heard, Edited)
    return heard.calls


def test_edit_names_the_message_it_changes() -> None:
    heard = hear(changed("after", thread_ts="1600000000.000001"))
    assert isinstance(heard, Edited)
    assert heard.message_key == "T1:C1:1700000000.000100"
    assert heard.thread_keys == ("T1:C1:1600000000.000001",)
    assert heard.text == "after"


def test_unfurled_link_is_no_edit() -> None:
    assert hear(changed("before")) == Ignored("unchanged_text")


def test_edit_of_our_own_message_is_ignored() -> None:
    assert hear(changed("after", user="UBOT")) == Ignored("own_message")


def test_deletion_names_the_message() -> None:
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": "C1",
        "ts": "1700000009.000000",
        "deleted_ts": "1700000000.000100",
        "previous_message": message_event(thread_ts="1600000000.000001"),
    }
    assert hear(event) == Deleted("T1:C1:1700000000.000100", ("T1:C1:1600000000.000001",))


def test_file_that_was_taken_out_is_an_edit() -> None:
    one, two = {"id": "F1", "name": "pin.txt"}, {"id": "F2"}
    for now in ([two], [{"id": "F1", "mode": "tombstone"}, two]):
        event = changed("How do I export?", files=now)
        event["previous_message"] = message_event(files=[one, two])
        heard = hear(event)
        assert isinstance(heard, Edited)
        assert (heard.text, heard.gone_files) == ("How do I export?", ("F1",))


@pytest.mark.parametrize(
    ("channel", "meant"),
    [
        ("CBOTS", Deleted("T1:CBOTS:1700000000.000100", ("T1:CBOTS:1700000000.000100",))),
        ("C1", Ignored("bot_message")),
    ],
)
def test_a_bots_question_can_be_taken_back_where_bots_are_heard(channel: str, meant: Heard) -> None:
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": channel,
        "ts": "1700000009.000000",
        "deleted_ts": "1700000000.000100",
        "previous_message": message_event(user="UOTHER", bot_id="BOTHER", channel=channel),
    }
    assert hear(event) == meant


def test_tombstone_is_a_deletion() -> None:
    heard = hear(changed("This message was deleted.", subtype="tombstone"))
    assert heard == Deleted("T1:C1:1700000000.000100", ("T1:C1:1700000000.000100",))


def test_edit_that_calls_us_is_the_message_that_it_would_have_been() -> None:
    edited = hear(changed("<@UBOT> after"))
    said = hear(message_event(text="<@UBOT> after"))
    assert isinstance(said, CustomerMessage)
    assert isinstance(edited, Edited)
    assert (edited.text, edited.calls) == ("after", said)
    assert said.addressed


def test_edit_that_called_us_before_calls_no_second_time() -> None:
    event = changed("<@UBOT> after")
    event["previous_message"] = message_event(text="<@UBOT|support> before")
    heard = hear(event)
    assert isinstance(heard, Edited)
    assert heard.calls is None
    assert called() is not None


def test_edit_that_mentions_somebody_else_does_not_call_us() -> None:
    heard = hear(changed("<@U2> after"))
    assert isinstance(heard, Edited)
    assert heard.calls is None


def test_edit_that_calls_us_with_a_file_alone_names_the_file() -> None:
    heard = hear(changed("<@UBOT>", files=[{"id": "F1", "name": "log.txt"}]))
    assert isinstance(heard, Edited)
    assert isinstance(heard.calls, CustomerMessage)
    assert [file.filename for file in heard.calls.attachments] == ["log.txt"]


def test_news_about_a_channel_that_is_changed_calls_nobody() -> None:
    assert called(subtype="channel_topic") is None


def test_edit_by_whoever_may_not_ask_here_says_so() -> None:
    event = changed("<@UBOT> after")
    event["channel"] = "CGROUP"
    heard = hear(event)
    assert isinstance(heard, Edited)
    assert isinstance(heard.calls, CustomerMessage)
    assert heard.calls.barred == "not_in_group"


def test_edit_by_an_operator_calls_as_an_operator_does() -> None:
    facts = {"operator": "1", "name": "Grace", "email": "grace@rocket.example"}
    heard = called(facts, thread_ts="1600000000.000001")
    assert isinstance(heard, OperatorMessage)
    assert (heard.below, heard.said.addressed) == ("C1:1600000000.000001", True)
    assert (heard.said.sender.name, heard.said.sender.email) == ("Grace", "grace@rocket.example")
