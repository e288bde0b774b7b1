"""What the dashboard is given by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from supportbot.model.catalog import Product
from supportbot.model.overview import Overview, OverviewQuery
from supportbot.model.time import Clock
from supportbot.orchestrator.people.takeover import Takeover
from supportbot.store.database import Database


@dataclass(frozen=True, slots=True)
class DashboardDeps:
    """Everything the pages work with."""

    db: Database
    takeover: Takeover
    clock: Clock
    #: Counts the numbers of the overview page.
    overview: Callable[[OverviewQuery], Awaitable[Overview]]
    products: tuple[Product, ...]
    #: IANA name of the reporting time zone, in which a day begins.
    time_zone: str
    version: str
    #: True where browsers reach the dashboard by https: the cookie then demands it.
    secure_cookies: bool
    #: Where browsers reach the dashboard, for links that are handed on; None = as the request came.
    public_url: str | None = None
