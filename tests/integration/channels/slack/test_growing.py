"""A reply grows in its thread, and stands there whole and once, whatever Slack does meanwhile."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from supportbot.channels.base import LiveReply
from supportbot.channels.slack.allowance import AllowanceRules
from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import Transport
from supportbot.errors import ChannelError, DeliveryUnknown, ReplyStopped, SendError
from supportbot.model.delivery import ANSWER_OFFERS, Delivery, DeliveryState
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.integration.channels.slack.listening import make_channel, make_delivery

ANSWER = "Open the page. Then press Export. Done now."
#: As fast as a test likes.
SWIFT = AllowanceRules(
    window_seconds=0.05, spread_seconds=0.0, update_seconds=0.0, appends=10_000, updates=10_000
)


class Scene:
    """A question in a fake workspace, and a channel that answers it."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.processes: list[SlackChannel] = []
        self.channel = self.process()
        self.question = slack.mention("support", "ada", "how?")

    def process(self, **changes: Any) -> SlackChannel:
        """Return the channel of another process: it knows nothing of what was before."""
        made = make_channel(self.slack, Transport.HTTP, **({"allowance": SWIFT} | changes))
        self.processes.append(made)
        return made

    def claim(self, **changes: Any) -> Delivery:
        fields = {"state": DeliveryState.LIVE, "upto_seq": 1, "text": "", "offers": ANSWER_OFFERS}
        return make_delivery(self.question, **(fields | changes))

    async def opened(self, **changes: Any) -> tuple[LiveReply, Delivery]:
        """Open the reply as the orchestrator does; return it with its stored claim."""
        claim = self.claim(**changes)
        assert self.channel.may_open(claim.key, claim.target)
        reply = await self.channel.open_live(claim)
        return reply, replace(claim, provider_id=reply.provider_id)

    def worded(self, claim: Delivery, text: str = ANSWER, **changes: Any) -> Delivery:
        return replace(claim, state=DeliveryState.SENDING, text=text, **changes)

    async def finish(self, claim: Delivery, text: str = ANSWER, **changes: Any) -> Any:
        delivery = self.worded(claim, text, **changes)
        return await (await self.channel.open_live(delivery)).finish(delivery)

    @property
    def texts(self) -> list[str]:
        return [reply.markdown for reply in self.slack.replies(self.question)]

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.slack.calls()]


@pytest.fixture
async def scene(slack: FakeSlack) -> AsyncIterator[Scene]:
    made = Scene(slack)
    yield made
    for process in made.processes:
        await process.aclose()


def has_buttons(message: FakeMessage) -> bool:
    shown = {e.get("action_id") for block in message.blocks for e in block.get("elements", ())}
    return {"supportbot_escalate", "supportbot_feedback"} <= shown


async def test_it_grows_and_ends_with_its_buttons(scene: Scene) -> None:
    reply, claim = await scene.opened()
    assert scene.texts == [""]  # its id is known before a word is seen
    await reply.append("Open the page.")
    assert scene.texts == ["Open the page."]
    await reply.append("Open the page. Then press Export.")
    assert scene.texts == ["Open the page. Then press Export."]
    receipt = await scene.finish(claim)
    [message] = scene.slack.replies(scene.question)
    assert message.markdown == ANSWER
    assert message.streaming_state == "completed"
    assert has_buttons(message)
    assert receipt.provider_id == f"{message.channel}:{message.ts}" == claim.provider_id
    assert (await scene.channel.find(scene.worded(claim))) == receipt
    assert scene.methods.count("chat.update") == 0


async def test_only_the_difference_is_sent(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("One.")
    await reply.append("One.")
    await reply.append("One. Two.")
    await scene.finish(claim, "One. Two. Three.")
    sent = [call.arguments["chunks"][0]["text"] for call in scene.slack.calls("chat.appendStream")]
    assert sent == ["One.", " Two."]
    assert scene.slack.calls("chat.stopStream")[0].arguments["chunks"][0]["text"] == " Three."


async def test_what_was_all_shown_is_ended_without_more_text(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append(ANSWER)
    await scene.finish(claim)
    assert scene.texts == [ANSWER]
    assert "chunks" not in scene.slack.calls("chat.stopStream")[0].arguments


async def test_an_answer_that_takes_words_back_is_written_anew_in_place(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    await scene.finish(claim, "A colleague will look into it.")
    [message] = scene.slack.replies(scene.question)
    assert message.markdown == "A colleague will look into it."
    assert has_buttons(message)


@pytest.mark.parametrize("when", ["between", "at_the_end"])
async def test_an_expired_stream_is_gone_on_with_as_a_message(scene: Scene, when: str) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.slack.streams.expire(scene.slack.replies(scene.question)[0])
    if when == "between":
        await reply.append("Open the page. Then press Export.")
        assert scene.texts == ["Open the page. Then press Export."]
    await scene.finish(claim)
    [message] = scene.slack.replies(scene.question)
    assert message.markdown == ANSWER
    assert has_buttons(message)


async def test_a_stream_is_left_before_slack_closes_it(scene: Scene) -> None:
    scene.channel = scene.process(longest_stream_seconds=0.0)
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    await reply.append("Open the page. Then press Export.")
    assert scene.texts == ["Open the page. Then press Export."]
    assert scene.methods.count("chat.appendStream") == 0
    assert not scene.slack.streams.open
    await scene.finish(claim)
    assert scene.texts == [ANSWER]
    assert scene.methods.count("chat.stopStream") == 1


async def test_too_many_appends_show_less_often_and_lose_nothing(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
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
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.slack.faults.rate_limit("chat.stopStream", retry_after_seconds=30)
    with pytest.raises(SendError) as caught:
        await scene.finish(claim)
    assert not caught.value.permanent
    assert caught.value.retry_after_seconds == 30
    await scene.finish(claim, attempts=1)
    [message] = scene.slack.replies(scene.question)
    assert (message.markdown, has_buttons(message)) == (ANSWER, True)


async def test_a_short_wait_at_the_end_is_waited_out(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
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


async def test_a_stream_that_began_before_a_crash_is_used(scene: Scene) -> None:
    """The process died after Slack began the stream, before its id was stored."""
    await scene.opened()
    scene.channel = scene.process()
    await scene.channel.send(scene.worded(scene.claim()))
    [message] = scene.slack.replies(scene.question)
    assert (message.markdown, has_buttons(message)) == (ANSWER, True)


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
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.channel = scene.process()
    await scene.finish(claim, attempts=1)
    [message] = scene.slack.replies(scene.question)
    assert (message.markdown, has_buttons(message)) == (ANSWER, True)
    await scene.finish(claim, attempts=2)  # killed again before that was stored
    assert scene.texts == [ANSWER]


async def test_an_append_whose_answer_was_lost_is_not_shown_twice(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.slack.faults.lose_answer("chat.appendStream")
    with pytest.raises(DeliveryUnknown):
        await reply.append("Open the page. Then press Export.")
    await reply.append("Open the page. Then press Export. Done")
    assert scene.texts == ["Open the page. Then press Export. Done"]
    await scene.finish(claim)
    assert scene.texts == [ANSWER]


@pytest.mark.parametrize("left", [True, False])
async def test_an_end_whose_answer_was_lost_is_given_again(scene: Scene, *, left: bool) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    if left:
        scene.slack.faults.lose_answer("chat.stopStream")
    else:
        scene.slack.faults.fail("chat.stopStream", "internal_error", status=500)
    await scene.finish(claim)
    [message] = scene.slack.replies(scene.question)
    assert (message.markdown, has_buttons(message)) == (ANSWER, True)


@pytest.mark.parametrize("refusals", [1, 2, 3, 4])
async def test_where_blocks_are_refused_the_words_are_shown_all_the_same(
    scene: Scene, refusals: int
) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.slack.faults.fail("chat.stopStream", "invalid_blocks")
    scene.slack.faults.fail("chat.update", "invalid_blocks", times=refusals)
    await scene.finish(claim)
    assert scene.texts == [ANSWER]


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_changed_is_replaced(scene: Scene, error: str) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.channel = scene.process()
    scene.slack.faults.fail("chat.update", error)
    receipt = await scene.finish(claim)
    [message] = scene.slack.replies(scene.question)
    assert message.markdown == ANSWER
    assert receipt.provider_id == f"{message.channel}:{message.ts}" != claim.provider_id


async def test_a_message_that_somebody_removed_is_posted_again_once(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    [message] = scene.slack.replies(scene.question)
    scene.slack.delete(message)
    for attempts in (0, 1):
        await scene.finish(claim, attempts=attempts)
        assert scene.texts == [ANSWER]


@pytest.mark.parametrize("length", [11_700, 12_500, 30_000])
async def test_a_long_answer_is_whole_in_several_messages(scene: Scene, length: int) -> None:
    reply, claim = await scene.opened()
    words = " ".join(f"word{number}" for number in range(length // 8))
    for end in range(1_000, len(words), 1_000):
        await reply.append(words[:end].rsplit(" ", 1)[0])
    await scene.finish(claim, words)
    shown = scene.slack.replies(scene.question)
    assert " ".join(message.markdown for message in shown).split() == words.split()
    assert [has_buttons(message) for message in shown] == [False] * (len(shown) - 1) + [True]
    assert await scene.channel.find(scene.worded(claim, words)) is not None
    await scene.finish(claim, words, attempts=1)
    assert len(scene.slack.replies(scene.question)) == len(shown)


async def test_the_stop_button_ends_the_growth(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.slack.streams.stop(scene.question, "ada")
    with pytest.raises(ReplyStopped):
        await reply.append("Open the page. Then press Export.")
    await scene.finish(claim, "Open the page.")
    [message] = scene.slack.replies(scene.question)
    assert (message.markdown, has_buttons(message)) == ("Open the page.", True)


async def test_a_bot_that_was_removed_meanwhile_says_so(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Open the page.")
    scene.slack.workspace.channel("support").members.discard(scene.slack.bot_user)
    with pytest.raises(SendError):
        await reply.append("Open the page. Then press Export.")
    with pytest.raises(SendError) as caught:
        await scene.finish(claim)
    assert caught.value.permanent
    assert "not_in_channel" in str(caught.value)


@pytest.mark.parametrize("known", [True, False])
async def test_a_message_that_nobody_saw_is_taken_away(scene: Scene, *, known: bool) -> None:
    _, claim = await scene.opened()
    if not known:
        scene.channel, claim = scene.process(), replace(claim, provider_id=None)
    for _ in range(2):
        await scene.channel.discard(claim)
        assert scene.texts == []
    assert not scene.slack.streams.open


async def test_words_from_strangers_call_nobody(scene: Scene) -> None:
    reply, claim = await scene.opened()
    await reply.append("Ask <!channel> or <@U1>.")
    await scene.finish(claim, "Ask <!channel> or <@U1>. Or <#C1>.")
    assert scene.texts == ["Ask &lt;!channel> or &lt;@U1>. Or &lt;#C1>."]


async def test_tables_and_headings_survive(scene: Scene) -> None:
    table = "## Prices\n\n| what | price |\n| --- | --- |\n| one | 1 |\n"
    reply, claim = await scene.opened()
    await reply.append(table)
    await scene.finish(claim, f"{table}\nThat is all.")
    assert scene.texts == [f"{table}\nThat is all."]


async def test_a_reply_to_a_guest_grows_for_the_guest(scene: Scene) -> None:
    """The recipient's team is the author's, not ours: the fake refuses another one."""
    scene.slack.add_user("eve", team="T0OTHER")
    scene.question = scene.slack.mention("support", "eve", "how?")
    reply, _ = await scene.opened()
    await reply.append("Like this.")
    [start] = scene.slack.calls("chat.startStream")
    assert start.arguments["recipient_team_id"] == "T0OTHER"


async def test_replies_do_not_grow_where_that_is_turned_off(scene: Scene) -> None:
    channel = scene.process(live=False)
    assert not channel.may_open("reply:1", scene.claim().target)


async def test_replies_do_not_grow_where_nobody_is_known_to_see_them(scene: Scene) -> None:
    claim = scene.claim()
    target = {name: value for name, value in claim.target.items() if name != "user"}
    assert not scene.channel.may_open(claim.key, dataclasses.replace(claim, target=target).target)
