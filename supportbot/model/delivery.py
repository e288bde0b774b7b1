"""One reply or notice on its way out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from supportbot.model.inbound import ActionKind
from supportbot.model.ticket import Standing


class Audience(StrEnum):
    """Who reads it."""

    CUSTOMER = "customer"
    OPERATORS = "operators"


class DeliveryState(StrEnum):
    """pending → sending → sent | uncertain | failed | cancelled; or live → sent."""

    PENDING = "pending"
    #: Claims its turn and grows in the customer's sight until the whole answer is committed.
    LIVE = "live"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryKind(StrEnum):
    """What it is: an answer to the customer, a word about the ticket, or a word to operators.

    Or a copy of the customer's own words, where the channel shows them nowhere else.
    """

    REPLY = "reply"
    NOTICE = "notice"
    ECHO = "echo"


#: What customers are offered below an answer of the bot: thumbs, and a way to a person.
ANSWER_OFFERS = (ActionKind.FEEDBACK, ActionKind.ESCALATE)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A delivery that a later one refers to."""

    id: int
    key: str
    #: None: it has not left.
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a channel is asked to send. `key` is unique and stable over all attempts."""

    id: int
    key: str
    ticket_id: int
    ticket: str
    channel: str
    audience: Audience
    kind: DeliveryKind
    state: DeliveryState
    #: Where to; written by the channel's own parse (or by the settings for notices).
    target: Mapping[str, str]
    #: Markdown.
    text: str
    subject: str | None
    #: The fence at the time of writing; None = not bound to a handler.
    handler_epoch: int | None
    #: Claims so far, the present one included where there is one; a channel is told only of
    #: those before it.
    attempts: int = 0
    #: What can be pressed below it.
    offers: tuple[ActionKind, ...] = ()
    provider_id: str | None = None
    message_id: int | None = None
    #: Live replies: the newest customer message that is answered.
    upto_seq: int | None = None
    #: The draft that operators are told of.
    draft_id: int | None = None
    #: Name of the person who wrote it; None: the bot.
    signed: str | None = None
    #: Set where it is no message of its own, but what that one is to show instead.
    replaces: Earlier | None = None
    #: It has words of its own instead of those of its thread's message.
    rewords: bool = False
    #: It stands in the thread of this one.
    below: Earlier | None = None
    #: How its ticket stands, as of when the delivery was read.
    standing: Standing = Standing.RESTING
    #: Whoever claimed it must have renewed the claim by then.
    claimed_until: datetime | None = None


def digest(delivery_key: str) -> str:
    """Return a name for a delivery that tells nothing of it: 96 bits, hexadecimal. Pure."""
    return hashlib.sha256(delivery_key.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery about to be written beside the message it carries."""

    key: str
    channel: str
    audience: Audience
    kind: DeliveryKind
    target: Mapping[str, str]
    #: None: the text is the message's own.
    text: str | None = None
    subject: str | None = None
    handler_epoch: int | None = None
    offers: tuple[ActionKind, ...] = ()
    message_id: int | None = None
    draft_id: int | None = None
    signed: str | None = None
    #: Number of the delivery whose message is to show this instead, or below which it stands.
    replaces_id: int | None = None
    below_id: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a delivery left: the provider's id, and thread names to remember."""

    provider_id: str
    #: Further names by which an answer to it may come back (a Message-ID, a thread ts).
    thread_keys: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    #: What else the ticket's later words need to go where this one went; empty: nothing.
    place: Mapping[str, str] = field(default_factory=dict)
