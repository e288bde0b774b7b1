"""Which days a report is about, in the reporting time zone, and which tickets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from supportbot.store.facts import Within


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days from `first` to `last`, both included; `zone` is an IANA name."""

    first: date
    last: date
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the period ends ({self.last}) before it begins ({self.first})")

    @property
    def since(self) -> datetime:
        """The first moment that belongs to it, in UTC."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The first moment after it, in UTC."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    def days(self) -> Iterator[date]:
        """Yield its days in order."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def day_of(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is asked: a period, optionally one product and one channel (kind or key)."""

    period: Period
    #: The present: ages are counted from it, and what is younger than a metric asks is immature.
    as_of: datetime
    product: str | None = None
    channel: str | None = None

    @property
    def within(self) -> Within:
        """The same as the store understands it."""
        return Within(self.period.since, self.period.until, self.product, self.channel)


def last_days(count: int, as_of: datetime, zone: str) -> Period:
    """Return the period of so many days that ends today."""
    today = as_of.astimezone(ZoneInfo(zone)).date()
    return Period(today - timedelta(days=count - 1), today, zone)


def _midnight(day: date, zone: str) -> datetime:
    """Return when a local day begins; where the clocks skip midnight, the moment they skip to."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
