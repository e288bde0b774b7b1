"""`make chaos`: kill the product a thousand times, take its database away, count what was seen.

    python -m tests.chaos.run --kills 1000 --seed 7

The seed fixes where every life ends and what every customer does; the moments of the operating
system stay its own. Ends with 1 when anything was lost, doubled or out of order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.combination import Combination, Result, run
from tests.chaos.slaughter import Kills
from tests.chaos.stores import postgres, sqlite
from tests.chaos.victims import nursery

_STORES = {"sqlite": sqlite, "postgres": postgres}
COMBINATIONS = {
    "sqlite-http": ("sqlite", Combination("SQLite, one process, Slack over HTTP")),
    "sqlite-socket": (
        "sqlite",
        # So slow that replies grow in the sight of visitors and in Slack's threads.
        Combination(
            "SQLite, one process, Slack over a socket, slow answers",
            "socket",
            seconds_per_chunk=0.1,
        ),
    ),
    "postgres-workers": (
        "postgres",
        Combination("PostgreSQL, one process that listens, three workers", workers=3),
    ),
    "aimed-http": (
        "sqlite",
        Combination(
            "SQLite, Slack over HTTP, killed around calls of Slack",
            seconds_per_chunk=0.1,
            aimed=True,
        ),
    ),
    "aimed-socket": (
        "sqlite",
        Combination(
            "SQLite, Slack over a socket, killed around calls of Slack",
            "socket",
            seconds_per_chunk=0.1,
            aimed=True,
        ),
    ),
    "aimed-workers-http": (
        "postgres",
        Combination(
            "PostgreSQL, two workers, Slack over HTTP, killed around calls of Slack",
            workers=2,
            seconds_per_chunk=0.1,
            aimed=True,
        ),
    ),
    "aimed-workers-socket": (
        "postgres",
        Combination(
            "PostgreSQL, two workers, Slack over a socket, killed around calls of Slack",
            "socket",
            workers=2,
            seconds_per_chunk=0.1,
            aimed=True,
        ),
    ),
    "outage": (
        "postgres",
        Combination("PostgreSQL away for 30 s under load", workers=2, away_seconds=30.0),
    ),
}
_SHOWN = 20


async def slay(name: str, kills: int, seed: int, place: Path) -> Result:
    """Run one combination in an empty folder."""
    store, combination = COMBINATIONS[name]
    with _STORES[store](place) as database:
        async with nursery() as victims:
            return await run(combination, database, seed, Kills(kills), place / "bot", victims)


def shown(result: Result) -> Table:
    """Return the table of one combination: how often it died where."""
    table = Table(title=result.combination, title_justify="left", box=None, pad_edge=False)
    table.add_column("killed at")
    table.add_column("times", justify="right")
    for place, times in sorted(result.kills.done.items()):
        table.add_row(place, str(times))
    table.add_row("in all", str(result.kills.total))
    return table


def told(result: Result) -> Iterator[str]:
    """Say in lines what was counted."""
    verdict = result.verdict
    yield (
        f"{verdict.questions} questions, {verdict.answers} answers, "
        f"{verdict.handed_over} conversations with a person, "
        f"{verdict.effects} writes of tools ({verdict.repeated_by_key} repeated by key), "
        f"seed {result.seed}, "
        f"{result.seconds:.0f} s, at rest {result.settled_seconds:.1f} s after the last kill"
    )
    yield (
        f"lost {len(verdict.lost)}, duplicated {len(verdict.duplicated)}, "
        f"order violations {len(verdict.disordered)}, unfinished {len(verdict.unfinished)}, "
        f"uncertain {len(verdict.uncertain)}"
    )
    for kind in ("lost", "duplicated", "disordered", "unfinished", "uncertain"):
        for line in getattr(verdict, kind)[:_SHOWN]:
            yield f"  {kind}: {line}"
    yield from result.notes


def main() -> int:
    """Run, print, write the counts as JSON, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="of all combinations that kill")
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run")
    parser.add_argument("--only", choices=COMBINATIONS, action="append")
    parser.add_argument("--json", type=Path, default=Path("build/chaos.json"))
    parser.add_argument("--keep", type=Path, default=None, help="folder for databases and logs")
    chosen = parser.parse_args()
    names = chosen.only or list(COMBINATIONS)
    each = -(-chosen.kills // max(1, sum(not COMBINATIONS[n][1].away_seconds for n in names)))
    seed = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    # The fakes' servers complain about each client that was killed.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    console, results = Console(highlight=False), []
    with _kept(chosen.keep) as place:
        for name in names:
            result = asyncio.run(slay(name, each, seed, place / name))
            console.print(shown(result) if result.kills.total else result.combination)
            console.print("\n".join(told(result)) + "\n", markup=False)
            results.append(result)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps([_record(one) for one in results], indent=1) + "\n")
    total = sum(one.kills.total for one in results)
    console.print(f"{total} kills; seed {seed}; counts are in {chosen.json}")
    return 0 if all(one.verdict.clean and not one.notes for one in results) else 1


@contextmanager
def _kept(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="supportbot-chaos-") as made:
        yield Path(made)


def _record(result: Result) -> dict[str, object]:
    return {
        "combination": result.combination,
        "seed": result.seed,
        "kills": dict(sorted(result.kills.done.items())),
        "killed": result.kills.total,
        "seconds": round(result.seconds, 1),
        "settled_seconds": round(result.settled_seconds, 1),
        **asdict(result.verdict),
        "events": result.ledger.events,
        "handoffs": result.ledger.reasons,
        "model_calls": result.ledger.calls,
        "notes": result.notes,
    }


if __name__ == "__main__":
    sys.exit(main())
