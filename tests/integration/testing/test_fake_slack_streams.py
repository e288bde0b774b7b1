"""Streams of the fake workspace end, and are refused, as Slack's are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.testing.fake_slack import FakeMessage, FakeSlack, Limit
from tests.integration.testing import calling
from tests.integration.testing.calling import refusal

BUTTONS = [
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "more",
                "text": {"type": "plain_text", "text": "More"},
            }
        ],
    }
]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(strict=False, retry_delays_seconds=()) as fake:
        yield fake


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return calling.client(slack)


@pytest.fixture
async def question(slack: FakeSlack) -> FakeMessage:
    return slack.say("support", "ada", "how?")


async def started(client: AsyncWebClient, question: FakeMessage, **changes: Any) -> str:
    arguments = {
        "channel": question.channel,
        "thread_ts": question.ts,
        "recipient_user_id": question.user,
        "recipient_team_id": FakeSlack.team,
    }
    return str((await client.chat_startStream(**(arguments | changes)))["ts"])


def words(text: str) -> list[dict[str, str]]:
    return [{"type": "markdown_text", "text": text}]


async def test_a_stream_is_seen_growing_and_keeps_its_buttons(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage
) -> None:
    ts = await started(client, question)
    where = {"channel": question.channel, "ts": ts}
    await client.chat_appendStream(**where, chunks=words("One. "))
    await client.chat_appendStream(**where, chunks=words("Two."))
    read = await client.conversations_replies(channel=question.channel, ts=question.ts)
    assert read["messages"][1]["text"] == "One. Two."
    assert read["messages"][1]["streaming_state"] == "in_progress"
    metadata = {"event_type": "mine", "event_payload": {"n": 1}}
    await client.chat_stopStream(
        **where, chunks=words(" Three."), blocks=BUTTONS, metadata=metadata
    )
    [reply] = slack.replies(question)
    assert (reply.markdown, reply.metadata) == ("One. Two. Three.", metadata)
    assert reply.streaming_state == "completed"
    slack.click(reply, "more", "ada")
    assert slack.violations == []


@pytest.mark.parametrize("missing", ["recipient_user_id", "recipient_team_id"])
async def test_a_stream_in_a_channel_names_its_recipient(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage, missing: str
) -> None:
    error = await refusal(started(client, question, **{missing: None}))
    assert error == f"missing_{missing}"
    assert slack.violations


async def test_a_recipient_is_of_the_team_that_is_named(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage
) -> None:
    assert await refusal(started(client, question, recipient_team_id="T9")) == "user_not_found"
    assert slack.violations


async def test_a_stream_is_an_answer_in_a_thread(
    client: AsyncWebClient, question: FakeMessage
) -> None:
    error = await refusal(started(client, question, thread_ts=""))
    assert error == "invalid_arguments"


async def test_a_direct_message_needs_no_recipient(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    question = slack.direct("ada", "how?")
    ts = await started(client, question, recipient_user_id=None, recipient_team_id=None)
    assert slack.streams.open == [slack.workspace.find(question.channel, ts)]


async def test_a_message_that_grows_is_neither_changed_nor_removed(
    client: AsyncWebClient, question: FakeMessage
) -> None:
    where = {"channel": question.channel, "ts": await started(client, question)}
    assert await refusal(client.chat_update(**where, text="x")) == "streaming_state_conflict"
    assert await refusal(client.chat_delete(**where)) == "cant_delete_message"
    await client.chat_stopStream(**where, chunks=words("done"))
    await client.chat_update(**where, text="x")
    await client.chat_delete(**where)


@pytest.mark.parametrize("limit", [{"appends": 1}, {"seconds": 0.0}])
async def test_an_expired_stream_takes_no_more_text_but_can_be_changed(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage, limit: dict[str, Any]
) -> None:
    where = {"channel": question.channel, "ts": await started(client, question)}
    await client.chat_appendStream(**where, chunks=words("One."))
    slack.streams.expire_after(**limit)
    over = "message_not_in_streaming_state"
    assert await refusal(client.chat_appendStream(**where, chunks=words("Two."))) == over
    assert await refusal(client.chat_stopStream(**where)) == over
    await client.chat_update(**where, text="One. Two.")
    assert [reply.markdown for reply in slack.replies(question)] == ["One. Two."]


async def test_the_stop_button_ends_the_streams_of_its_thread_and_tells_the_app(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage
) -> None:
    ts = await started(client, question)
    other = slack.say("support", "grace", "and I?")
    other_ts = await started(client, other)
    assert slack.streams.session(question) == "processing"
    event = slack.streams.stop(question, "ada").payload["event"]
    assert event["type"] == "agent_session_stopped"
    assert event["thread_ts"] == question.ts
    assert event["streaming_message_ts"] == [ts]
    assert event["user"] == question.user
    where = {"channel": question.channel, "ts": ts}
    assert await refusal(client.chat_appendStream(**where, chunks=words("x"))) == "stopped_by_user"
    assert slack.streams.session(question) == "processing"  # the app's to change
    await client.agents_sessions_setStatus(
        channel_id=question.channel, thread_ts=question.ts, status="active"
    )
    assert slack.streams.session(question) == "active"
    assert [message.ts for message in slack.streams.open] == [other_ts]
    with pytest.raises(LookupError, match="no stop button"):
        slack.streams.stop(question, "ada")


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "waiting"},
        {"thread_ts": ""},
        {"title": "x" * 201},
        {"initiator_user_id": "U0GRACE"},
    ],
)
async def test_what_no_session_can_be_is_refused_and_noted(
    slack: FakeSlack, client: AsyncWebClient, wrong: dict[str, str]
) -> None:
    question = slack.direct("ada", "how?")
    where = {"channel_id": question.channel, "thread_ts": question.ts, "status": "suspended"}
    assert await refusal(client.agents_sessions_setStatus(**where | wrong)) == "invalid_arguments"
    assert slack.streams.session(question) is None
    assert len(slack.workspace.violations) == 1
    await client.agents_sessions_setStatus(**where, initiator_user_id=question.user)
    assert slack.streams.session(question) == "suspended"


async def test_a_status_line_needs_a_thread_and_goes_with_a_post(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage
) -> None:
    where = {"channel_id": question.channel, "thread_ts": question.ts}
    await client.assistant_threads_setStatus(**where, status="is thinking…")
    assert [*slack.workspace.statuses.values()] == ["is thinking…"]
    await client.chat_postMessage(channel=question.channel, thread_ts=question.ts, text="Yes.")
    assert slack.workspace.statuses == {}
    astray = client.assistant_threads_setStatus(**where | {"thread_ts": "1.000000"}, status="is")
    assert await refusal(astray) == "thread_not_found"
    assert len(slack.workspace.violations) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"chunks": [{"type": "no_such"}]}, "invalid_chunks"),
        ({"chunks": []}, "no_text"),
        (
            {"markdown_text": "a", "chunks": words("b")},
            "cannot_provide_both_markdown_text_and_chunks",
        ),
    ],
)
async def test_what_slack_refuses_to_append_is_a_violation(
    slack: FakeSlack,
    client: AsyncWebClient,
    question: FakeMessage,
    arguments: dict[str, Any],
    error: str,
) -> None:
    where = {"channel": question.channel, "ts": await started(client, question)}
    assert await refusal(client.chat_appendStream(**where, **arguments)) == error
    assert any(violation.startswith(error) for violation in slack.violations)


async def test_the_cap_counts_the_whole_message(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage
) -> None:
    where = {"channel": question.channel, "ts": await started(client, question)}
    await client.chat_appendStream(**where, chunks=words("x" * 11_999))
    assert await refusal(client.chat_appendStream(**where, chunks=words("xx"))) == "msg_too_long"


async def test_more_calls_than_a_tier_allows_are_refused_and_noted(
    slack: FakeSlack, client: AsyncWebClient, question: FakeMessage
) -> None:
    slack.rates.limits = {"chat.startStream": Limit(1), "chat.postMessage": Limit(1, per="channel")}
    await started(client, question)
    with pytest.raises(SlackApiError) as caught:
        await started(client, question)
    response = caught.value.response
    assert (response["error"], response.status_code) == ("ratelimited", 429)
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert slack.violations == ["ratelimited: chat.startStream more than 1 times"]
    slack.add_channel("other")
    for channel in ("support", "other"):
        await client.chat_postMessage(channel=f"C0{channel.upper()}", text="x")
    assert await refusal(client.chat_postMessage(channel="C0OTHER", text="x")) == "ratelimited"
    slack.rates.limits = {}
    await client.chat_postMessage(channel="C0OTHER", text="x")
