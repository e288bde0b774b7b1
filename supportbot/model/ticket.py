"""A ticket and the moves it may make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """open = we owe something, pending = the customer's turn, resolved = done."""

    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    MERGED = "merged"
    SPAM = "spam"


class Handler(StrEnum):
    """Whose turn it is to answer."""

    BOT = "bot"
    HUMAN = "human"


class Standing(StrEnum):
    """How a ticket stands, as its channel shows it."""

    #: The customer's turn, or soon the bot's.
    RESTING = "resting"
    #: An answer is being made.
    WORKING = "working"
    WITH_PEOPLE = "with_people"
    RESOLVED = "resolved"


def standing_of(status: Status, handler: Handler) -> Standing:
    """Say how a ticket stands that nobody is answering just now."""
    if status is Status.RESOLVED:
        return Standing.RESOLVED
    return Standing.WITH_PEOPLE if handler is Handler.HUMAN else Standing.RESTING


@dataclass(frozen=True, slots=True)
class Ticket:
    """One case of one customer: the mutable head over the append-only truth."""

    id: int
    public_id: str
    product: str
    channel: str
    channel_kind: str
    customer_id: int
    thread_key: str
    subject: str | None
    status: Status
    handler: Handler
    #: The fence: a bot reply commits and leaves only if this is unchanged.
    handler_epoch: int
    #: Newest customer message, newest one that is covered, newest message of all (0 = none).
    asked_seq: int
    answered_seq: int
    last_seq: int
    episode_n: int
    opened_at: datetime
    waiting_since: datetime | None
    retry_at: datetime | None
    assignee_id: int | None
    target: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    #: How often the customer's words were changed or taken back: an answer commits only while it
    #: is what it was when the words were read.
    revision: int = 0

    @property
    def bot_owes(self) -> bool:
        """True while a customer message waits for the bot."""
        return self.handler is Handler.BOT and self.asked_seq > self.answered_seq

    @property
    def standing(self) -> Standing:
        """How it stands while nobody is answering."""
        return standing_of(self.status, self.handler)


class EventKind(StrEnum):
    """What can happen to a ticket. New kinds may be added; none is ever renamed."""

    OPENED = "opened"
    REOPENED = "reopened"
    BOT_REPLIED = "bot_replied"
    DRAFTED = "drafted"
    SUPPRESSED = "suppressed"
    HANDOFF = "handoff"
    TAKEOVER = "takeover"
    RETURNED = "returned"
    HUMAN_REPLIED = "human_replied"
    RESOLVED = "resolved"
    EDITED = "edited"
    DELETED = "deleted"
    MACHINE_MAIL = "machine_mail"
    DRAFT_DISCARDED = "draft_discarded"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_UNCERTAIN = "delivery_uncertain"
    COMPLETION_FAILED = "completion_failed"
    FEEDBACK = "feedback"
    LINKED = "linked"
    BOUNCED = "bounced"
    #: A newer message, or a person, came before anything was visible: the answer was given up, and
    #: its cost recorded.
    SUPERSEDED = "superseded"
    #: A budget is near its end or spent: how the bot makes do, told by `reason`.
    DEGRADED = "degraded"
    #: A customer writes faster than anybody could answer, and was told so.
    FLOODED = "flooded"
    #: The customer answered "how did we do".
    SCORED = "scored"
    TOOL_CALLED = "tool_called"
    #: Nobody can tell whether a tool did what it was asked to.
    TOOL_UNCERTAIN = "tool_uncertain"


class ActorKind(StrEnum):
    """Who caused an event."""

    CUSTOMER = "customer"
    BOT = "bot"
    OPERATOR = "operator"
    SYSTEM = "system"
    #: Somebody else in the customer's thread who asked nothing; the id is that of a customer.
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused an event or wrote a message; id is a customer's or operator's, else None."""

    kind: ActorKind
    id: int | None = None


BOT = Actor(ActorKind.BOT)
SYSTEM = Actor(ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One line of a ticket's history; append-only."""

    ticket_id: int
    episode_n: int
    kind: EventKind
    actor: Actor
    at: datetime
    reason: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    id: int = 0


class Resolution(StrEnum):
    """How an episode ended: exactly one, so that shares sum to the whole."""

    BOT_CONFIRMED = "bot_confirmed"
    BOT_ASSUMED = "bot_assumed"
    HUMAN = "human"
    CUSTOMER = "customer"
    ABANDONED = "abandoned"
    LIMIT = "limit"
    MERGED = "merged"
