"""Waiting for a store that is away for a moment."""

from __future__ import annotations

import pytest

from supportbot.errors import NotFoundError, StoreUnavailable
from supportbot.orchestrator import persist as module
from supportbot.orchestrator.persist import persist


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.01)


async def test_a_store_that_comes_back_is_waited_for() -> None:
    calls: list[bool] = []

    async def store(again: bool) -> str:  # noqa: FBT001 - what `persist` calls
        calls.append(again)
        if len(calls) < 3:
            raise StoreUnavailable("away")
        return "stored"

    assert await persist(store) == "stored"
    assert calls == [False, True, True]


async def test_a_store_that_stays_away_is_told() -> None:
    calls: list[bool] = []

    async def store(again: bool) -> None:  # noqa: FBT001 - what `persist` calls
        calls.append(again)
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        await persist(store, 0.05)
    assert len(calls) > 1


async def test_any_other_failure_is_told_at_once() -> None:
    calls: list[bool] = []

    async def store(again: bool) -> None:  # noqa: FBT001 - what `persist` calls
        calls.append(again)
        raise NotFoundError("gone")

    with pytest.raises(NotFoundError):
        await persist(store)
    assert calls == [False]
