"""The reports: what each shows of a scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType

from supportbot.model.ticket import Resolution
from supportbot.reports.definitions import OUTCOMES, OVERVIEW, TIMES, VOLUME
from supportbot.reports.episodes import handed_off
from supportbot.reports.metric import Metric, Sample, Unit, share
from supportbot.reports.period import Period, Scope
from supportbot.reports.reading import measure, read_sample
from supportbot.reports.report import FIGURE_COLUMNS, Cell, Column, Figure, Report, figure_row
from supportbot.store import facts
from supportbot.store.database import Database
from supportbot.store.facts import Standing, WaitsOn

_Rows = Sequence[tuple[Cell, ...]]

#: Ages of open tickets: the name of each and the age at which it ends.
_AGES = (
    ("under 1 day", timedelta(days=1)),
    ("1 to 3 days", timedelta(days=3)),
    ("3 to 7 days", timedelta(days=7)),
    ("over 7 days", timedelta.max),
)


async def overview(db: Database, scope: Scope) -> Report:
    """Show the headline numbers, and what waits now by whom and how long."""
    sample = await _read(db, scope, OVERVIEW)
    found = measure(sample, OVERVIEW)
    notes = (
        "The value of a duration is its median (p50).",
        *_standing_notes(sample),
        *_immature_notes(found),
    )
    return Report("overview", FIGURE_COLUMNS, tuple(map(figure_row, found)), notes, scope.as_of)


async def volume(db: Database, scope: Scope) -> Report:
    """Show how much came in and was resolved, day by day; days without any are there too."""
    sample = await _read(db, scope, VOLUME)
    columns = (Column("day"), *(Column(metric.name, Unit.COUNT) for metric in VOLUME))
    rows = [
        (day, *(figure.measured.value for figure in measure(part, VOLUME)))
        for day, part in _by_day(sample, scope.period)
    ]
    whole = ", ".join(
        f"{figure.metric.title.lower()} {figure.measured.value:.0f}"
        for figure in measure(sample, VOLUME)
    )
    return Report("volume", columns, tuple(rows), (f"In all: {whole}.",), scope.as_of)


async def outcomes(db: Database, scope: Scope) -> Report:
    """Show how the episodes opened in the period ended, why they were handed off, and rates."""
    sample = await _read(db, scope, OUTCOMES)
    shown = measure(sample, OUTCOMES)
    columns = (
        Column("group"),
        Column("name"),
        Column("count", Unit.COUNT),
        Column("of", Unit.COUNT),
        Column("share", Unit.SHARE),
        Column("immature", Unit.COUNT),
    )
    rows = (*_ended(sample), *_handoffs(sample), *map(_rate_row, shown))
    return Report("outcomes", columns, rows, _immature_notes(shown), scope.as_of)


async def response_times(db: Database, scope: Scope) -> Report:
    """Show how long customers waited, by bot and human: median, 90th percentile, and n."""
    columns = (
        Column("metric"),
        Column("title"),
        Column("p50", Unit.SECONDS),
        Column("p90", Unit.SECONDS),
        Column("n", Unit.COUNT),
        Column("basis"),
        Column("definition"),
    )
    rows = tuple(
        (
            figure.metric.name,
            figure.metric.title,
            figure.measured.value,
            figure.measured.p90,
            figure.measured.n,
            figure.metric.basis,
            figure.metric.definition,
        )
        for figure in measure(await _read(db, scope, TIMES), TIMES)
    )
    notes = ("Calendar time, in seconds. No percentiles are shown for fewer than 20 values.",)
    return Report("response-times", columns, rows, notes, scope.as_of)


async def suppressed(db: Database, scope: Scope) -> Report:
    """Show what arrived by outcome and reason, and the turns and episodes left unanswered."""
    async with db.reading() as work:
        sample = await read_sample(work, scope, ())
        arrived = await facts.arrivals(work, scope.within)
    silent = sum(fact.episode.suppressed > 0 for fact in sample.opened)
    columns = (
        Column("of"),
        Column("outcome"),
        Column("reason"),
        Column("count", Unit.COUNT),
    )
    rows: _Rows = (
        *(("arrival", tally.kind, tally.reason, tally.count) for tally in arrived),
        *(("turn", tally.kind, tally.reason, tally.count) for tally in sample.suppressed),
        ("episode", "with_suppressed_turns", None, silent),
        ("episode", "all", None, len(sample.opened)),
    )
    notes = ["Arrivals and turns count by their own day, episodes by the day they were opened."]
    if scope.product is not None:
        notes.append("An arrival that belongs to no ticket has no product and is left out here.")
    return Report("suppressed", columns, tuple(rows), tuple(notes), scope.as_of)


#: Every report by its name.
REPORTS: Mapping[str, Callable[[Database, Scope], Awaitable[Report]]] = MappingProxyType(
    {
        "overview": overview,
        "volume": volume,
        "outcomes": outcomes,
        "response-times": response_times,
        "suppressed": suppressed,
    }
)


async def _read(db: Database, scope: Scope, metrics: Sequence[Metric]) -> Sample:
    async with db.reading() as work:
        return await read_sample(work, scope, metrics)


def _by_day(sample: Sample, period: Period) -> Iterator[tuple[date, Sample]]:
    for day in period.days():
        opened = [f for f in sample.opened if period.day_of(f.episode.opened_at) == day]
        resolved = [
            f
            for f in sample.resolved
            if f.episode.resolved_at and period.day_of(f.episode.resolved_at) == day
        ]
        yield day, Sample(sample.as_of, opened=opened, resolved=resolved)


def _ended(sample: Sample) -> Iterator[tuple[Cell, ...]]:
    """Partition the episodes opened: one resolution each, or still open."""
    ends = Counter(fact.episode.resolution or "open" for fact in sample.opened)
    for end in (*Resolution, "open"):
        measured = share(ends[end], len(sample.opened))
        yield "outcome", str(end), ends[end], measured.n, measured.value, 0


def _handoffs(sample: Sample) -> Iterator[tuple[Cell, ...]]:
    reasons = Counter(
        fact.episode.handoff_reason or "unknown"
        for fact in sample.opened
        if handed_off(fact.episode)
    )
    for reason, count in sorted(reasons.items()):
        measured = share(count, reasons.total())
        yield "handoff", reason, count, measured.n, measured.value, 0


def _rate_row(figure: Figure) -> tuple[Cell, ...]:
    measured = figure.measured
    shown = (measured.hits, measured.n, measured.value, measured.immature)
    return "rate", figure.metric.name, *shown


def _immature_notes(found: Sequence[Figure]) -> tuple[str, ...]:
    titles = [figure.metric.title for figure in found if figure.measured.immature]
    if not titles:
        return ()
    return (f"Not final yet, as some episodes are too young: {', '.join(titles)}.",)


def _standing_notes(sample: Sample) -> Iterator[str]:
    for waits_on in WaitsOn:
        tickets = [ticket for ticket in sample.standing if ticket.waits_on is waits_on]
        if tickets:
            ages = Counter(_age(ticket, sample) for ticket in tickets)
            shown = ", ".join(f"{ages[name]} {name}" for name, _end in _AGES if ages[name])
            yield f"Waiting on {waits_on}: {shown}."


def _age(ticket: Standing, sample: Sample) -> str:
    age = sample.as_of - ticket.opened_at
    return next(name for name, end in _AGES if age < end)
