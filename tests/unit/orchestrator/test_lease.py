from __future__ import annotations

import asyncio

import pytest

from supportbot.errors import StoreUnavailable
from supportbot.orchestrator.lease import Lease, LeaseRules

RULES = LeaseRules(seconds=0.3, renew_every_seconds=0.05, margin_seconds=0.05)


class Work:
    """Takes so long; tells how it ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begun = self.broken_off = False

    async def __call__(self) -> str:
        self.begun = True
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.broken_off = True
            raise
        return "done"


async def never() -> bool:
    raise AssertionError("nothing has to be renewed")


async def test_quick_work_renews_nothing() -> None:
    assert await Lease(RULES, never).hold(Work(0.01), 0.3) == "done"


async def test_slow_work_is_renewed_until_it_is_done() -> None:
    renewed: list[bool] = []

    async def renew() -> bool:
        renewed.append(True)
        return True

    assert await Lease(RULES, renew).hold(Work(0.7), 0.3) == "done"
    assert 5 <= len(renewed) <= 14


async def test_work_ends_when_somebody_else_has_the_claim() -> None:
    async def renew() -> bool:
        return False

    work = Work(5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(Lease(RULES, renew).hold(work, 0.3), 0.2)
    assert work.broken_off


@pytest.mark.parametrize("hangs", [True, False])
async def test_work_ends_before_a_claim_that_can_not_be_renewed(*, hangs: bool) -> None:
    async def renew() -> bool:
        if hangs:
            await asyncio.Event().wait()
        raise StoreUnavailable("away")

    work, loop = Work(5), asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        await Lease(RULES, renew).hold(work, 0.3)
    assert work.broken_off
    assert 0.2 < loop.time() - began < 0.3


async def test_work_whose_claim_is_over_is_not_begun() -> None:
    work = Work(0)
    with pytest.raises(TimeoutError):
        await Lease(RULES, never).hold(work, 0.04)
    assert not work.begun


async def test_time_out_of_the_work_itself_is_passed_on() -> None:
    async def times_out() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await Lease(RULES, never).hold(times_out, 0.3)
