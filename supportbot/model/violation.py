"""What waits longer than it may: every message ends somewhere, and this is what has not yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ViolationKind(StrEnum):
    """What is overdue."""

    #: A customer's message that the bot has not covered.
    ANSWER = "answer"
    #: A draft that no operator decided on.
    DRAFT = "draft"
    #: Something that arrived and has no outcome.
    INBOUND = "inbound"
    #: A reply or notice that has not left.
    DELIVERY = "delivery"
    #: A reply or notice of unknown fate, or a refused one, that no operator looked at.
    UNCERTAIN = "uncertain"
    #: A ticket in people's hands whose customer waits, or that somebody took and said nothing in.
    PERSON = "person"

    @property
    def what_happens(self) -> str:
        """What will be done about it, and by whom."""
        return _WHAT_HAPPENS[self]


_WHAT_HAPPENS = {
    ViolationKind.ANSWER: "the next sweep gives it to a person and tells the customer",
    ViolationKind.DRAFT: "nothing leaves until an operator sends or discards it",
    ViolationKind.INBOUND: "it is read again, and set aside with its reason after five attempts",
    ViolationKind.DELIVERY: "it is tried again; after the last attempt a person gets the ticket",
    ViolationKind.UNCERTAIN: "nothing is repeated; an operator must look whether it arrived",
    ViolationKind.PERSON: "the bot stays silent until an operator answers or returns it",
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each may wait, in minutes."""

    answer_minutes: float = 15.0
    draft_minutes: float = 240.0
    inbound_minutes: float = 15.0
    delivery_minutes: float = 15.0
    person_minutes: float = 240.0

    def of(self, kind: ViolationKind) -> timedelta:
        """Return how long one of this kind may wait; of what needs an operator's look, no time."""
        minutes = {
            ViolationKind.ANSWER: self.answer_minutes,
            ViolationKind.DRAFT: self.draft_minutes,
            ViolationKind.INBOUND: self.inbound_minutes,
            ViolationKind.DELIVERY: self.delivery_minutes,
            ViolationKind.UNCERTAIN: 0.0,
            ViolationKind.PERSON: self.person_minutes,
        }
        return timedelta(minutes=minutes[kind])


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is overdue."""

    kind: ViolationKind
    #: The ticket's public id; None where what arrived has no ticket yet.
    ticket: str | None
    #: What waits: the number of a message in its thread, of a draft, an inbound or a delivery.
    number: int
    since: datetime
    deadline: datetime
