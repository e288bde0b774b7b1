"""Both transports: what is said in Slack is committed before it is acknowledged."""

from __future__ import annotations

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.model.delivery import ANSWER_OFFERS
from supportbot.model.inbound import (
    Action,
    ActionKind,
    CustomerMessage,
    Deleted,
    Edited,
    Ignored,
)
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import Setup, connected, make_delivery


async def test_mention_is_committed_once_and_both_copies_are_acknowledged(setup: Setup) -> None:
    message = setup.slack.mention("support", "ada", "How do I export?")
    await setup.slack.settled()
    assert [delivery.acked for delivery in setup.slack.deliveries] == [True, True]
    assert setup.ear.duplicates == 1
    (heard,) = setup.heard()
    assert isinstance(heard, CustomerMessage)
    assert heard.text == "How do I export?"
    assert heard.addressed
    assert heard.product == "rocket"
    assert f"{setup.slack.team}:{message.channel}:{message.ts}" in setup.ear.inbound[0].keys


async def test_event_is_sent_again_until_it_is_committed(setup: Setup) -> None:
    setup.ear.refusals_left = 1
    setup.slack.direct("ada", "hello")
    await setup.slack.settled()
    (delivery,) = setup.slack.deliveries
    assert delivery.acked
    assert delivery.attempts == 2
    assert setup.ear.refused == 1
    assert len(setup.ear.inbound) == 1


async def test_event_that_is_never_committed_is_never_acknowledged(setup: Setup) -> None:
    setup.ear.refusals_left = 99
    setup.slack.direct("ada", "hello")
    await setup.slack.settled()
    (delivery,) = setup.slack.deliveries
    assert not delivery.acked
    assert delivery.attempts == 3


async def test_follow_up_in_a_thread_needs_no_mention(setup: Setup) -> None:
    first = setup.slack.mention("support", "ada", "one")
    await setup.slack.settled()
    setup.slack.say("support", "ada", "two", thread=first)
    await setup.slack.settled()
    one, two = setup.heard()
    assert two.thread_keys == one.thread_keys
    assert (one.addressed, two.addressed) == (True, False)


async def test_edit_and_deletion_name_the_first_arrival(setup: Setup) -> None:
    message = setup.slack.direct("ada", "one")
    await setup.slack.settled()
    setup.slack.edit(message, "two")
    await setup.slack.settled()
    setup.slack.delete(message)
    await setup.slack.settled()
    _, edited, deleted = setup.heard()
    assert isinstance(edited, Edited)
    assert isinstance(deleted, Deleted)
    assert edited.text == "two"
    assert edited.message_key in setup.ear.inbound[0].keys
    assert deleted.message_key in setup.ear.inbound[0].keys


async def test_unknown_event_is_kept_and_acknowledged(setup: Setup) -> None:
    delivery = setup.slack.emit({"type": "brand_new", "nested": {"x": 1}})
    await setup.slack.settled()
    assert delivery.acked
    assert setup.heard() == [Ignored("slack event: brand_new")]


async def test_unknown_interaction_is_kept_and_acknowledged(setup: Setup) -> None:
    delivery = setup.slack.interact({"type": "brand_new", "trigger_id": "1.a"})
    await setup.slack.settled()
    assert delivery.acked
    assert setup.heard() == [Ignored("slack payload: brand_new")]


async def test_message_of_a_megabyte_is_kept(setup: Setup) -> None:
    setup.slack.direct("ada", "x" * 1_000_000)
    await setup.slack.settled()
    (heard,) = setup.heard()
    assert isinstance(heard, CustomerMessage)
    assert len(heard.text) == 1_000_000


async def test_pressed_button_is_committed_before_the_ack(setup: Setup) -> None:
    question = setup.slack.mention("support", "ada", "help")
    await setup.channel.send(make_delivery(question, offers=ANSWER_OFFERS))
    (answer,) = setup.slack.replies(question)
    await setup.slack.settled()
    pressed = setup.slack.click(answer, "supportbot_escalate", "ada")
    voted = setup.slack.click(answer, "supportbot_feedback", "ada", positive=False)
    await setup.slack.settled()
    assert pressed.acked
    assert voted.acked
    escalate, feedback = (heard for heard in setup.heard() if isinstance(heard, Action))
    assert (escalate.kind, escalate.delivery_key) == (ActionKind.ESCALATE, "reply:1")
    assert (feedback.kind, feedback.value) == (ActionKind.FEEDBACK, -1)
    assert f"{setup.slack.team}:{question.channel}:{question.ts}" in escalate.thread_keys


async def test_our_own_messages_are_not_heard(setup: Setup) -> None:
    question = setup.slack.say("support", "ada", "hi")
    await setup.channel.send(make_delivery(question))
    await setup.slack.settled()
    assert len(setup.ear.inbound) == 1
    assert all(delivery.acked for delivery in setup.slack.deliveries)


async def test_variables_of_an_oauth_app_change_nothing_for_one_workspace(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bolt turns to OAuth by itself where it sees these variables."""
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SCOPES"):
        monkeypatch.setenv(name, "chat:write")
    async with connected(slack, Transport.HTTP) as setup:
        slack.mention("support", "ada", "Hello")
        slack.emit({"type": "app_uninstalled"})
        await slack.settled()
        assert isinstance(setup.heard()[0], CustomerMessage)
        await setup.channel.send(make_delivery(slack.workspace.messages[0]))
    assert {call.team for call in slack.calls()} == {slack.team}
