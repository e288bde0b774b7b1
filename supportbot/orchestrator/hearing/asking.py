"""A customer's message finds its ticket, or opens one, and becomes the next turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from supportbot.model.catalog import Mode
from supportbot.model.file import FILES
from supportbot.model.inbound import CustomerMessage, Disposition
from supportbot.model.message import VERIFIED, VERIFIED_BY, NewMessage, Role
from supportbot.model.ticket import SYSTEM, Actor, ActorKind, EventKind, Handler, Status, Ticket
from supportbot.orchestrator import standing
from supportbot.orchestrator.answering.echoing import ECHO, show
from supportbot.orchestrator.hearing import correspondence
from supportbot.orchestrator.hearing.correspondence import headline, subject_of
from supportbot.orchestrator.hearing.flood import Calm, Flood, tell_flooding
from supportbot.orchestrator.hearing.greeting import greet, may_greet
from supportbot.orchestrator.hearing.sameness import restrained
from supportbot.orchestrator.people.stepping_in import called_back, guest_wrote
from supportbot.orchestrator.telling.closing import reopen
from supportbot.orchestrator.telling.notices import drop_drafts
from supportbot.orchestrator.telling.packet import tell_follow_up
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.store import customers, files, participants, threads, tickets
from supportbot.store.inbound import Outcome
from supportbot.store.threads import Appended, NewEvent
from supportbot.store.tickets import NewTicket
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message goes: its ticket, and the events that led there."""

    ticket: Ticket
    events: tuple[NewEvent, ...] = ()
    #: Its author only takes part in it: answers go where they went before.
    joined: bool = False


class Asking:
    """Puts customers' messages into tickets."""

    def __init__(self, wiring: Wiring, reopen_within: timedelta, flood: Flood) -> None:
        self._wiring = wiring
        self._reopen_within = reopen_within
        self._flood = flood

    async def ask(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        received_at: datetime,
        heard: CustomerMessage,
        known: Ticket | None,
    ) -> Outcome:
        """Append the message to its ticket and wake the ticket; `known` is its thread's ticket."""
        kind = channel.adapter.kind
        customer_id = await customers.ensure_customer(work, kind, heard.sender, received_at)
        if known is not None and heard.shared_thread:
            if known.customer_id != customer_id and not heard.addressed:
                return await guest_wrote(self._wiring, work, channel, known, customer_id, heard)
            if heard.addressed:
                author = Actor(ActorKind.CUSTOMER, customer_id)
                known = await called_back(self._wiring, work, channel, known, author)
        own = known is None or known.customer_id == customer_id
        if known and not own and await correspondence.is_to_customer(work, known, heard):
            await tickets.name_thread(work, known.id, channel.id, heard.thread_keys)
            return await guest_wrote(self._wiring, work, channel, known, customer_id, heard)
        if channel.restraint is not None:
            heard = await restrained(
                work, channel.restraint, heard, known, customer_id, self._wiring.clock()
            )
        place = await self._place(work, channel, heard, known, customer_id)
        ticket, at = place.ticket, self._wiring.clock()
        # A stranger who names somebody's thread must not lead that thread to their own ticket; nor
        # must a mail, which may name several threads, lead one of them away from a ticket of its.
        names, mail = _names(heard), heard.correspondence
        move = own and (ticket is not known or mail is None)
        if ticket is not known or mail or len(names) > 1:  # else it was found by that name
            fresh = known is None and heard.conversation is None and mail is None
            await tickets.remember_keys(work, ticket, channel.id, names, move=move, fresh=fresh)
        message = await threads.append_message(
            work,
            ticket.id,
            NewMessage(
                role=Role.USER,
                author=Actor(ActorKind.CUSTOMER, customer_id),
                text=heard.text,
                sent_at=heard.sent_at,
                data=_facts(heard),
            ),
            at,
        )
        if mail is not None:
            await participants.add(work, ticket.id, mail.others)
        if heard.echo:
            await show(self._wiring, work, ticket, message, heard.target)
        await files.attach(work, message.id, heard.attachments)
        await self._turn(work, place, message, heard)
        return Outcome(
            "message", ticket_id=ticket.id, message_id=message.id, ticket=ticket.public_id
        )

    async def greet(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        received_at: datetime,
        heard: CustomerMessage,
    ) -> Outcome:
        """Open a ticket in which nothing is asked yet, and say hello, where anything may be said.

        What follows in its thread is then the question.
        """
        if not may_greet(self._wiring, self._product(heard)):
            return Outcome("refused", reason="empty")
        kind = channel.adapter.kind
        customer_id = await customers.ensure_customer(work, kind, heard.sender, received_at)
        place = await self._open(work, channel, heard, customer_id, None)
        ticket, at = place.ticket, self._wiring.clock()
        await tickets.remember_keys(work, ticket, channel.id, _names(heard), move=True)
        await threads.append_events(work, ticket, place.events, at)
        await tickets.change(work, ticket.id, status=Status.PENDING)
        verdict = self._flood.verdict(customer_id, ticket.id, at)
        if isinstance(verdict, Calm):
            await greet(self._wiring, work, ticket)
        elif verdict.first:
            await threads.append_events(
                work, ticket, [await tell_flooding(self._wiring, work, ticket)], at
            )
        await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
        return Outcome("greeted", ticket_id=ticket.id, ticket=ticket.public_id)

    def _product(self, heard: CustomerMessage) -> str:
        # A channel may know a product whose policy is gone: its customers are not turned away.
        known = heard.product in self._wiring.products
        return heard.product if known and heard.product else self._wiring.default_product

    async def ask_anew(self, work: UnitOfWork, ticket: Ticket, message: Appended) -> None:
        """Make other words of an answered question, which were appended, the newest turn."""
        await self._turn(work, _Place(ticket), message)

    async def _place(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        heard: CustomerMessage,
        known: Ticket | None,
        customer_id: int,
    ) -> _Place:
        if known is None:
            beside = await correspondence.beside(work, channel, heard)
            return await self._open(work, channel, heard, customer_id, beside)
        joined = known.customer_id != customer_id and not heard.shared_thread
        if joined and not await correspondence.takes_part(work, known, heard):
            return await self._open(work, channel, heard, customer_id, known)
        if known.status is not Status.RESOLVED:
            return _Place(known, joined=joined)
        episodes = await threads.episodes(work, known.id)
        resolved_at = episodes[-1].resolved_at if episodes else None
        if resolved_at and self._wiring.clock() - resolved_at > self._reopen_within:
            return await self._open(work, channel, heard, customer_id, known)
        author = Actor(ActorKind.CUSTOMER, customer_id)
        return _Place(await reopen(self._wiring, work, known, author), joined=joined)

    async def _open(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        heard: CustomerMessage,
        customer_id: int,
        linked: Ticket | None,
    ) -> _Place:
        product = self._product(heard)
        ticket = await tickets.open_ticket(
            work,
            NewTicket(
                public_id=self._wiring.new_id(),
                product_id=self._wiring.products[product].id,
                channel_id=channel.id,
                customer_id=customer_id,
                thread_key=heard.thread_keys[0],
                subject=subject_of(heard),
                target=heard.target,
                opened_at=self._wiring.clock(),
                linked_ticket_id=linked.id if linked else None,
            ),
        )
        if linked:  # that one may show something in the same place
            await standing.changed(self._wiring, work, ticket)
        data: dict[str, object] = {
            "product": product,
            "channel": channel.adapter.key,
            "customer": customer_id,
            "thread_key": heard.thread_keys[0],
            "eligible": self._wiring.mode(product) is not Mode.OFF,
        }
        opened = NewEvent(EventKind.OPENED, Actor(ActorKind.CUSTOMER, customer_id), data=data)
        link = NewEvent(EventKind.LINKED, SYSTEM, data={"to": linked.public_id if linked else ""})
        return _Place(ticket, (opened, link) if linked else (opened,))

    async def _turn(
        self,
        work: UnitOfWork,
        place: _Place,
        message: Appended,
        heard: CustomerMessage | None = None,
    ) -> None:
        """Make the message the newest question, or say why it will not be answered."""
        ticket, at = place.ticket, self._wiring.clock()
        events = list(place.events)
        disposition = heard.disposition if heard else Disposition()
        target = heard.target if heard and not place.joined else ticket.target
        head: dict[str, object] = {"asked_seq": message.seq, "target": dict(target)}
        if heard and not ticket.subject:
            head["subject"] = headline(heard.text) or None
        head |= {"status": Status.OPEN, "waiting_since": ticket.waiting_since or at}
        wait, told = await self._slowed(work, ticket, at)
        events += told
        if wait > timedelta(0):
            head["retry_at"] = at + wait
        if heard and ticket.handler is Handler.HUMAN:
            names = [file.filename for file in heard.attachments]
            await tell_follow_up(self._wiring, work, ticket, message.seq, heard.text, names)
        if disposition.reply_allowed:
            events += await drop_drafts(self._wiring, work, ticket, "stale")
        else:
            head |= _unanswerable(ticket, disposition, message)
            reason = ",".join(disposition.reasons) or "reply_not_allowed"
            events.append(NewEvent(EventKind.SUPPRESSED, SYSTEM, reason=reason))
        await standing.moved(self._wiring, work, ticket, target)
        await tickets.change(work, ticket.id, **head)
        await threads.append_events(work, ticket, events, at)
        delay_seconds = 0.0 if told else wait.total_seconds()
        await self._wiring.dispatcher.wake(
            work, ticket.id, message.seq, delay_seconds=delay_seconds
        )

    async def _slowed(
        self, work: UnitOfWork, ticket: Ticket, at: datetime
    ) -> tuple[timedelta, tuple[NewEvent, ...]]:
        """Say how long the answer waits, and tell a customer who floods us, once."""
        quiet = self._quiet(ticket, at)
        if ticket.handler is Handler.HUMAN:
            return quiet, ()
        verdict = self._flood.verdict(ticket.customer_id, ticket.id, at)
        if isinstance(verdict, Calm):
            return quiet, ()
        told = (await tell_flooding(self._wiring, work, ticket),) if verdict.first else ()
        if ticket.bot_owes and ticket.retry_at is not None and ticket.retry_at <= at:
            return timedelta(0), told  # its moment has come: it is answered, however late we are
        return max(quiet, verdict.until - at), told

    def _quiet(self, ticket: Ticket, at: datetime) -> timedelta:
        """Say how long to wait for more: a quiet period, but not beyond the longest wait."""
        patience = self._wiring.patience(ticket.channel)
        waited = at - (ticket.waiting_since or at)
        left = timedelta(seconds=patience.longest_seconds) - waited
        return max(timedelta(0), min(timedelta(seconds=patience.quiet_seconds), left))


def _names(heard: CustomerMessage) -> tuple[str, ...]:
    """Return what is to lead to the ticket of a message from now on."""
    talk = heard.conversation
    return (*heard.thread_keys, talk.name) if talk else heard.thread_keys


def _facts(heard: CustomerMessage) -> dict[str, object]:
    facts: dict[str, object] = {ECHO: True} if heard.echo else {}
    if heard.authenticity is not None:
        facts[VERIFIED] = heard.authenticity.verified
        facts[VERIFIED_BY] = list(heard.authenticity.reasons)
    return {**facts, FILES: len(heard.attachments)} if heard.attachments else facts


def _unanswerable(ticket: Ticket, disposition: Disposition, message: Appended) -> dict[str, object]:
    """Say how the head moves when a person's message may not be answered by the bot.

    What was asked before it stays owed, and what people hold stays theirs. Else it is covered, and
    waits for an operator; only mail from before the mailbox was connected waits for nobody.
    """
    if ticket.bot_owes or ticket.handler is Handler.HUMAN:
        return {}
    if "before_cut_over" in disposition.reasons:
        return {"answered_seq": message.seq, "status": Status.PENDING, "waiting_since": None}
    return {"answered_seq": message.seq}
