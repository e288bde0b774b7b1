"""What a mail system reports of mails we sent, and what it makes of the addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

#: An address that is no more is left alone for so long.
_GONE_FOR: Final = timedelta(days=60)
#: So many mails that could not be delivered for now, within so long, are as good as that.
MOST_TEMPORARY: Final = 5
_COUNTED_FOR: Final = timedelta(days=30)


class Fate(StrEnum):
    """What became of a mail on its way to one recipient."""

    FAILED = "failed"
    #: It is still tried.
    DELAYED = "delayed"
    #: Delivered, or passed on to where nobody tells any more.
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class Reported:
    """One recipient of a report."""

    #: All that the report calls them, in lower case: forwarding changes addresses.
    addresses: tuple[str, ...]
    fate: Fate
    #: The RFC 3463 code, such as `5.1.1`; empty where none is given.
    status: str = ""
    #: The address will never work (advisory: servers use codes loosely).
    permanent: bool = False
    #: What the refusing server said.
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A bounce, a report of delay, or a report of success."""

    recipients: tuple[Reported, ...]
    #: Provider id of the delivery it speaks of, proved by what only we can sign. Empty: anybody may
    #: have written it.
    about: str = ""


@dataclass(frozen=True, slots=True)
class MailFailure:
    """A mail that came back from an address."""

    address: str
    status: str
    permanent: bool
    diagnostic: str
    at: datetime


def in_words(data: Mapping[str, object]) -> str | None:
    """Say what the event of a machine's mail holds: rules that hit, and what is told. Pure."""
    rules, reported = data.get("rules"), data.get("reported")
    parts = [", ".join(map(str, rules))] if isinstance(rules, list) and rules else []
    told = reported if isinstance(reported, list) else []
    parts += [" ".join(filter(None, (str(one["fate"]), str(one["status"])))) for one in told]
    return "; ".join(parts) or None


def avoided_until(failures: Sequence[MailFailure], now: datetime) -> datetime | None:
    """Return until when no mail goes to the address of these failures; None: it may. Pure."""
    gone = [one.at + _GONE_FOR for one in failures if one.permanent]
    lately = sorted(
        (one.at for one in failures if not one.permanent and one.at > now - _COUNTED_FOR),
        reverse=True,
    )
    if len(lately) >= MOST_TEMPORARY:  # until fewer than that are left
        gone.append(lately[MOST_TEMPORARY - 1] + _COUNTED_FOR)
    until = max(gone, default=now)
    return until if until > now else None
