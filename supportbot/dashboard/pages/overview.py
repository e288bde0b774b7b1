"""How it goes: the numbers of the last days, each named and defined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from supportbot.dashboard.pages.lists import chosen_product
from supportbot.dashboard.visit import Visit
from supportbot.model.overview import Overview, OverviewQuery

SPANS = (1, 7, 28, 90)
_DEFAULT_SPAN = 7


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of the outcome bar, in percent of its width."""

    name: str
    count: int
    start: float
    width: float


async def overview_page(visit: Visit) -> Response:
    """Show the numbers of the chosen span and product."""
    asked, deps = visit.request.query_params.get("days", ""), visit.desk.deps
    days = next((span for span in SPANS if str(span) == asked), _DEFAULT_SPAN)
    today = deps.clock().astimezone(ZoneInfo(deps.time_zone)).date()
    query = OverviewQuery(
        since=today - timedelta(days=days - 1), until=today, product=chosen_product(visit)
    )
    numbers = await deps.overview(query)
    return visit.desk.pages.render(
        "overview.html",
        visit.session,
        query=query,
        days=days,
        spans=SPANS,
        products=deps.products,
        figures=numbers.figures,
        bars=bars(numbers),
        notes=numbers.notes,
    )


def bars(numbers: Overview) -> list[Bar]:
    """Lay the outcomes side by side. Pure; empty parts are kept for the table, with no width."""
    total = sum(share.count for share in numbers.outcomes)
    laid: list[Bar] = []
    start = 0.0
    for share in numbers.outcomes:
        width = 100 * share.count / total if total else 0.0
        laid.append(Bar(share.name, share.count, round(start, 3), round(width, 3)))
        start += width
    return laid
