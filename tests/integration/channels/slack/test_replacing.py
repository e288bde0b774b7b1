"""Messages that are changed in place, and notices that stand below others."""

from __future__ import annotations

import dataclasses

import pytest

from supportbot.errors import SendError
from supportbot.model.delivery import ANSWER_OFFERS, Audience, Delivery, DeliveryKind, Earlier
from supportbot.model.inbound import ActionKind
from supportbot.testing.fake_slack import FakeMessage
from tests.integration.channels.slack.listening import Setup, make_delivery


async def sent(http: Setup, question: FakeMessage, **changes: object) -> tuple[Delivery, str]:
    delivery = make_delivery(question, offers=ANSWER_OFFERS, **changes)
    return delivery, (await http.channel.send(delivery)).provider_id


def change(before: Delivery, provider_id: str | None, **changes: object) -> Delivery:
    values = {"id": 2, "key": "after:1", "replaces": Earlier(1, before.key, provider_id)}
    return dataclasses.replace(before, **(values | changes))  # type: ignore[arg-type] # a test's


async def test_a_message_is_changed_in_place_and_can_still_be_found(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question)
    after = change(before, provider_id, offers=(ActionKind.FEEDBACK,))
    for _ in range(2):  # to change it again changes nothing
        assert (await http.channel.replace(after)).provider_id == provider_id
    (answer,) = http.slack.replies(question)
    assert answer.markdown == "**Answer**"
    assert [block["type"] for block in answer.blocks] == ["markdown", "context_actions"]
    found = await http.channel.find(before)
    assert found is not None
    assert found.provider_id == provider_id


async def test_of_a_long_answer_the_message_with_the_buttons_is_changed(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question, text="some words here\n\n" * 1500)
    texts = [one.markdown for one in http.slack.replies(question)]
    await http.channel.replace(change(before, provider_id, offers=()))
    assert [one.markdown for one in http.slack.replies(question)] == texts
    assert all(len(one.blocks) == 1 for one in http.slack.replies(question))


LONG = "the old words\n\n" * 2500


@pytest.mark.parametrize("text", ["*(This was taken back.)*", "some new words\n\n" * 1000])
async def test_of_a_persons_long_answer_no_old_words_stay(http: Setup, text: str) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question, text=LONG, signed="Grace")
    first, *more = [one.ts for one in http.slack.replies(question)]
    assert len(more) == 3
    after = change(before, provider_id, text=text)
    for _ in range(2):  # to change it again changes nothing
        await http.channel.replace(after)
    shown = http.slack.replies(question)
    assert [one.ts for one in shown] == [first, *more][: 1 + len(text) // 11_800]
    assert " ".join(one.markdown for one in shown).split() == text.split()
    assert [block["type"] for block in shown[-1].blocks][-1] == "actions"


async def test_of_a_long_answer_that_was_taken_back_no_words_stay(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question, text=LONG)
    gone = change(before, provider_id, text="*(This was taken back.)*", rewords=True, offers=())
    await http.channel.replace(gone)
    shown = [one.markdown for one in http.slack.replies(question)]
    assert shown == ["*(This was taken back.)*"]


async def test_a_persons_answer_that_became_long_is_shown_as_a_whole(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question, text="short", signed="Grace")
    for text in (LONG, "short again"):
        for key in ("after:1", "after:2"):
            await http.channel.replace(change(before, provider_id, text=text, key=key))
        shown = http.slack.replies(question)
        assert " ".join(one.markdown for one in shown).split() == text.split()


async def test_refused_blocks_are_left_away(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question)
    http.slack.faults.fail("chat.update", "invalid_blocks")
    await http.channel.replace(change(before, provider_id, text="Other words"))
    (answer,) = http.slack.replies(question)
    assert answer.markdown == "Other words"


@pytest.mark.parametrize(
    ("error", "permanent"),
    [("message_not_found", True), ("cant_update_message", True), ("ratelimited", False)],
)
async def test_a_refusal_tells_whether_to_try_again(
    http: Setup, error: str, *, permanent: bool
) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question)
    http.slack.faults.fail("chat.update", error)
    with pytest.raises(SendError) as caught:
        await http.channel.replace(change(before, provider_id))
    assert caught.value.permanent is permanent


async def test_a_lost_answer_is_worth_another_try(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question)
    http.slack.faults.lose_answer("chat.update")
    with pytest.raises(SendError) as caught:
        await http.channel.replace(change(before, provider_id))
    assert not caught.value.permanent


async def test_what_never_left_cannot_be_changed(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before = make_delivery(question)
    with pytest.raises(SendError) as caught:
        await http.channel.replace(change(before, None))
    assert caught.value.permanent


async def test_a_message_whose_id_nobody_learned_is_found_and_changed(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question, text=LONG, signed="Grace")
    receipt = await http.channel.replace(change(before, None, text="*(This was taken back.)*"))
    assert receipt.provider_id == provider_id
    shown = [one.markdown for one in http.slack.replies(question)]
    assert shown == ["*(This was taken back.)*"]


async def test_a_copy_whose_id_nobody_learned_is_found_and_changed(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    target = {"user": question.user}
    changes = {"kind": DeliveryKind.ECHO, "target": target, "text": "My PIN is 4711"}
    copy, provider_id = await sent(http, question, **changes)
    for known in (provider_id, None):
        await http.channel.replace(change(copy, known, text=f"gone, {known}"))
        (direct,) = [m for m in http.slack.workspace.messages if provider_id.endswith(m.ts)]
        assert direct.markdown == f"You asked:\n\n> gone, {known}"


async def test_what_was_taken_back_while_it_was_sent_is_found_by_what_stands(http: Setup) -> None:
    question = http.slack.mention("support", "ada", "help")
    before, provider_id = await sent(http, question, text=LONG, signed="Grace")
    found = await http.channel.find(dataclasses.replace(before, text=""))
    assert found is not None
    assert found.provider_id == provider_id


async def test_a_notice_stands_below_another(http: Setup) -> None:
    desk = http.slack.add_channel("desk")
    question = http.slack.mention("support", "ada", "help")
    target = {"channel": desk.id}
    notice, provider_id = await sent(
        http, question, audience=Audience.OPERATORS, target=target, key="notice:1"
    )
    lower = dataclasses.replace(
        notice, id=2, key="notice:1-said-3", below=Earlier(1, notice.key, provider_id)
    )
    receipt = await http.channel.send(lower)
    assert await http.channel.find(lower) == receipt
    _, below = http.slack.thread(
        next(m for m in http.slack.workspace.messages if m.channel == desk.id)
    )
    assert receipt.provider_id == f"{desk.id}:{below.ts}"
