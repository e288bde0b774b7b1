"""How many mails may leave by themselves: what stops a loop that no rule recognised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class CapScope(StrEnum):
    """Over what is counted."""

    TICKET = "ticket"
    #: All tickets of one customer.
    SENDER = "sender"
    #: All customers of all mailboxes.
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Cap:
    """So many automatic mails within so many minutes, and no more."""

    scope: CapScope
    most: int
    minutes: int

    @property
    def window(self) -> timedelta:
        """The time in which is counted."""
        return timedelta(minutes=self.minutes)

    @property
    def told(self) -> str:
        """Say it in words."""
        whose = {
            CapScope.TICKET: "on this ticket",
            CapScope.SENDER: "to this customer",
            CapScope.EVERYONE: "to all customers",
        }[self.scope]
        return f"{self.most} automatic mails in {self.minutes} minutes {whose}"


@dataclass(frozen=True, slots=True)
class Restraint:
    """What a channel keeps to whose customers may be machines."""

    caps: tuple[Cap, ...]
    #: Who sends the same words, or opens tickets of the same subject, more often than this ...
    repeats: int = 2
    #: ... within so long is answered by nobody but people.
    repeat_window: timedelta = timedelta(minutes=60)
