"""Whose questions a turn answers, read from its thread."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.model.catalog import ChannelKind, Mode
from supportbot.model.message import Message, Role
from supportbot.model.policy import CompiledPolicy, PublishedPolicy
from supportbot.model.ticket import BOT, Actor, ActorKind, Handler, Status, Ticket
from supportbot.orchestrator.answering.turn import Turn

AT = datetime(2026, 1, 2, tzinfo=UTC)
ADA, MALLORY = 1, 2


def wrote(seq: int, customer: int) -> Message:
    author = Actor(ActorKind.CUSTOMER, customer)
    return Message(seq, 1, seq, 1, Role.USER, author, f"message {seq}", AT)


def replied(seq: int, **data: Any) -> Message:
    return Message(seq, 1, seq, 1, Role.ASSISTANT, BOT, "answer", AT, data=data)


def turn(*thread: Message, answered_seq: int = 0) -> Turn:
    upto_seq = max(message.seq for message in thread if message.role is Role.USER)
    policy = CompiledPolicy("shop", "Shop", Mode.AUTO, "", "0" * 64, "{}")
    return Turn(
        ticket=make_ticket(asked_seq=upto_seq, answered_seq=answered_seq),
        thread=thread,
        upto_seq=upto_seq,
        published=PublishedPolicy(1, policy),
        mode=Mode.AUTO,
    )


def make_ticket(**changes: Any) -> Ticket:
    facts: dict[str, Any] = dict.fromkeys(Ticket.__dataclass_fields__)
    facts |= {"id": 1, "handler": Handler.BOT, "status": Status.OPEN, "handler_epoch": 0}
    return Ticket(**{**facts, "channel_kind": ChannelKind.SLACK, **changes})


def test_only_open_questions_have_an_asker() -> None:
    thread = (wrote(1, MALLORY), replied(2, upto=1), wrote(3, ADA))
    assert turn(*thread, answered_seq=1).askers(3) == (ADA,)


def test_all_who_ask_at_once_are_told_the_newest_first() -> None:
    thread = (wrote(1, ADA), wrote(2, MALLORY), wrote(3, ADA), wrote(4, MALLORY))
    assert turn(*thread).askers(4) == (MALLORY, ADA)
    assert turn(*thread).askers(1) == (ADA,)


@pytest.mark.parametrize("between", [{"notice": "handoff", "upto": 2}, {"interrupted": True}])
def test_a_live_reply_that_covers_its_turn_hides_no_asker(between: dict[str, Any]) -> None:
    """It was interrupted, and whoever goes on with it sees the turn as covered already."""
    thread = (
        wrote(1, ADA),
        replied(2, upto=1),
        wrote(3, MALLORY),
        replied(4, **between),
        wrote(5, ADA),
    )
    assert turn(*thread, answered_seq=5).askers(5) == (ADA, MALLORY)
