"""Reads the facts of a scope in one consistent view of the database."""

from __future__ import annotations

from collections.abc import Sequence

from supportbot.errors import NotFoundError
from supportbot.reports.definitions import HEADLINE
from supportbot.reports.metric import Metric, Sample
from supportbot.reports.period import Scope
from supportbot.reports.report import Figure
from supportbot.reports.waits import waits
from supportbot.store import facts
from supportbot.store.database import Database
from supportbot.store.unit_of_work import UnitOfWork


async def read_sample(work: UnitOfWork, scope: Scope, metrics: Sequence[Metric]) -> Sample:
    """Read everything that these metrics are computed from.

    Raises:
        NotFoundError: there is no such product or channel; names those there are.
    """
    await _check_names(work, scope)
    within = scope.within
    waited = any(metric.of_waits for metric in metrics)
    found = waits(await facts.turns(work, within) if waited else [])
    return Sample(
        as_of=scope.as_of,
        opened=await facts.opened(work, within),
        resolved=await facts.resolved(work, within),
        waits=[wait for wait in found if within.since <= wait.began_at < within.until],
        scores=await facts.scores(work, within),
        suppressed=await facts.suppressed_turns(work, within),
        standing=await facts.standing(work, within),
    )


async def figures(
    db: Database, scope: Scope, metrics: Sequence[Metric] = HEADLINE
) -> tuple[Figure, ...]:
    """Compute metrics (by default the six headline numbers), each with its definition beside it.

    Raises:
        NotFoundError: there is no such product or channel.
    """
    async with db.reading() as work:
        sample = await read_sample(work, scope, metrics)
    return measure(sample, metrics)


def measure(sample: Sample, metrics: Sequence[Metric]) -> tuple[Figure, ...]:
    """Compute metrics of one sample."""
    return tuple(Figure(metric, metric.measure(sample)) for metric in metrics)


async def _check_names(work: UnitOfWork, scope: Scope) -> None:
    known = await facts.known(work)
    for kind, name, names in (
        ("product", scope.product, known.products),
        ("channel", scope.channel, known.channels),
    ):
        if name is not None and name not in names:
            raise NotFoundError(f"there is no {kind} {name!r}; known: {', '.join(names) or 'none'}")
