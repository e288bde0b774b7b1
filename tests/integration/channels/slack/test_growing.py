"""A reply grows in its thread, with every word that is to be seen and no other."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from supportbot.errors import ReplyStopped
from tests.integration.channels.slack.growing import ANSWER, Scene, has_buttons


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
    _, claim = await scene.begun()
    await scene.finish(claim, "A colleague will look into it.")
    [message] = scene.slack.replies(scene.question)
    assert message.markdown == "A colleague will look into it."
    assert has_buttons(message)


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
    reply, claim = await scene.begun()
    scene.slack.streams.stop(scene.question, "ada")
    with pytest.raises(ReplyStopped):
        await reply.append("Open the page. Then press Export.")
    await scene.finish(claim, "Open the page.")
    [message] = scene.slack.replies(scene.question)
    assert (message.markdown, has_buttons(message)) == ("Open the page.", True)


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
    assert scene.texts == ["Ask &lt;!channel> or &lt;@U1>."]
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
