"""Thumbs, scores and comments: all are kept, the last one counts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery
from supportbot.model.inbound import ActionKind
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.telling.opinions import SCORE_QUESTION
from supportbot.reports.catalog import REPORTS
from supportbot.reports.period import Period, Scope
from supportbot.store import feedback
from supportbot.testing import said
from tests.integration.orchestrator.desk import (
    ADA,
    BOB,
    GRACE,
    customer_presses,
    press,
    to_customer,
)


@pytest.fixture
async def scored(make_world: Any) -> Any:
    """A bot whose customers are asked how it went."""
    return await make_world(scored=True)


async def opinions(world: Any, ticket: Ticket) -> list[tuple[str, int, str | None, int]]:
    async with world.db.reading() as work:
        found = await feedback.of_ticket(work, ticket.id)
    return [(one.kind, one.rating, one.comment, one.episode_n) for one in found]


async def resolved(world: Any, text: str = "hi") -> tuple[Ticket, Delivery]:
    """Let a question be answered and its ticket resolved; return it and the score's question."""
    ticket = await world.ask(said(text))
    await customer_presses(world, ActionKind.RESOLVE)
    return ticket, question(world)


def question(world: Any) -> Delivery:
    shown: list[Delivery] = [d for d in world.channel.shown("t1") if ActionKind.SCORE in d.offers]
    return shown[-1]


async def test_a_thumb_up_is_thanked_for_and_a_thumb_down_asks_why(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    (answer,) = await to_customer(world, ticket)
    up = await customer_presses(world, ActionKind.FEEDBACK, answer, value=1)
    assert (up.note, up.form) == ("Thank you.", None)
    down = await customer_presses(world, ActionKind.FEEDBACK, answer, value=-1)
    assert down.form is not None
    assert down.form.kind is ActionKind.COMMENT
    key = down.form.delivery_key
    await press(
        world, ActionKind.COMMENT, ADA, key, by_operator=False, thread_keys=(), text="too long"
    )
    assert await opinions(world, ticket) == [
        ("thumbs", 1, None, 1),
        ("thumbs", -1, None, 1),
        ("thumbs", -1, "too long", 1),
    ]


async def test_a_comment_without_a_thumb_is_not_kept(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    (answer,) = await to_customer(world, ticket)
    accepted = await customer_presses(world, ActionKind.COMMENT, answer, text="hm")
    assert accepted.note == "This button leads nowhere any more."
    assert await opinions(world, ticket) == []


async def test_a_comment_without_words_is_asked_for_again(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    (answer,) = await to_customer(world, ticket)
    await customer_presses(world, ActionKind.FEEDBACK, answer, value=-1)
    accepted = await customer_presses(world, ActionKind.COMMENT, answer, text="  ")
    assert accepted.note == "Write something first."


async def test_a_customer_is_asked_once_and_may_change_the_score(scored: Any) -> None:
    ticket, asked = await resolved(scored)
    assert asked.text == SCORE_QUESTION
    good = await customer_presses(scored, ActionKind.SCORE, asked, value=4)
    assert good.form is None
    assert question(scored).text == f"{SCORE_QUESTION}\n\nYou gave 4 of 5. Thank you."
    assert question(scored).offers == (ActionKind.SCORE, ActionKind.COMMENT)
    bad = await customer_presses(scored, ActionKind.SCORE, question(scored), value=2)
    assert bad.form is not None
    await customer_presses(scored, ActionKind.COMMENT, question(scored), text="slow")
    assert question(scored).text.endswith("You gave 2 of 5. Thank you. Your comment is kept.")
    assert await opinions(scored, ticket) == [
        ("csat", 4, None, 1),
        ("csat", 2, None, 1),
        ("csat", 2, "slow", 1),
    ]
    assert len([d for d in scored.channel.sent if d.text == SCORE_QUESTION]) == 1
    assert (await scored.kinds(ticket)).count("scored") == 3


async def test_the_last_score_of_an_episode_counts(scored: Any, db: Any, clock: Any) -> None:
    _, asked = await resolved(scored)
    for score in (1, 5):
        await customer_presses(scored, ActionKind.SCORE, asked, value=score)
    day = clock().date()
    report = await REPORTS["overview"](db, Scope(Period(date(2026, 3, 1), day, "UTC"), clock()))
    (satisfaction,) = [one for one in report.records() if one["metric"] == "csat"]
    assert (satisfaction["value"], satisfaction["n"]) == (1.0, 1)


async def test_a_late_score_counts_for_the_episode_it_was_asked_for(
    scored: Any, clock: Any
) -> None:
    ticket, asked = await resolved(scored)
    clock.advance(hours=1)
    await scored.ask(said("it broke again"))
    await customer_presses(scored, ActionKind.SCORE, asked, value=3)
    assert await opinions(scored, ticket) == [("csat", 3, None, 1)]


async def test_only_whoever_asked_gives_a_score(scored: Any) -> None:
    ticket, asked = await resolved(scored)
    refused = await press(
        scored, ActionKind.SCORE, BOB, asked, value=1, by_operator=False, thread_keys=("t1",)
    )
    assert refused.note == "Only whoever asked here can give a score."
    assert await opinions(scored, ticket) == []
    await customer_presses(scored, ActionKind.SCORE, asked, value=5)
    for changes in ({}, {"text": "bad"}):
        by_bob = {"by_operator": False, "thread_keys": ("t1",), **changes}
        said_too = await press(scored, ActionKind.COMMENT, BOB, asked, **by_bob)
        assert said_too.note == "Only whoever asked here can give a score."
    assert await opinions(scored, ticket) == [("csat", 5, None, 1)]


@pytest.mark.parametrize("value", [None, 0, 6, -1])
async def test_a_score_beyond_the_scale_is_none(scored: Any, value: int | None) -> None:
    ticket, asked = await resolved(scored)
    refused = await customer_presses(scored, ActionKind.SCORE, asked, value=value)
    assert refused.note is not None
    assert await opinions(scored, ticket) == []


async def test_a_score_on_an_answer_is_none(scored: Any) -> None:
    ticket = await scored.ask(said("hi"))
    (answer,) = await to_customer(scored, ticket)
    refused = await customer_presses(scored, ActionKind.SCORE, answer, value=5)
    assert refused.note == "This button leads nowhere any more."
    assert await opinions(scored, ticket) == []


async def test_nobody_is_asked_about_a_ticket_that_went_silent(scored: Any, clock: Any) -> None:
    ticket = await scored.ask(said("hi"))
    clock.advance(days=2)
    await scored.sweep.resolve_silent()
    await scored.settle()
    assert (await scored.events(ticket))[-1].reason == "bot_assumed"
    assert scored.channel.texts("t1") == ["answer 1"]


async def test_nobody_is_asked_where_nobody_answered(scored: Any) -> None:
    await scored.hear(said("hi"))
    await press(scored, ActionKind.RESOLVE, GRACE, None, thread_keys=("t1",))
    assert scored.channel.texts("t1") == []


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW])
async def test_nobody_is_asked_in_a_mode_that_says_nothing(make_world: Any, mode: Mode) -> None:
    world = await make_world(mode=mode, scored=True)
    ticket = await world.ask(said("hi"))
    await world.takeover.reply(ticket.public_id, None, "Kim here.")
    await world.takeover.resolve(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts("t1") == ["Kim here."]


async def test_nobody_is_asked_where_that_is_turned_off(world: Any) -> None:
    await world.ask(said("hi"))
    await customer_presses(world, ActionKind.RESOLVE)
    assert world.channel.texts("t1") == ["answer 1"]


async def test_a_thumb_belongs_to_the_episode_of_its_answer(world: Any) -> None:
    ticket = await world.ask(said("one"))
    first, *_ = await to_customer(world, ticket)
    await customer_presses(world, ActionKind.RESOLVE)
    await world.ask(said("two"))
    assert (await world.ticket(ticket.public_id)).episode_n == 2
    await customer_presses(world, ActionKind.FEEDBACK, first, value=-1)
    assert await opinions(world, ticket) == [("thumbs", -1, None, 1)]
