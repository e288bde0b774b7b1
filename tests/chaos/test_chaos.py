"""The short form of `make chaos`: a few kills of the whole product on both stores."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.combination import Combination, run
from tests.chaos.run import told
from tests.chaos.slaughter import Kills
from tests.chaos.victims import nursery

_KILLS = 15
_SEED = 3

pytestmark = pytest.mark.timeout(180)


async def _survived(combination: Combination, url: str, place: Path) -> None:
    # The fakes' servers complain about each client that was killed.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    async with nursery() as victims:
        result = await run(combination, url, _SEED, Kills(_KILLS), place / "bot", victims)
    said = "\n".join(told(result))
    assert result.verdict.clean, said
    assert not result.notes, said
    assert result.verdict.answers > 0, said


async def test_kills_of_the_one_process_lose_and_repeat_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chaos.db'}"
    await _survived(Combination("SQLite"), url, tmp_path)


async def test_kills_of_three_workers_lose_and_repeat_nothing(
    tmp_path: Path, make_postgres: Callable[[], str]
) -> None:
    await _survived(Combination("PostgreSQL", workers=3), make_postgres(), tmp_path)
