"""A process dies, or Slack's answer is lost, while a reply grows: nothing is said twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supportbot.errors import ChannelError, DeliveryUnknown
from tests.integration.channels.slack.growing import ANSWER, SWIFT, Scene
from tests.integration.channels.slack.listening import make_delivery


async def test_a_stream_that_began_before_a_crash_is_used(scene: Scene) -> None:
    """The process died after Slack began the stream, before its id was stored."""
    await scene.opened()
    scene.channel = scene.process()
    await scene.channel.send(scene.worded(scene.claim()))
    scene.stands_whole()


@pytest.mark.parametrize("sent", [True, False])
async def test_a_start_that_was_lost_keeps_no_place(scene: Scene, *, sent: bool) -> None:
    scene.channel = scene.process(allowance=replace(SWIFT, stops=1))
    scene.slack.faults.fail("chat.startStream", "internal_error")
    with pytest.raises(ChannelError):
        await scene.opened()
    claim = scene.claim()
    if sent:
        await scene.channel.send(scene.worded(claim))
    else:
        await scene.channel.discard(claim)
    assert scene.channel.may_open("reply:2", claim.target)


async def test_a_stream_whose_start_was_not_answered_is_used(scene: Scene) -> None:
    scene.slack.faults.lose_answer("chat.startStream")
    with pytest.raises(DeliveryUnknown):
        await scene.opened()
    await scene.channel.send(scene.worded(scene.claim()))
    assert scene.texts == [ANSWER]


async def test_nothing_else_in_the_thread_is_taken_for_a_left_behind_stream(scene: Scene) -> None:
    _, earlier = await scene.opened(key="reply:0")
    await scene.finish(earlier, "An earlier answer.")
    follow_up = scene.slack.say("support", "ada", "and then?", thread=scene.question)
    await scene.channel.send(make_delivery(follow_up, "A notice.", key="note:1", upto_seq=None))
    claim = make_delivery(follow_up, ANSWER, key="reply:9", upto_seq=2)
    await scene.channel.send(claim)
    assert scene.texts == ["An earlier answer.", "A notice.", ANSWER]


async def test_a_message_of_a_killed_process_is_finished_in_place(scene: Scene) -> None:
    _, claim = await scene.begun()
    scene.channel = scene.process()
    await scene.finish(claim, attempts=1)
    scene.stands_whole()
    await scene.finish(claim, attempts=2)  # killed again before that was stored
    assert scene.texts == [ANSWER]


async def test_an_append_whose_answer_was_lost_is_not_shown_twice(scene: Scene) -> None:
    reply, claim = await scene.begun()
    scene.slack.faults.lose_answer("chat.appendStream")
    with pytest.raises(DeliveryUnknown):
        await reply.append("Open the page. Then press Export.")
    await reply.append("Open the page. Then press Export. Done")
    assert scene.texts == ["Open the page. Then press Export. Done"]
    await scene.finish(claim)
    assert scene.texts == [ANSWER]


@pytest.mark.parametrize("left", [True, False])
async def test_an_end_whose_answer_was_lost_is_given_again(scene: Scene, *, left: bool) -> None:
    _, claim = await scene.begun()
    if left:
        scene.slack.faults.lose_answer("chat.stopStream")
    else:
        scene.slack.faults.fail("chat.stopStream", "internal_error", status=500)
    await scene.finish(claim)
    scene.stands_whole()
