from __future__ import annotations

import asyncio
import dataclasses
import time

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.delivery import ANSWER_OFFERS, Audience
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import Setup, make_channel, make_delivery


async def test_reply_stands_in_the_thread_with_blocks_and_its_key(setup: Setup) -> None:
    question = setup.slack.mention("support", "ada", "help")
    receipt = await setup.channel.send(make_delivery(question, offers=ANSWER_OFFERS))
    (answer,) = setup.slack.replies(question)
    assert answer.markdown == "**Answer**"
    assert [block["type"] for block in answer.blocks] == ["markdown", "context_actions", "actions"]
    assert answer.metadata["event_payload"]["delivery"] == "reply:1"
    assert receipt.provider_id == f"{question.channel}:{answer.ts}"
    assert receipt.thread_keys == (f"{setup.slack.team}:{question.channel}:{question.ts}",)
    (call,) = setup.slack.calls("chat.postMessage")
    assert (call.arguments["unfurl_links"], call.arguments["unfurl_media"]) == (False, False)


async def test_delivery_is_found_after_it_was_sent_and_not_before(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    delivery = make_delivery(question)
    assert await http.channel.find(delivery) is None
    receipt = await http.channel.send(delivery)
    assert await http.channel.find(delivery) == receipt
    assert await http.channel.find(make_delivery(question, key="reply:2")) is None


async def test_lost_answer_is_unknown_and_the_delivery_can_be_found(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    delivery = make_delivery(question)
    http.slack.faults.lose_answer("chat.postMessage")
    with pytest.raises(DeliveryUnknown):
        await http.channel.send(delivery)
    assert await http.channel.find(delivery) is not None
    assert len(http.slack.replies(question)) == 1


async def test_answer_that_takes_too_long_is_unknown(slack: FakeSlack) -> None:
    channel = make_channel(slack, Transport.HTTP, request_timeout_seconds=0.2)
    question = slack.mention("support", "ada", "help")
    slack.faults.lose_answer("chat.postMessage", after_seconds=1.0)
    with pytest.raises(DeliveryUnknown):
        await channel.send(make_delivery(question))
    await channel.aclose()


async def test_short_rate_limit_is_waited_out(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    http.slack.faults.rate_limit("chat.postMessage", retry_after_seconds=1)
    started = time.monotonic()
    await http.channel.send(make_delivery(question))
    assert time.monotonic() - started >= 1.0
    assert len(http.slack.replies(question)) == 1


async def test_long_rate_limit_is_handed_back_with_its_wait(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    http.slack.faults.rate_limit("chat.postMessage", retry_after_seconds=60)
    with pytest.raises(SendError) as caught:
        await http.channel.send(make_delivery(question))
    assert not caught.value.permanent
    assert caught.value.retry_after_seconds == 60


@pytest.mark.parametrize(
    ("error", "status", "permanent"),
    [
        ("service_unavailable", 503, False),
        ("anything", 502, False),
        ("account_inactive", 200, True),
        ("invalid_auth", 200, True),
        ("is_archived", 200, True),
    ],
)
async def test_refusal_tells_whether_to_try_again(
    http: Setup, error: str, status: int, *, permanent: bool
) -> None:
    question = http.slack.mention("support", "ada", "help")
    http.slack.faults.fail("chat.postMessage", error, status=status)
    with pytest.raises(SendError, match=error) as caught:
        await http.channel.send(make_delivery(question))
    assert caught.value.permanent is permanent


async def test_failure_half_way_is_unknown(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    http.slack.faults.fail("chat.postMessage", "fatal_error")
    with pytest.raises(DeliveryUnknown):
        await http.channel.send(make_delivery(question))


async def test_channel_without_the_bot_is_a_permanent_refusal_with_a_cure(http: Setup) -> None:
    http.slack.add_channel("secret", bot_is_member=False)
    question = http.slack.say("secret", "ada", "help")
    with pytest.raises(SendError, match="/invite") as caught:
        await http.channel.send(make_delivery(question))
    assert caught.value.permanent


async def test_unreachable_slack_is_worth_another_try(slack: FakeSlack) -> None:
    channel = make_channel(slack, Transport.HTTP, api_url="http://127.0.0.1:9/api/")
    question = slack.mention("support", "ada", "help")
    with pytest.raises(SendError) as caught:
        await channel.send(make_delivery(question))
    assert not caught.value.permanent
    await channel.aclose()


@pytest.mark.parametrize(
    ("refusals", "shown"),
    [
        (["invalid_blocks"], "**a** &lt;!here> &lt; b"),
        (["invalid_blocks", "msg_too_long"], "**a** &lt;!here&gt; &lt; b"),
        (
            ["msg_blocks_too_long", "invalid_blocks", "msg_too_long"],
            "**a** \u2039!here\u203a \u2039 b",
        ),
    ],
)
async def test_refused_form_is_followed_by_a_simpler_one(
    refusals: list[str], shown: str, http: Setup
) -> None:
    question = http.slack.mention("support", "ada", "help")
    for code in refusals:
        http.slack.faults.fail("chat.postMessage", code)
    await http.channel.send(make_delivery(question, text="**a** <!here> &lt; b"))
    (answer,) = http.slack.replies(question)
    assert answer.text == shown
    assert answer.blocks == []
    assert answer.metadata["event_payload"]["delivery"] == "reply:1"


async def test_message_that_slack_takes_in_no_form_is_refused_for_good(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    http.slack.faults.fail("chat.postMessage", "msg_too_long", times=4)
    with pytest.raises(SendError, match="msg_too_long") as refused:
        await http.channel.send(make_delivery(question))
    assert refused.value.permanent
    assert len(http.slack.calls("chat.postMessage")) == 4


async def test_no_call_lets_slack_make_links_of_names(http: Setup) -> None:
    """`link_names` and `parse` would let a plain @here call a whole channel."""
    question = http.slack.mention("support", "ada", "help")
    await http.channel.send(make_delivery(question, text="@here @channel #support"))
    http.slack.faults.fail("chat.postMessage", "invalid_blocks", times=2)
    await http.channel.send(make_delivery(question, text="@here", key="reply:2"))
    for call in http.slack.calls("chat.postMessage"):
        assert not {"link_names", "parse"} & {*call.arguments}
        assert (call.arguments["unfurl_links"], call.arguments["unfurl_media"]) == (False, False)


async def test_very_long_reply_is_several_messages_and_goes_on_where_it_stopped(
    http: Setup,
) -> None:
    question = http.slack.mention("support", "ada", "help")
    delivery = make_delivery(question, text="some words here\n\n" * 1500)
    await http.channel.send(delivery)
    assert len(http.slack.replies(question)) == 3
    last = http.slack.replies(question)[-1]
    http.slack.workspace.messages.remove(last)
    assert await http.channel.find(delivery) is None
    receipt = await http.channel.send(dataclasses.replace(delivery, attempts=1))
    assert len(http.slack.replies(question)) == 3
    assert receipt.provider_id.endswith(http.slack.replies(question)[0].ts)


async def test_notice_to_operators_stands_by_itself(http: Setup) -> None:
    operators = http.slack.add_channel("operators")
    question = http.slack.mention("support", "ada", "help")
    notice = make_delivery(
        question, audience=Audience.OPERATORS, target={"channel": operators.id}, text="Look"
    )
    receipt = await http.channel.send(notice)
    assert receipt.thread_keys == ()
    assert await http.channel.find(notice) == receipt


async def test_delivery_without_a_channel_is_refused(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    with pytest.raises(SendError) as caught:
        await http.channel.send(make_delivery(question, target={}))
    assert caught.value.permanent


async def test_answers_still_leave_after_a_channel_stopped_and_until_it_is_closed(
    slack: FakeSlack,
) -> None:
    channel = make_channel(slack, Transport.SOCKET)
    question = slack.mention("support", "ada", "help")

    async def accept(_: object) -> None: ...

    task = asyncio.create_task(channel.run(accept))
    await slack.connected()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await channel.send(make_delivery(question))
    assert len(slack.replies(question)) == 1
    await channel.aclose()
    with pytest.raises(SendError, match="stopped"):
        await channel.send(make_delivery(question, attempts=1))


async def test_second_attempt_does_not_repeat_what_arrived(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    first = await http.channel.send(make_delivery(question))
    assert await http.channel.send(make_delivery(question, attempts=1)) == first
    assert len(http.slack.replies(question)) == 1


async def test_look_up_that_fails_for_now_is_worth_another_try(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    http.slack.faults.fail("conversations.replies", "internal_error", status=500)
    with pytest.raises(SendError) as caught:
        await http.channel.find(make_delivery(question))
    assert not caught.value.permanent
