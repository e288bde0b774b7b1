"""The day's spending as completion rows tell it, and what follows from it, on both stores."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from supportbot.completions.base import EMBEDDED
from supportbot.errors import StoreUnavailable
from supportbot.model.completion import Completion, FinishReason, Prompt, Usage
from supportbot.model.delivery import Delivery
from supportbot.model.policy import HandoffReason
from supportbot.model.ticket import EventKind, Ticket
from supportbot.orchestrator.answering.budgets import (
    Budget,
    Ladder,
    Plan,
    Scope,
    SpendingRules,
    Step,
    Unit,
)
from supportbot.orchestrator.answering.spending import (
    Spending,
    degraded,
    out_of_budget,
    tell_operators,
)
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.store import answers, catalog, threads, tickets
from supportbot.store import spending as store_spending
from supportbot.store.tables.answers import DeliveryRow
from supportbot.testing import said

CENT = 10_000_000
DOLLAR = 100 * CENT
PRODUCT = SpendingRules(product=Budget(nusd=DOLLAR, tokens=1000))
CUSTOMER = SpendingRules(customer=Budget(nusd=DOLLAR, tokens=1000))
INSTALLATION = SpendingRules(installation=Budget(nusd=DOLLAR))
LADDER = Ladder(short_history_percent=70, cheaper_model_percent=85, draft_percent=95)


async def asked(world: Any, customer: str = "ann", thread: str = "t1") -> Ticket:
    """Open a ticket that waits for its answer."""
    accepted = await world.hear(said("where is it?", by=customer, thread=thread))
    return await world.ticket(accepted.ticket)  # type: ignore[no-any-return] # the world is Any


async def call(
    world: Any, ticket: Ticket, cents: float | None, *, ago: timedelta = timedelta(), **changes: Any
) -> Completion:
    """Record a call of a model: what it cost in cents, or None where that is unknown."""
    completion = Completion(
        model="m",
        endpoint="api",
        text="",
        finish_reason=FinishReason.STOP,
        started_at=world.clock() - ago,
        latency_ms=1,
        cost_nusd=None if cents is None else round(cents * CENT),
        **changes,
    )
    version = world.wiring.policies["shop"].version_id
    async with world.db.writing() as work:
        purpose = answers.Purpose(version)
        await answers.add_completion(work, ticket, purpose, Prompt(messages=()), completion)
    return completion


def watch(world: Any, rules: SpendingRules) -> Spending:
    return Spending(world.clock, rules)


async def step(world: Any, spending: Spending, ticket: Ticket) -> Plan:
    return await spending.step(world.db, ticket)


async def tell(world: Any, ticket: Ticket, taken: Plan) -> None:
    async with world.db.writing() as work:
        await tell_operators(world.wiring, work, ticket, taken)


async def notices(world: Any) -> list[Delivery]:
    found = [one for t in await world.all_tickets() for one in await world.deliveries(t)]
    return [delivery for delivery in found if delivery.key.startswith("budget-")]


async def test_nothing_spent_takes_no_step(world: Any) -> None:
    assert await step(world, watch(world, PRODUCT), await asked(world)) == Plan()


@pytest.mark.parametrize("rules", [PRODUCT, CUSTOMER, INSTALLATION], ids=["p", "c", "i"])
async def test_each_step_is_taken_from_its_share_of_the_budget(
    world: Any, rules: SpendingRules
) -> None:
    ticket = await asked(world)
    spending = watch(world, replace(rules, ladder=LADDER))
    reached = []
    for cents in (69.9, 0.1, 14.9, 0.1, 9.9, 0.1, 4.9, 0.1, 150):
        await call(world, ticket, cents)
        world.clock.advance(seconds=5)
        reached.append((await step(world, spending, ticket)).step)
    climbed = [None, *(one for one in Step if one is not Step.HANDOFF for _ in range(2))]
    assert reached == [*climbed, Step.HANDOFF, Step.HANDOFF]


async def test_without_a_cheaper_model_its_step_is_left_out(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, 90)
    assert (await step(world, watch(world, PRODUCT), ticket)).step is Step.SHORT_HISTORY


async def test_a_model_without_a_price_is_limited_by_tokens(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, None, usage=Usage(prompt=900, output=60))
    use = (await step(world, watch(world, PRODUCT), ticket)).use
    assert use is not None
    assert (use.unit, use.spent, use.budget) == (Unit.TOKENS, 960, 1000)


async def test_tokens_of_a_model_with_a_price_are_not_counted(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, 1, usage=Usage(prompt=9000, output=60))
    assert await step(world, watch(world, PRODUCT), ticket) == Plan()


async def test_kb_extractive_counts_nothing(world: Any) -> None:
    ticket = await asked(world)
    done = await call(world, ticket, None, usage=Usage(prompt=9000))
    assert (await step(world, watch(world, PRODUCT), ticket)).step is Step.HANDOFF
    world.clock.advance(days=1)
    spending = watch(world, PRODUCT)
    embedded = replace(done, endpoint=EMBEDDED, started_at=world.clock())
    spending.spent(ticket, [embedded])
    async with world.db.writing() as work:
        purpose = answers.Purpose(world.wiring.policies["shop"].version_id)
        await answers.add_completion(work, ticket, purpose, Prompt(messages=()), embedded)
    assert await step(world, spending, ticket) == Plan()


@pytest.mark.parametrize("kind", ["superseded", "timeout", "rate_limit"])
async def test_calls_that_came_to_nothing_are_counted(world: Any, kind: str) -> None:
    ticket = await asked(world)
    await call(world, ticket, 100, error_kind=kind)
    assert (await step(world, watch(world, PRODUCT), ticket)).step is Step.HANDOFF


async def test_the_budget_nearest_its_end_decides(world: Any) -> None:
    mine, other = await asked(world), await asked(world, "bob", "t2")
    await call(world, mine, 40)
    await call(world, other, 35)
    rules = SpendingRules(product=Budget(nusd=DOLLAR), customer=Budget(nusd=42 * CENT))
    taken = await step(world, watch(world, rules), mine)
    assert taken.use is not None
    assert (taken.step, taken.use.scope) == (Step.DRAFT, Scope.CUSTOMER)
    taken = await step(world, watch(world, rules), other)
    assert taken.use is not None
    assert (taken.step, taken.use.scope) == (Step.SHORT_HISTORY, Scope.CUSTOMER)


async def test_what_a_customer_spends_leaves_others_alone(world: Any) -> None:
    mine, other = await asked(world), await asked(world, "bob", "t2")
    await call(world, mine, 100)
    spending = watch(world, CUSTOMER)
    assert (await step(world, spending, mine)).step is Step.HANDOFF
    assert await step(world, spending, other) == Plan()


async def test_all_tickets_of_a_customer_count(world: Any) -> None:
    one, two = await asked(world), await asked(world, thread="t2")
    await call(world, one, 50)
    await call(world, two, 50)
    assert (await step(world, watch(world, CUSTOMER), one)).step is Step.HANDOFF


async def test_what_a_product_spends_leaves_others_alone(world: Any) -> None:
    ticket = await asked(world)
    async with world.db.writing() as work:
        await catalog.ensure_product(work, "books", "Books")
    await call(world, replace(ticket, product="books"), 100)
    assert await step(world, watch(world, PRODUCT), ticket) == Plan()
    assert (await step(world, watch(world, INSTALLATION), ticket)).step is Step.HANDOFF


async def test_midnight_of_the_time_zone_begins_a_new_day(world: Any) -> None:
    ticket = await asked(world)  # 09:00 UTC is 18:00 in Tokyo
    await call(world, ticket, 100)
    spending = watch(world, replace(PRODUCT, timezone="Asia/Tokyo"))
    world.clock.advance(hours=5, minutes=59)
    assert (await step(world, spending, ticket)).step is Step.HANDOFF
    world.clock.advance(minutes=1)
    assert await step(world, spending, ticket) == Plan()
    utc = watch(world, PRODUCT)
    assert (await step(world, utc, ticket)).step is Step.HANDOFF


async def test_the_sum_of_a_day_is_right_however_it_was_read(world: Any) -> None:
    """What is read once, read again, and counted on the spot adds up to the rows."""
    ticket = await asked(world)
    spending = watch(world, replace(PRODUCT, product=Budget(nusd=CENT)))
    for minute in range(40):
        done = await call(world, ticket, minute)
        if minute % 2:  # the others are another process's
            spending.spent(ticket, [done])
        world.clock.advance(minutes=1)
        use = (await step(world, spending, ticket)).use
        assert (use.spent if use else 0) == sum(range(minute + 1)) * CENT
    fresh = (
        await step(world, watch(world, replace(PRODUCT, product=Budget(nusd=CENT))), ticket)
    ).use
    assert fresh is not None
    assert fresh.spent == sum(range(40)) * CENT


async def test_own_calls_count_at_once_and_others_seconds_later(world: Any) -> None:
    ticket = await asked(world)
    here, there = watch(world, PRODUCT), watch(world, PRODUCT)
    assert await step(world, here, ticket) == await step(world, there, ticket) == Plan()
    here.spent(ticket, [await call(world, ticket, 100)])
    assert (await step(world, here, ticket)).step is Step.HANDOFF
    assert await step(world, there, ticket) == Plan()
    world.clock.advance(seconds=5)
    assert (await step(world, there, ticket)).step is Step.HANDOFF


async def test_a_clock_that_was_set_back_is_no_reason_to_read_nothing(world: Any) -> None:
    ticket = await asked(world)
    spending = watch(world, PRODUCT)
    assert await step(world, spending, ticket) == Plan()
    world.clock.advance(hours=-2)
    await call(world, ticket, 100)
    assert (await step(world, spending, ticket)).step is Step.HANDOFF


async def test_budgets_that_are_off_ask_the_database_nothing(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, 10_000)
    assert await statements(world, watch(world, SpendingRules()), ticket) == 0


async def test_a_turn_costs_at_most_one_statement_between_readings(world: Any) -> None:
    ticket = await asked(world)
    both = SpendingRules(product=PRODUCT.product, customer=PRODUCT.product)
    spending = watch(world, both)
    assert await statements(world, spending, ticket) == 1  # the products; the customer spent less
    assert await statements(world, spending, ticket) == 0
    spending.spent(ticket, [await call(world, ticket, 75)])
    assert await statements(world, spending, ticket) == 1  # the customer


async def statements(world: Any, spending: Spending, ticket: Ticket) -> int:
    count = 0

    def counted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal count
        count += statement.startswith("SELECT")

    event.listen(Engine, "before_cursor_execute", counted)
    await spending.step(world.db, ticket)
    event.remove(Engine, "before_cursor_execute", counted)
    return count


async def test_a_snapshot_that_is_older_than_the_reading_hides_no_call(world: Any) -> None:
    """Readers of SQLite see what was committed before they began, however late they look."""
    ticket, spending = await asked(world), watch(world, INSTALLATION)
    async with world.db.reading() as work:
        await tickets.get(work, ticket.id)
        spending.spent(ticket, [await call(world, ticket, 100)])
        taken = await spending.step(world.db, ticket)
    assert taken.step is Step.HANDOFF


async def test_a_reading_that_fails_forgets_no_call_of_this_process(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, spending = await asked(world), watch(world, INSTALLATION)
    assert (await step(world, spending, ticket)).step is None
    done = await call(world, ticket, 100)
    spending.spent(ticket, [done])
    world.clock.advance(seconds=6)

    async def away(*_: object) -> None:
        raise StoreUnavailable("away for a moment")

    with monkeypatch.context() as patch:
        patch.setattr(store_spending, "by_product", away)
        with pytest.raises(StoreUnavailable):
            await step(world, spending, ticket)
    assert spending._products.total().nusd == DOLLAR


async def test_many_turns_at_once_read_the_sums_once(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, 100)
    spending = watch(world, PRODUCT)
    plans = await asyncio.gather(*(step(world, spending, ticket) for _ in range(20)))
    assert {taken.step for taken in plans} == {Step.HANDOFF}


async def test_operators_are_told_once_for_each_step_of_a_day(world: Any) -> None:
    one, two = await asked(world), await asked(world, "bob", "t2")
    await call(world, one, 75)
    spending = watch(world, replace(PRODUCT, ladder=LADDER))
    for ticket in (one, two, one):
        await tell(world, ticket, await step(world, spending, ticket))
    (notice,) = await notices(world)
    assert notice.subject == "[supportbot] 75% of the budget of product shop is spent"
    assert "0.75 of 1.00 USD are spent on 2026-03-02" in notice.text
    assert "answers are written from a shorter history" in notice.text
    assert "`[budget] product_usd_per_day`" in notice.text
    spending.spent(one, [await call(world, one, 12)])
    await tell(world, two, await step(world, spending, two))
    world.clock.advance(days=1)
    await call(world, one, 75)
    await tell(world, two, await step(world, spending, two))
    assert [notice.key for notice in await notices(world)] == [
        "budget-2026-03-02-product-shop-short_history-operators-0",
        "budget-2026-03-02-product-shop-cheaper_model-operators-0",
        "budget-2026-03-03-product-shop-short_history-operators-0",
    ]


async def test_operators_are_told_once_by_turns_that_race(world: Any) -> None:
    """The loser's transaction goes on and commits the rest of what it holds."""
    crowd = [await asked(world, f"c{n}", f"t{n}") for n in range(8)]
    await call(world, crowd[0], 100)
    taken = await step(world, watch(world, PRODUCT), crowd[0])
    inside, last = 0, asyncio.Event()

    async def turn(ticket: Ticket) -> None:
        nonlocal inside
        async with world.db.writing() as work:
            if not world.db.is_sqlite:  # one writer at a time there: nobody would come
                inside += 1
                if inside == len(crowd):
                    last.set()
                await last.wait()
            await tell_operators(world.wiring, work, ticket, taken)
            await threads.append_events(work, ticket, degraded(taken), world.clock())

    await asyncio.gather(*map(turn, crowd))
    assert len(await notices(world)) == 1
    for ticket in crowd:
        assert "degraded" in await world.kinds(ticket)


async def test_a_notice_leaves_with_the_ticket_that_caused_it(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, 75)
    await tell(world, ticket, await step(world, watch(world, PRODUCT), ticket))
    await world.deliver.deliver(ticket.id)
    async with world.db.reading() as work:
        states = await work.connection.execute(
            select(DeliveryRow.state).where(DeliveryRow.key.like("budget-%"))
        )
        assert list(states.scalars()) == ["sent"]


async def test_a_turn_without_a_step_tells_nobody(world: Any) -> None:
    ticket = await asked(world)
    await tell(world, ticket, Plan())
    assert (await notices(world), degraded(Plan())) == ([], [])


async def test_the_transcript_names_step_and_budget(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, 75)
    taken = await step(world, watch(world, CUSTOMER), ticket)
    async with world.db.writing() as work:
        await threads.append_events(work, ticket, degraded(taken), world.clock())
    told = (await world.events(ticket))[-1]
    assert (told.kind, told.reason) == (EventKind.DEGRADED, "short_history")
    assert told.data == {
        "scope": "customer",
        "key": str(ticket.customer_id),
        "setting": "customer_usd_per_day",
        "unit": "usd",
        "spent": 75 * CENT,
        "budget": DOLLAR,
    }


async def test_a_spent_budget_hands_off_and_tells_the_customer(world: Any) -> None:
    ticket = await asked(world)
    await call(world, ticket, 100)
    decision = out_of_budget(await step(world, watch(world, PRODUCT), ticket))
    assert decision.reason is HandoffReason.LIMIT
    async with world.db.writing() as work:
        held = await tickets.get(work, ticket.id, lock=True)
        await hand_off(world.wiring, work, held, decision)
    to_customer, packet = await world.deliveries(ticket)
    assert "a colleague" in to_customer.text
    assert "The day's budget is spent: 1.00 of 1.00 USD." in packet.text
