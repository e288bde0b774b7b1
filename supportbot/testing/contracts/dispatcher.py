"""What every dispatcher promises, as tests.

Derive a class in your own tests and override the fixtures; the tests are coroutines, so run them
with pytest-asyncio in its auto mode::

    class TestMyDispatcher(DispatcherContract):
        @pytest.fixture
        def dispatcher(self) -> Dispatcher: ...

        @pytest.fixture
        def database(self) -> Database: ...
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from supportbot.dispatch.base import FOUND, Dispatcher, News, Periodic
from supportbot.store.database import Database

_PATIENCE_SECONDS = 10.0
#: Long enough for a wake-up that must not come to come.
_SHORT_SECONDS = 0.15


@dataclass
class Settling:
    """A `settle` that records who was settled, and how many at a time."""

    started: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    #: Clear it to hold everybody inside.
    open: asyncio.Event = field(default_factory=asyncio.Event)
    #: Tickets that were found settling twice at the same time.
    overlapping: set[int] = field(default_factory=set)
    inside: Counter[int] = field(default_factory=Counter)
    most_inside: int = 0

    def __post_init__(self) -> None:
        """Start open."""
        self.open.set()

    async def __call__(self, ticket_id: int) -> None:
        """Settle one ticket."""
        self.started.append(ticket_id)
        if self.inside[ticket_id]:
            self.overlapping.add(ticket_id)
        self.inside[ticket_id] += 1
        self.most_inside = max(self.most_inside, self.inside.total())
        try:
            await self.open.wait()
            await asyncio.sleep(0)
            self.ended.append(ticket_id)
        except asyncio.CancelledError:
            self.cancelled.append(ticket_id)
            raise
        finally:
            self.inside[ticket_id] -= 1


class _RollBack(Exception):
    pass


class DispatcherContract:
    """Derive, override `dispatcher` and `database`, and all of this must hold."""

    @pytest.fixture
    async def dispatcher(self) -> Dispatcher:
        """Return a dispatcher that was not started."""
        raise NotImplementedError("override dispatcher in the derived class")

    @pytest.fixture
    async def database(self) -> Database:
        """Return an open database that the dispatcher works with."""
        raise NotImplementedError("override database in the derived class")

    @pytest.fixture
    async def settling(self, dispatcher: Dispatcher) -> AsyncIterator[Settling]:
        """Start the dispatcher; stopped after the test."""
        settling = Settling()
        await dispatcher.start(settling, ())
        yield settling
        settling.open.set()
        await dispatcher.stop(1.0)

    async def test_it_has_no_problems_once_it_works_and_none_before_or_after(
        self, dispatcher: Dispatcher, database: Database
    ) -> None:
        """Until it is started others do the work, and so they do once it is stopped."""
        del database  # it only has to be there
        assert dispatcher.problems() == []
        await dispatcher.start(Settling(), ())
        await until(lambda: dispatcher.problems() == [])
        await dispatcher.stop(1.0)
        assert dispatcher.problems() == []

    async def test_a_ticket_is_settled_after_the_commit(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """Not before: until then nobody else could see what to answer."""
        async with database.writing() as work:
            await dispatcher.wake(work, 7, 1)
            await asyncio.sleep(_SHORT_SECONDS)
            assert settling.started == []
        await until(lambda: settling.ended == [7])

    async def test_a_rollback_wakes_nobody(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """What was not committed did not happen."""
        with suppress(_RollBack):
            async with database.writing() as work:
                await dispatcher.wake(work, 7, 1)
                raise _RollBack
        await asyncio.sleep(_SHORT_SECONDS)
        assert settling.started == []

    async def test_one_ticket_is_settled_by_one_lane(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """Wake-ups that come meanwhile lead to another look afterwards, never at the same time."""
        settling.open.clear()
        await wake(dispatcher, database, 7)
        await until(lambda: settling.started == [7])
        for _ in range(5):
            await wake(dispatcher, database, 7)
        await asyncio.sleep(_SHORT_SECONDS)
        assert settling.started == [7]
        settling.open.set()
        await until(lambda: len(settling.ended) >= 2)  # noqa: PLR2004 - the look and another one
        assert settling.overlapping == set()

    async def test_whoever_works_on_a_ticket_gets_news_of_it(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """A newer message may make the answer that is being written pointless."""
        del settling  # it only has to run
        with dispatcher.news(7) as news, dispatcher.news(8) as others:
            hearing = asyncio.create_task(_heard(news))
            nothing = asyncio.create_task(_heard(others))
            await wake(dispatcher, database, 7)
            await asyncio.wait_for(hearing, _PATIENCE_SECONDS)
            await asyncio.sleep(_SHORT_SECONDS)
            assert not nothing.done()
            nothing.cancel()

    async def test_a_delayed_wake_up_comes_later(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """That is how a quiet period is waited for."""
        async with database.writing() as work:
            await dispatcher.wake(work, 7, 1, delay_seconds=0.6)
        await asyncio.sleep(_SHORT_SECONDS)
        assert settling.started == []
        await until(lambda: settling.ended == [7])

    async def test_a_sweep_adds_nothing_to_a_ticket_that_is_worked_on(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """It looks every second, and an answer may take a minute."""
        settling.open.clear()
        await wake(dispatcher, database, 7)
        await until(lambda: settling.started == [7])
        for _ in range(3):
            async with database.writing() as work:
                await dispatcher.wake(work, 7, FOUND)
        settling.open.set()
        await until(lambda: settling.ended == [7])
        await asyncio.sleep(_SHORT_SECONDS)
        assert settling.ended == [7]

    async def test_tickets_do_not_wait_for_each_other(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """A slow one holds up nobody else."""
        settling.open.clear()
        for ticket_id in (1, 2, 3):
            await wake(dispatcher, database, ticket_id)
        await until(lambda: settling.most_inside == 3)  # noqa: PLR2004 - all of them
        settling.open.set()
        await until(lambda: sorted(settling.ended) == [1, 2, 3])

    async def test_many_tickets_are_all_settled(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """Also when one transaction wakes them all."""
        async with database.writing() as work:
            for ticket_id in range(1, 101):
                await dispatcher.wake(work, ticket_id, 1)
        await until(lambda: set(settling.ended) == set(range(1, 101)))

    async def test_periodic_jobs_run_at_once_and_again(self, dispatcher: Dispatcher) -> None:
        """The first run is at the start: that is how lanes are rebuilt."""
        runs: list[str] = []

        async def often() -> None:
            runs.append("often")

        async def seldom() -> None:
            runs.append("seldom")

        jobs = (Periodic("often", 0.02, often), Periodic("seldom", 3600, seldom))
        await dispatcher.start(Settling(), jobs)
        await until(lambda: runs.count("often") >= 3)  # noqa: PLR2004 - at the start and again
        await dispatcher.stop(1.0)
        assert runs.count("seldom") == 1

    async def test_a_periodic_job_never_runs_twice_at_a_time(self, dispatcher: Dispatcher) -> None:
        """One that takes longer than its interval is waited for."""
        inside, most, runs = 0, 0, 0

        async def slow() -> None:
            nonlocal inside, most, runs
            inside, runs = inside + 1, runs + 1
            most = max(most, inside)
            await asyncio.sleep(0.05)
            inside -= 1

        await dispatcher.start(Settling(), (Periodic("slow", 0.001, slow),))
        await until(lambda: runs >= 3)  # noqa: PLR2004 - a few are enough
        await dispatcher.stop(1.0)
        assert most == 1

    async def test_a_periodic_job_can_wake_tickets(
        self, dispatcher: Dispatcher, database: Database
    ) -> None:
        """As the sweep does that finds what was left behind."""
        settling = Settling()

        async def sweep() -> None:
            await wake(dispatcher, database, 9)

        await dispatcher.start(settling, (Periodic("sweep", 3600, sweep),))
        await until(lambda: settling.ended == [9])
        await dispatcher.stop(1.0)

    async def test_stop_lets_running_lanes_end(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """Within the time it is given."""
        settling.open.clear()
        await wake(dispatcher, database, 7)
        await until(lambda: settling.started == [7])
        stopping = asyncio.create_task(dispatcher.stop(_PATIENCE_SECONDS))
        await asyncio.sleep(_SHORT_SECONDS)
        assert not stopping.done()
        settling.open.set()
        await stopping
        assert settling.ended == [7]
        assert settling.cancelled == []

    async def test_stop_cancels_what_takes_too_long(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """The tables remember; the next start finds it again."""
        settling.open.clear()
        await wake(dispatcher, database, 7)
        await until(lambda: settling.started == [7])
        await dispatcher.stop(0.05)
        assert settling.cancelled == [7]

    async def test_nothing_begins_after_stop(
        self, dispatcher: Dispatcher, database: Database, settling: Settling
    ) -> None:
        """A wake-up that comes too late is lost, and harmless."""
        await dispatcher.stop(1.0)
        await wake(dispatcher, database, 7)
        await asyncio.sleep(_SHORT_SECONDS)
        assert settling.started == []


async def _heard(news: News) -> None:
    await news.wait()


async def wake(dispatcher: Dispatcher, database: Database, ticket_id: int) -> None:
    """Wake a ticket in a transaction of its own."""
    async with database.writing() as work:
        await dispatcher.wake(work, ticket_id, 1)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true, but not for ever."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the dispatcher decides when
            await asyncio.sleep(0.005)
