"""The fake workspace refuses what Slack refuses; a bot of a few lines stands on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import aiohttp
import pytest

from supportbot.testing.fake_slack import FakeSlack
from tests.integration.testing.calling import client, refusal

MARKDOWN = {"type": "markdown", "text": "hello"}


@pytest.fixture
async def lenient() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(strict=False, ack_seconds=0.2, retry_delays_seconds=(0.01, 0.01)) as slack:
        yield slack


async def test_methods_need_the_right_token(lenient: FakeSlack) -> None:
    assert await refusal(client(lenient, "xoxb-other").auth_test()) == "invalid_auth"
    wrong_kind = client(lenient, lenient.app_token).auth_test()
    assert await refusal(wrong_kind) == "not_allowed_token_type"
    assert await refusal(client(lenient).api_call("no.such")) == "unknown_method"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
        ({"text": "a", "blocks": [{"type": "markdown", "text": "x" * 12_001}]}, "invalid_blocks"),
        ({"text": "a", "blocks": [MARKDOWN | {"text": "x" * 7_000}] * 2}, "invalid_blocks"),
        ({"text": "a", "blocks": [MARKDOWN] * 51}, "invalid_blocks"),
        ({"text": "a", "blocks": [MARKDOWN | {"block_id": "b"}] * 2}, "invalid_blocks"),
        ({"text": "a", "blocks": [{"type": "no_such_block"}]}, "invalid_blocks"),
        ({"text": "a", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        (
            {"text": "a", "blocks": [{"type": "actions", "elements": [
                {"type": "button", "action_id": "x", "text": {"type": "plain_text", "text": "A"}}
            ] * 2}]},
            "invalid_blocks",
        ),
        ({"text": "a", "thread_ts": "1.0"}, "thread_not_found"),
    ],
)  # fmt: skip
async def test_message_that_slack_would_refuse_is_refused_and_noted(
    lenient: FakeSlack, arguments: dict[str, Any], error: str
) -> None:
    call = client(lenient).api_call("chat.postMessage", json={"channel": "C0SUPPORT", **arguments})
    assert await refusal(call) == error
    assert lenient.violations[0].startswith(error)


async def test_strict_workspace_fails_the_test_that_broke_a_limit() -> None:
    with pytest.raises(AssertionError, match="no_text"):
        async with FakeSlack() as slack:
            await refusal(client(slack).api_call("chat.postMessage", json={"channel": "support"}))


async def test_update_refuses_text_that_a_post_takes(lenient: FakeSlack) -> None:
    web = client(lenient)
    posted = await web.chat_postMessage(channel="support", text="x" * 5_000)
    call = web.chat_update(channel="C0SUPPORT", ts=posted["ts"], text="x" * 5_000)
    assert await refusal(call) == "msg_too_long"


async def test_update_with_text_only_loses_the_blocks(lenient: FakeSlack) -> None:
    web = client(lenient)
    posted = await web.chat_postMessage(channel="support", text="a", blocks=[MARKDOWN])
    await web.chat_update(channel="C0SUPPORT", ts=posted["ts"], text="b")
    message = lenient.workspace.find("C0SUPPORT", posted["ts"])
    assert message is not None
    assert (message.text, message.blocks) == ("b", [])


async def test_message_of_somebody_else_cannot_be_changed(lenient: FakeSlack) -> None:
    said = lenient.say("support", "ada", "mine")
    web = client(lenient)
    update = web.chat_update(channel=said.channel, ts=said.ts, text="x")
    assert await refusal(update) == "cant_update_message"
    assert await refusal(web.chat_delete(channel=said.channel, ts=said.ts)) == "cant_delete_message"


async def test_thread_is_read_in_pages_with_metadata_on_request(lenient: FakeSlack) -> None:
    web = client(lenient)
    root = lenient.say("support", "ada", "question")
    metadata = {"event_type": "x", "event_payload": {"n": 1}}
    for _ in range(3):
        await web.chat_postMessage(
            channel=root.channel, thread_ts=root.ts, text="a", metadata=metadata
        )
    seen = []
    page_sizes = []
    pages = await web.conversations_replies(
        channel=root.channel, ts=root.ts, limit=2, include_all_metadata=True
    )
    async for page in pages:
        page_sizes.append(len(page["messages"]))
        seen += [message.get("metadata") for message in page["messages"]]
    assert page_sizes == [2, 2]
    assert seen == [None, metadata, metadata, metadata]


async def test_only_members_of_a_channel_are_told_something_alone(lenient: FakeSlack) -> None:
    tell = partial(client(lenient).chat_postEphemeral, channel="C0SUPPORT", text="psst")
    assert await refusal(tell(user="U0ADA")) == "user_not_in_channel"
    said = lenient.say("support", "ada", "hi")
    for stranger in ("U0GRACE", "ada", "U0NOBODY"):
        assert await refusal(tell(user=stranger)) == "user_not_in_channel"
    await tell(user="U0ADA")
    assert [(user, message.text) for user, message in lenient.workspace.ephemerals] == [
        ("U0ADA", "psst")
    ]
    assert lenient.violations == []
    await tell(user="U0ADA", thread_ts=said.ts)
    assert "empty thread" in lenient.violations[0]
    lenient.workspace.channel("support").members.discard(lenient.bot_user)
    assert await refusal(tell(user="U0ADA")) == "not_in_channel"
    assert await refusal(tell(user="U0ADA", channel="C0NOWHERE")) == "channel_not_found"


async def test_smaller_methods_answer(lenient: FakeSlack) -> None:
    web = client(lenient)
    said = lenient.say("support", "ada", "hi")
    opened = await web.conversations_open(users="U0ADA")
    assert opened["channel"]["is_im"]
    assert (await web.users_info(user="U0ADA"))["user"]["name"] == "ada"
    assert (await web.conversations_info(channel="C0SUPPORT"))["channel"]["is_member"]
    assert (await web.conversations_history(channel="C0SUPPORT"))["messages"][0]["text"] == "hi"
    link = await web.chat_getPermalink(channel=said.channel, message_ts=said.ts)
    assert said.channel in link["permalink"]
    await web.reactions_add(channel=said.channel, timestamp=said.ts, name="eyes")
    assert said.reactions == {"eyes": [lenient.bot_user]}
    await web.assistant_threads_setStatus(
        channel_id=said.channel, thread_ts=said.ts, status="thinking"
    )
    assert list(lenient.workspace.statuses.values()) == ["thinking"]


async def open_socket(slack: FakeSlack, session: aiohttp.ClientSession) -> Any:
    opened = await client(slack, slack.app_token).apps_connections_open(app_token=slack.app_token)
    socket = await session.ws_connect(opened["url"])
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def test_envelope_without_ack_comes_again_and_late_ack_is_noted(lenient: FakeSlack) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await open_socket(lenient, session)
        lenient.direct("ada", "hello")
        first, second = await socket.receive_json(), await socket.receive_json()
        assert first["envelope_id"] == second["envelope_id"]
        assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
        await lenient.settled()
        await socket.send_json({"envelope_id": first["envelope_id"]})
        await asyncio.sleep(0.1)
    assert not lenient.deliveries[0].acked
    assert lenient.deliveries[0].attempts == 3
    assert "ack later than" in lenient.violations[0]


async def test_socket_address_opens_once(lenient: FakeSlack) -> None:
    opened = await client(lenient, lenient.app_token).apps_connections_open(
        app_token=lenient.app_token
    )
    async with aiohttp.ClientSession() as session:
        await session.ws_connect(opened["url"])
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_event_without_a_listener_is_given_up(lenient: FakeSlack) -> None:
    lenient.direct("ada", "anybody?")
    await lenient.settled()
    (delivery,) = lenient.deliveries
    assert delivery.failures == ["no_socket"] * 3


async def test_button_that_is_not_there_cannot_be_pressed(lenient: FakeSlack) -> None:
    with pytest.raises(LookupError):
        lenient.click(lenient.say("support", "ada", "hi"), "button", "ada")
