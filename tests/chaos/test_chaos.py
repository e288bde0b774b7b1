"""The short form of `make chaos`: a few kills on both stores, and one outage of PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.combination import Combination, run
from tests.chaos.run import told
from tests.chaos.slaughter import Kills
from tests.chaos.stores import Store, postgres, sqlite
from tests.chaos.victims import nursery

_KILLS = 15
_SEED = 3
_AWAY_SECONDS = 6.0

pytestmark = pytest.mark.timeout(180)


async def _survived(combination: Combination, store: Store, place: Path) -> None:
    # The fakes' servers complain about each client that was killed.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    async with nursery() as victims:
        result = await run(combination, store, _SEED, Kills(_KILLS), place / "bot", victims)
    said = "\n".join(told(result))
    assert result.verdict.clean, said
    assert not result.notes, said
    assert result.verdict.answers > 0, said


async def test_kills_of_the_one_process_lose_and_repeat_nothing(tmp_path: Path) -> None:
    with sqlite(tmp_path) as store:
        await _survived(Combination("SQLite"), store, tmp_path)


async def test_kills_of_three_workers_lose_and_repeat_nothing(
    tmp_path: Path, make_postgres: Callable[[], str]
) -> None:
    await _survived(Combination("PostgreSQL", workers=3), Store(make_postgres()), tmp_path)


async def test_a_database_that_was_away_loses_and_repeats_nothing_and_ends_no_process(
    tmp_path: Path,
) -> None:
    with postgres(tmp_path / "server") as store:
        outage = Combination("outage", workers=2, away_seconds=_AWAY_SECONDS)
        await _survived(outage, store, tmp_path)
