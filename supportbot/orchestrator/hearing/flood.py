"""A customer who writes faster than anybody could answer: capped, told once, answered in the end.

The cap counts in this process only, as the messages come in by it; what it decides stands in the
ticket (`retry_at`), so that it holds wherever the answer is made.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from supportbot.model.catalog import Mode
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import BOT, SYSTEM, EventKind, Ticket
from supportbot.orchestrator.telling.saying import NOTICE, say
from supportbot.orchestrator.wiring import Wiring
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

_WINDOW = timedelta(minutes=1)

#: Told to the customer where the policy has no words for it.
FLOOD_NOTE = (
    "You are writing faster than I can answer. I keep all of it and will answer once a minute."
)


@dataclass(frozen=True, slots=True)
class Calm:
    """Answer as ever."""


@dataclass(frozen=True, slots=True)
class Flooding:
    """Answer this ticket no earlier than `until`; `first`: the customer is not told yet."""

    first: bool
    until: datetime


@dataclass(slots=True)
class _Heard:
    """What a customer sent within the last minute, and when their tickets are answered."""

    at: deque[datetime] = field(default_factory=deque)
    #: Ticket → the moment of its next answer; empty while there is no flood.
    slots: dict[int, datetime] = field(default_factory=dict)
    last_slot: datetime | None = None


class Flood:
    """Watches how fast each customer writes, over all their tickets."""

    def __init__(self, messages_per_minute: int) -> None:
        self._most = messages_per_minute
        self._customers: OrderedDict[int, _Heard] = OrderedDict()

    def verdict(self, customer_id: int, ticket_id: int, at: datetime) -> Calm | Flooding:
        """Count a message and say whether it is one too many.

        In a flood each ticket is answered a minute later at the earliest, and so many tickets a
        minute as a calm customer may write messages: nobody else waits behind them. A flood is
        over when its customer has slowed down to half the cap. A ticket whose moment came and that
        is not answered yet need not wait for the one after it: that is for the caller to see.
        """
        heard = self._of(customer_id, at)
        heard.at.append(at)
        calm_below = max(1, self._most // 2) if heard.slots else self._most
        if len(heard.at) <= calm_below:
            heard.slots.clear()
            heard.last_slot = None
            return Calm()
        first = not heard.slots
        until = heard.slots.get(ticket_id)
        if until is None or until <= at:
            until = self._next_slot(heard, at)
            heard.slots[ticket_id] = until
        return Flooding(first, until)

    def _next_slot(self, heard: _Heard, at: datetime) -> datetime:
        free = heard.last_slot + _WINDOW / self._most if heard.last_slot else at
        heard.last_slot = max(at + _WINDOW, free)
        return heard.last_slot

    def _of(self, customer_id: int, at: datetime) -> _Heard:
        """Return what a customer sent lately; whoever was silent for a minute is forgotten."""
        heard = self._customers.setdefault(customer_id, _Heard())
        self._customers.move_to_end(customer_id)
        while heard.at and heard.at[0] <= at - _WINDOW:
            heard.at.popleft()
        while (oldest := next(iter(self._customers.values()))) is not heard:
            if oldest.at and oldest.at[-1] > at - _WINDOW:
                break
            self._customers.popitem(last=False)
        return heard


async def tell_flooding(wiring: Wiring, work: UnitOfWork, ticket: Ticket) -> NewEvent:
    """Tell a customer that their messages are kept and answered more slowly; return the event.

    In off and shadow mode only the event says so.
    """
    if wiring.mode(ticket.product) not in {Mode.OFF, Mode.SHADOW}:
        canned = wiring.policy(ticket.product).policy.canned
        note = NewMessage(
            role=Role.ASSISTANT,
            author=BOT,
            text=canned.get("flood") or FLOOD_NOTE,
            data={"notice": "flood"},
        )
        await say(wiring, work, ticket, note, NOTICE)
    return NewEvent(EventKind.FLOODED, SYSTEM, data={"customer": ticket.customer_id})
