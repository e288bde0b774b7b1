"""The overview's numbers, from the reports: one definition for command line and dashboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from supportbot.model.overview import Figure, Overview, OverviewQuery, Share
from supportbot.model.time import Clock
from supportbot.reports import catalog
from supportbot.reports.metric import Basis, Unit, shown
from supportbot.reports.period import Period, Scope
from supportbot.reports.report import Cell
from supportbot.store.database import Database

_BASES = {
    Basis.COHORT: "by day of opening",
    Basis.FLOW: "by day it happened",
    Basis.NOW: "as of now",
}
_OUTCOMES = {
    "bot_confirmed": "Bot, confirmed by the customer",
    "bot_assumed": "Bot, assumed",
    "human": "A person",
    "customer": "The customer",
    "abandoned": "Abandoned",
    "limit": "Limit reached",
    "merged": "Merged",
    "open": "Still open",
}


def overview_from_reports(
    db: Database, clock: Clock, time_zone: str
) -> Callable[[OverviewQuery], Awaitable[Overview]]:
    """Return what the overview page counts with; `time_zone` is an IANA name."""

    async def overview(query: OverviewQuery) -> Overview:
        period = Period(query.since, query.until, time_zone)
        scope = Scope(period, clock(), query.product)
        headline = await catalog.overview(db, scope)
        ended = await catalog.outcomes(db, scope)
        return Overview(
            figures=tuple(_figure(record) for record in headline.records()),
            outcomes=tuple(
                Share(_OUTCOMES.get(str(record["name"]), str(record["name"])), _whole(record))
                for record in ended.records()
                if record["group"] == "outcome"
            ),
            notes=headline.notes,
        )

    return overview


def _figure(record: Mapping[str, Cell]) -> Figure:
    unit = Unit(str(record["unit"]))
    beside = [_BASES[Basis(str(record["basis"]))]]
    if unit is not Unit.COUNT:
        beside.append(f"n = {record['n']}")
    if record["p90"] is not None:
        beside.insert(0, f"p90 {shown(_number(record['p90']), unit)}")
    if record["immature"]:
        beside.append(f"{record['immature']} not final yet")
    return Figure(
        name=str(record["title"]),
        value=shown(_number(record["value"]), unit),
        definition=str(record["definition"]),
        note=" · ".join(beside),
    )


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, (int, float)) else None


def _whole(record: Mapping[str, Cell]) -> int:
    return int(_number(record["count"]) or 0)
