"""What the database says about the demo's tickets: what is printed and checked comes from here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from supportbot.demo.cast import person_of
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState
from supportbot.model.ticket import ActorKind, EventKind, Ticket, TicketEvent
from supportbot.store import answers, details, operators, tickets, transcripts, webchat
from supportbot.store.answers import StoredCompletion
from supportbot.store.database import Database
from supportbot.store.details import CustomerCard, DeliveryNote
from supportbot.store.transcripts import Transcript
from supportbot.store.unit_of_work import UnitOfWork

_LOOK_SECONDS = 0.02
_UNSENT = (DeliveryState.PENDING, DeliveryState.LIVE, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket with all that is recorded about it."""

    transcript: Transcript
    completions: Sequence[StoredCompletion]
    customer: CustomerCard
    delivery_notes: dict[int, DeliveryNote]

    @property
    def ticket(self) -> Ticket:
        """The ticket's head."""
        return self.transcript.ticket

    @property
    def asked(self) -> int:
        """How often the customer wrote."""
        return sum(m.author.kind is ActorKind.CUSTOMER for m in self.transcript.messages)

    @property
    def settled(self) -> bool:
        """True when the bot owes nothing and nothing is on its way."""
        return not self.ticket.bot_owes and all(
            delivery.state not in _UNSENT for delivery, _ in self.transcript.deliveries
        )

    @property
    def customer_name(self) -> str:
        """What to call the customer."""
        known = (person_of(external_id) for _, external_id in self.customer.identities)
        person = next((one for one in known if one), None)
        return person.name if person else self.customer.name or "Visitor"

    def replies(self) -> list[Delivery]:
        """Return the answers that left, or are to leave, for the customer."""
        return [
            delivery
            for delivery, _ in self.transcript.deliveries
            if delivery.audience is Audience.CUSTOMER and delivery.kind is DeliveryKind.REPLY
        ]

    def events_after(self, earlier: Case | None) -> list[TicketEvent]:
        """Return what happened since the case was seen last."""
        known = {event.id for event in earlier.transcript.events} if earlier else set()
        return [event for event in self.transcript.events if event.id not in known]

    def same_as(self, earlier: Case) -> bool:
        """Tell whether nothing was added since."""
        mine, theirs = self.transcript, earlier.transcript
        return (
            len(mine.messages) == len(theirs.messages)
            and len(mine.events) == len(theirs.events)
            and len(mine.deliveries) == len(theirs.deliveries)
        )


class Ledger:
    """Reads cases; writes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def by_thread(self, channel: str, key: str) -> Case | None:
        """Return the case that a thread key of a channel leads to."""
        async with self._db.reading() as work:
            ticket = await webchat.find(work, channel, key)
            return await _case(work, ticket) if ticket else None

    async def ticket_of(self, channel: str, key: str) -> str | None:
        """Return the public id of the ticket that a thread key leads to."""
        async with self._db.reading() as work:
            ticket = await webchat.find(work, channel, key)
        return ticket.public_id if ticket else None

    async def by_public_id(self, public_id: str) -> Case:
        """Return the case of this ticket.

        Raises:
            NotFoundError: there is none.
        """
        async with self._db.reading() as work:
            return await _case(work, await tickets.by_public_id(work, public_id))

    async def operator_names(self) -> list[str]:
        """Return what operators are called."""
        async with self._db.reading() as work:
            return [operator.name for operator in await operators.everybody(work)]

    async def opened_since(self, moment: datetime) -> list[Case]:
        """Return the cases that were opened since then, the oldest first."""
        async with self._db.reading() as work:
            listed = await tickets.listed(work, tickets.TicketFilter())
            return [await _case(work, t) for t in reversed(listed) if t.opened_at >= moment]

    async def until(
        self,
        look: Callable[[], Awaitable[Case | None]],
        holds: Callable[[Case], bool],
        seconds: float,
    ) -> Case:
        """Look again and again until it holds.

        Raises:
            TimeoutError: it did not within so many seconds.
        """
        async with asyncio.timeout(seconds):
            while True:
                case = await look()
                if case is not None and holds(case):
                    return case
                await asyncio.sleep(_LOOK_SECONDS)


async def _case(work: UnitOfWork, ticket: Ticket) -> Case:
    return Case(
        transcript=await transcripts.of_ticket(work, ticket),
        completions=await answers.completions(work, ticket.id),
        customer=await details.customer(work, ticket.customer_id),
        delivery_notes=await details.delivery_notes(work, ticket.id),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """A day in numbers."""

    messages_in: int
    answered: int
    handed_off: int
    drafts: int
    suppressed: int


def totals(cases: Sequence[Case]) -> Totals:
    """Count what the transcripts of these cases hold."""
    kinds = [event.kind for case in cases for event in case.transcript.events]
    machine = kinds.count(EventKind.MACHINE_MAIL)
    return Totals(
        messages_in=sum(case.asked for case in cases) + machine,
        answered=kinds.count(EventKind.BOT_REPLIED),
        handed_off=kinds.count(EventKind.HANDOFF),
        drafts=kinds.count(EventKind.DRAFTED),
        suppressed=kinds.count(EventKind.SUPPRESSED) + machine,
    )
