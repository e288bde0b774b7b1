"""Streams that Slack closes, slows down or refuses: the answer stands there whole and once."""

from __future__ import annotations

import pytest

from supportbot.errors import DeliveryUnknown, SendError
from tests.integration.channels.slack.growing import ANSWER, Scene


@pytest.mark.parametrize("when", ["between", "at_the_end"])
async def test_an_expired_stream_is_gone_on_with_as_a_message(scene: Scene, when: str) -> None:
    reply, claim = await scene.begun()
    scene.slack.streams.expire(scene.slack.replies(scene.question)[0])
    if when == "between":
        await reply.append("Open the page. Then press Export.")
        assert scene.texts == ["Open the page. Then press Export."]
    await scene.finish(claim)
    scene.stands_whole()


async def test_a_stream_is_left_before_slack_closes_it(scene: Scene) -> None:
    scene.channel = scene.process(longest_stream_seconds=0.0)
    reply, claim = await scene.begun()
    await reply.append("Open the page. Then press Export.")
    assert scene.texts == ["Open the page. Then press Export."]
    assert scene.methods.count("chat.appendStream") == 0
    assert not scene.slack.streams.open
    await scene.finish(claim)
    assert scene.texts == [ANSWER]
    assert scene.methods.count("chat.stopStream") == 1


async def test_too_many_appends_show_less_often_and_lose_nothing(scene: Scene) -> None:
    reply, claim = await scene.begun()
    scene.slack.faults.rate_limit("chat.appendStream", retry_after_seconds=30)
    for _ in range(2):  # the second time Slack is not even asked
        with pytest.raises(SendError):
            await reply.append("Open the page. Then press Export.")
    assert scene.methods.count("chat.appendStream") == 2
    assert scene.texts == ["Open the page."]
    await scene.finish(claim)
    assert scene.texts == [ANSWER]
    assert scene.methods.count("chat.update") == 0


async def test_an_end_that_has_to_wait_is_given_later(scene: Scene) -> None:
    _, claim = await scene.begun()
    scene.slack.faults.rate_limit("chat.stopStream", retry_after_seconds=30)
    with pytest.raises(SendError) as caught:
        await scene.finish(claim)
    assert not caught.value.permanent
    assert caught.value.retry_after_seconds == 30
    await scene.finish(claim, attempts=1)
    scene.stands_whole()


async def test_a_short_wait_at_the_end_is_waited_out(scene: Scene) -> None:
    _, claim = await scene.begun()
    scene.slack.faults.rate_limit("chat.stopStream", retry_after_seconds=1)
    await scene.finish(claim)
    assert scene.texts == [ANSWER]


@pytest.mark.parametrize("error", ["not_allowed", "channel_type_not_supported"])
async def test_where_streams_are_refused_answers_are_posted_whole(scene: Scene, error: str) -> None:
    scene.slack.faults.fail("chat.startStream", error)
    with pytest.raises(SendError):
        await scene.opened()
    claim = scene.claim(key="reply:2")
    assert not scene.channel.may_open(claim.key, claim.target)
    await scene.channel.send(scene.worded(scene.claim()))
    assert scene.texts == [ANSWER]
    assert scene.methods.count("conversations.replies") == 0  # nothing can have been left behind


async def test_too_many_starts_are_not_repeated_before_slack_allows(scene: Scene) -> None:
    scene.slack.faults.rate_limit("chat.startStream", retry_after_seconds=30)
    with pytest.raises(SendError) as caught:
        await scene.opened()
    assert not caught.value.permanent
    assert not scene.channel.may_open("reply:2", scene.claim().target)


async def test_an_end_before_an_update_waits_for_as_long_as_slack_asks(scene: Scene) -> None:
    reply, claim = await scene.opened()
    scene.slack.faults.lose_answer("chat.appendStream")
    with pytest.raises(DeliveryUnknown):
        await reply.append("One.")
    scene.slack.faults.rate_limit("chat.stopStream", retry_after_seconds=30)
    for _ in range(3):  # after the first time Slack is not even asked
        with pytest.raises(SendError):
            await reply.append("One. Two.")
    assert scene.methods.count("chat.stopStream") == 1
    await scene.finish(claim)
    assert scene.texts == [ANSWER]


@pytest.mark.parametrize("refusals", [1, 2, 3, 4])
async def test_where_blocks_are_refused_the_words_are_shown_all_the_same(
    scene: Scene, refusals: int
) -> None:
    _, claim = await scene.begun()
    scene.slack.faults.fail("chat.stopStream", "invalid_blocks")
    scene.slack.faults.fail("chat.update", "invalid_blocks", times=refusals)
    await scene.finish(claim)
    assert scene.texts == [ANSWER]


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_changed_is_replaced(scene: Scene, error: str) -> None:
    _, claim = await scene.begun()
    scene.channel = scene.process()
    scene.slack.faults.fail("chat.update", error)
    receipt = await scene.finish(claim)
    [message] = scene.slack.replies(scene.question)
    assert message.markdown == ANSWER
    assert receipt.provider_id == f"{message.channel}:{message.ts}" != claim.provider_id


async def test_a_message_that_somebody_removed_is_posted_again_once(scene: Scene) -> None:
    _, claim = await scene.begun()
    [message] = scene.slack.replies(scene.question)
    scene.slack.delete(message)
    for attempts in (0, 1):
        await scene.finish(claim, attempts=attempts)
        assert scene.texts == [ANSWER]


async def test_a_bot_that_was_removed_meanwhile_says_so(scene: Scene) -> None:
    reply, claim = await scene.begun()
    scene.slack.workspace.channel("support").members.discard(scene.slack.bot_user)
    with pytest.raises(SendError):
        await reply.append("Open the page. Then press Export.")
    with pytest.raises(SendError) as caught:
        await scene.finish(claim)
    assert caught.value.permanent
    assert "not_in_channel" in str(caught.value)
