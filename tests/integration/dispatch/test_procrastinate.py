"""Durable lanes: what goes beyond the contract that they share with the local ones."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from supportbot.dispatch import reaper
from supportbot.dispatch.base import FOUND, Periodic
from supportbot.dispatch.procrastinate import ProcrastinateDispatcher
from supportbot.dispatch.waking import MOST_DELAYED
from supportbot.store.database import Database
from supportbot.testing.contracts.dispatcher import Settling, until, wake

_OFTEN = 10
_JOBS = "SELECT count(*) FROM procrastinate_jobs"


async def until_answer(ask: Callable[..., Any], question: str, wanted: object) -> None:
    async with asyncio.timeout(10):
        while await ask(question) != wanted:  # noqa: ASYNC110 - the workers decide when
            await asyncio.sleep(0.01)


async def test_who_only_wakes_is_served_by_another_process(
    postgresql_url: str, database: Database, start: Any
) -> None:
    settling = Settling()
    await start(settling)
    await wake(ProcrastinateDispatcher(postgresql_url), database, 7)
    await until(lambda: settling.ended == [7])


async def test_one_ticket_is_never_in_two_processes(database: Database, start: Any) -> None:
    settling = Settling()
    first, second = await start(settling), await start(settling)
    turns = itertools.cycle((first, second))
    async with asyncio.timeout(30):
        while len(settling.started) < _OFTEN:  # how many wakes are one settling, the workers decide
            await wake(next(turns), database, 7)
            await asyncio.sleep(0.01)
    await until(lambda: settling.inside.total() == 0)
    assert settling.overlapping == set()


async def test_many_tickets_are_shared_by_two_processes(database: Database, start: Any) -> None:
    one, two = Settling(), Settling()
    dispatcher = await start(one, parallel=5)
    await start(two, parallel=5)
    one.open.clear()
    two.open.clear()
    async with database.writing() as work:
        for ticket_id in range(1, 11):
            await dispatcher.wake(work, ticket_id, 1)
    await until(lambda: one.most_inside == two.most_inside == 5)
    one.open.set()
    two.open.set()
    await until(lambda: sorted(one.ended + two.ended) == [*range(1, 11)])


async def test_news_reach_the_process_that_works_on_the_ticket(
    database: Database, start: Any
) -> None:
    settling = Settling()
    worker = await start(settling)
    other = await start(Settling())
    await asyncio.sleep(0.2)  # both have begun to listen
    with worker.news(7) as news, worker.news(8) as others:
        await wake(other, database, 7)
        await asyncio.wait_for(news.wait(), 5)
        with suppress(TimeoutError):
            await asyncio.wait_for(others.wait(), 0.1)
            raise AssertionError("ticket 8 had no news")


async def test_a_sweep_is_no_news(database: Database, start: Any) -> None:
    dispatcher = await start(Settling())
    await asyncio.sleep(0.2)
    with dispatcher.news(7) as news:
        async with database.writing() as work:
            await dispatcher.wake(work, 7, FOUND)
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), 0.2)
            raise AssertionError("nobody said anything")


async def test_a_rolled_back_wake_up_leaves_no_job(
    postgresql_url: str, database: Database, ask: Any
) -> None:
    dispatcher = ProcrastinateDispatcher(postgresql_url)
    with suppress(ZeroDivisionError):
        async with database.writing() as work:
            await dispatcher.wake(work, 7, 1)
            raise ZeroDivisionError
    assert await ask(_JOBS) == 0
    await wake(dispatcher, database, 7)
    assert await ask(_JOBS) == 1


async def test_jobs_of_a_flooded_ticket_do_not_pile_up(
    postgresql_url: str, database: Database, ask: Any
) -> None:
    dispatcher = ProcrastinateDispatcher(postgresql_url)
    for seq in range(1, 30):
        async with database.writing() as work:
            await dispatcher.wake(work, 7, seq)
            await dispatcher.wake(work, 8, seq, delay_seconds=60)
    assert await ask(f"{_JOBS} WHERE lock = 'ticket:7'") == 1
    assert await ask(f"{_JOBS} WHERE lock = 'ticket:8'") == MOST_DELAYED


async def test_a_job_that_waits_is_not_begun_before_who_relies_on_it_committed(
    database: Database, start: Any, postgresql_url: str
) -> None:
    """Else the wake-up that added no job of its own would be lost."""
    dispatcher = ProcrastinateDispatcher(postgresql_url)
    await wake(dispatcher, database, 7)
    async with database.writing() as work:
        await dispatcher.wake(work, 7, 2)
        settling = Settling()
        await start(settling)
        await asyncio.sleep(0.6)
        assert settling.started == []
    await until(lambda: settling.ended == [7])


async def test_a_quiet_period_does_not_hold_back_who_must_not_wait(
    database: Database, start: Any
) -> None:
    """An operator's reply leaves at once, even while the bot waits for the customer."""
    settling = Settling()
    dispatcher = await start(settling)
    async with database.writing() as work:
        await dispatcher.wake(work, 7, 1, delay_seconds=60)
    await wake(dispatcher, database, 7)
    await until(lambda: settling.ended == [7])


async def test_what_fails_is_tried_again_and_a_new_message_does_not_wait_for_it(
    database: Database, start: Any, ask: Any
) -> None:
    tried: list[int] = []

    async def fails_first(ticket_id: int) -> None:
        tried.append(ticket_id)
        if len(tried) == 1:
            raise RuntimeError("somebody's words")

    dispatcher = await start(fails_first)
    await wake(dispatcher, database, 7)
    await until(lambda: len(tried) == 1)
    await until_answer(ask, f"{_JOBS} WHERE status = 'todo' AND attempts = 1", 1)
    await wake(dispatcher, database, 7)
    await until(lambda: len(tried) == 2)
    await until_answer(ask, _JOBS, 0)
    assert tried == [7, 7, 7]


async def test_what_always_fails_becomes_a_dead_letter_that_the_sweep_leaves_alone(
    database: Database, start: Any, ask: Any
) -> None:
    async def fails(ticket_id: int) -> None:
        raise RuntimeError(str(ticket_id))

    dispatcher = await start(fails)
    async with database.writing() as work:
        await dispatcher.wake(work, 7, 1, delay_seconds=0.5)
    await ask("UPDATE procrastinate_jobs SET attempts = 7")
    await until_answer(ask, f"{_JOBS} WHERE status = 'failed'", 1)
    async with database.writing() as work:
        await dispatcher.wake(work, 7, FOUND)
        await dispatcher.wake(work, 8, FOUND)
    await until_answer(ask, f"{_JOBS} WHERE lock = 'ticket:8' AND attempts > 0", 1)
    assert await ask(f"{_JOBS} WHERE lock = 'ticket:7'") == 1


async def test_what_a_stop_cancels_goes_on_in_another_process_at_once(
    database: Database, start: Any
) -> None:
    stuck, free = Settling(), Settling()
    stuck.open.clear()
    stopping = await start(stuck)
    await wake(stopping, database, 7)
    await until(lambda: stuck.started == [7])
    await start(free)
    await stopping.stop(0.05)
    began = time.monotonic()
    await until(lambda: free.ended == [7])
    assert time.monotonic() - began < 1.0
    assert stuck.cancelled == [7]


async def test_a_worker_that_drains_is_not_taken_for_dead(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "_STUCK_SECONDS", 1.0)
    draining, other = Settling(), Settling()
    draining.open.clear()
    dispatcher = await start(draining)
    await wake(dispatcher, database, 7)
    await until(lambda: draining.started == [7])
    await start(other)
    stopping = asyncio.create_task(dispatcher.stop(10))
    await asyncio.sleep(2.5)
    draining.open.set()
    await stopping
    assert (draining.ended, other.started) == ([7], [])


async def test_all_goes_on_after_the_server_ended_all_connections(
    database: Database, start: Any, ask: Any
) -> None:
    runs: list[float] = []

    async def often() -> None:
        runs.append(time.monotonic())

    settling = Settling()
    dispatcher = await start(settling, Periodic("often", 0.05, often))
    settling.open.clear()
    await wake(dispatcher, database, 7)
    await until(lambda: settling.started == [7])
    await ask(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    ended = time.monotonic()
    await until(lambda: bool(runs) and runs[-1] > ended + 0.5)
    settling.open.set()
    await until(lambda: settling.ended == [7])
    assert settling.cancelled == []  # the worker took its lock again before anybody missed it
    await wake(dispatcher, database, 8)
    await until(lambda: settling.ended == [7, 8])
    with dispatcher.news(9) as news:
        await wake(dispatcher, database, 9)
        await asyncio.wait_for(news.wait(), 5)
    await until_answer(ask, _JOBS, 0)


async def test_a_worker_that_others_gave_up_stops_what_it_does_and_begins_anew(
    database: Database, start: Any, ask: Any
) -> None:
    """As one that was frozen for a while: its jobs are somebody else's by then."""
    settling = Settling()
    dispatcher = await start(settling)
    settling.open.clear()
    await wake(dispatcher, database, 7)
    await until(lambda: settling.started == [7])
    await ask("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    await until(lambda: settling.started == [7, 7])
    assert settling.overlapping in (set(), {7})  # for a moment both may work
    assert settling.cancelled == [7]
    settling.open.set()
    await until(lambda: settling.ended == [7])
    await until_answer(ask, _JOBS, 0)


async def test_a_sweep_finds_what_is_due_before_a_delayed_job(
    database: Database, start: Any
) -> None:
    settling = Settling()
    dispatcher = await start(settling)
    async with database.writing() as work:
        await dispatcher.wake(work, 7, 1, delay_seconds=60)
    async with database.writing() as work:
        await dispatcher.wake(work, 7, FOUND)
    await until(lambda: settling.ended == [7])


async def test_a_sweep_leaves_alone_what_failed_and_is_tried_again(
    database: Database, start: Any, ask: Callable[..., Any]
) -> None:
    dispatcher = await start(Settling())
    async with database.writing() as work:
        await dispatcher.wake(work, 7, 1, delay_seconds=60)
        await work.connection.exec_driver_sql("UPDATE procrastinate_jobs SET attempts = 1")
    async with database.writing() as work:
        await dispatcher.wake(work, 7, FOUND)
    assert await ask(_JOBS) == 1
