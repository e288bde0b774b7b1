"""What arrived is stored once, understood, and put into its ticket.

Slack and web are understood in the transaction that stores them; mail afterwards, in a lane, so
that an acknowledgement never waits for a parser. Promise: a row on disk before any acknowledgement,
and an outcome for every row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from supportbot.errors import InboundRefused, StoreUnavailable, Unparsable
from supportbot.model.inbound import (
    Accepted,
    Action,
    CustomerMessage,
    Deleted,
    DispositionKind,
    Edited,
    Heard,
    Ignored,
    Inbound,
    StoredInbound,
)
from supportbot.orchestrator import changes
from supportbot.orchestrator.asking import Asking
from supportbot.orchestrator.flood import Flood
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.storable import storable
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.store import inbound as inbounds
from supportbot.store import tickets, waiting
from supportbot.store.inbound import Earlier, Outcome, Settled
from supportbot.store.unit_of_work import UnitOfWork

_BATCH = 50
_PARSE_SECONDS = 20.0
_MAX_ATTEMPTS = 5
#: Account, identity, thread and inbound keys can each be taken by another transaction.
_MOST_TWINS = 6


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """How tickets are found and opened."""

    #: A message on a ticket resolved less than this ago reopens it; later it opens a linked one.
    reopen_days: float = 7.0
    #: Whoever writes more, over all their tickets, is told so and answered once a minute.
    customer_messages_per_minute: int = 20


class Intake:
    """Takes what channels hear. `accept` is the callable they are given."""

    def __init__(self, wiring: Wiring, rules: IntakeRules) -> None:
        self._wiring = wiring
        flood = Flood(rules.customer_messages_per_minute)
        self._asking = Asking(wiring, timedelta(days=rules.reopen_days), flood)
        self._backlog = asyncio.Event()

    async def accept(self, inbound: Inbound) -> Accepted:
        """Commit what arrived; a repeated delivery is found by its keys and changes nothing.

        Raises:
            StoreUnavailable: it is not on disk; the sender must be asked to try again.
        """
        clean = storable(inbound)
        for _ in range(_MOST_TWINS):
            try:
                return await self._accept(clean)
            except IntegrityError:
                continue  # a twin stored a key, an identity or a thread first; now it is found
        raise StoreUnavailable("too many writers at once; nothing was stored, try again")

    async def _accept(self, inbound: Inbound) -> Accepted:
        channel = self._wiring.channels[inbound.channel]
        heard = None if inbound.deferred else await self._parse(channel, inbound)
        async with self._wiring.db.writing(urgent=True) as work:
            earlier = await inbounds.find_by_keys(work, channel.id, inbound.keys)
            if earlier is not None:
                return _repeated(earlier)
            if heard is None:
                work.after_commit(self._backlog.set)
                return Accepted(await inbounds.add(work, channel.id, inbound))
            outcome = await self._decide(work, inbound, heard)
            settled = Settled(outcome, self._wiring.clock())
            inbound_id = await inbounds.add(work, channel.id, inbound, settled)
            if outcome.waits_for is not None:
                await waiting.add(work, channel.id, inbound_id, inbound, outcome.waits_for)
            return Accepted(
                inbound_id,
                ticket=await _public_id(work, outcome),
                suppressed=outcome.reason if outcome.ticket_id is None else None,
            )

    async def run_backlog(self) -> None:
        """Understand deferred inbound rows as they come, the oldest first, until cancelled."""
        while True:
            self._backlog.clear()
            handled = await survive("backlog", self.drain())
            if not handled or isinstance(handled, Exception):
                await _first(self._backlog, seconds=1.0)

    async def drain(self) -> int:
        """Understand the oldest rows without an outcome; return how many found one."""
        async with self._wiring.db.reading() as work:
            waiting = await inbounds.unsettled(work, _BATCH)
        settled = 0
        for stored in waiting:
            if stored.attempts >= _MAX_ATTEMPTS:  # each of them ended with the process
                await self._park(stored, Unparsable("not understood before the process died"))
                continue
            result = await survive("intake", self._understand(stored), inbound_id=stored.id)
            if not isinstance(result, Exception):
                settled += 1
            elif stored.attempts + 1 >= _MAX_ATTEMPTS:
                await self._park(stored, result)
        return settled

    async def _understand(self, stored: StoredInbound) -> None:
        async with self._wiring.db.writing() as work:
            if not await inbounds.claim(work, stored.id):
                return
        channel = self._wiring.channels.get(stored.inbound.channel)
        if channel is None:
            raise Unparsable(f"channel {stored.inbound.channel} is not configured any more")
        heard = await self._parse(channel, stored.inbound)
        async with self._wiring.db.writing() as work:
            if await inbounds.still_waits(work, stored.id):
                outcome = await self._decide(work, stored.inbound, heard)
                await inbounds.settle(work, stored.id, outcome, self._wiring.clock())

    async def _parse(self, channel: ConnectedChannel, inbound: Inbound) -> Heard | InboundRefused:
        """Run the channel's parser; a parser that fails on an input refuses that input."""
        try:
            if not inbound.deferred:
                return storable(channel.adapter.parse(inbound))
            async with asyncio.timeout(_PARSE_SECONDS):
                return storable(await asyncio.to_thread(channel.adapter.parse, inbound))
        except InboundRefused as refused:
            return refused
        except TimeoutError:
            return Unparsable(f"not understood within {_PARSE_SECONDS:.0f} s")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return Unparsable(f"the parser failed: {type(error).__name__}")

    async def _decide(
        self, work: UnitOfWork, inbound: Inbound, heard: Heard | InboundRefused
    ) -> Outcome:
        channel = self._wiring.channels[inbound.channel]
        match heard:
            case InboundRefused():
                return Outcome("refused", reason=heard.reason)
            case Ignored():
                return Outcome("suppressed", reason=heard.reason, keep_raw=heard.keep)
            case CustomerMessage():
                return await self._decide_message(work, channel, inbound, heard)
        ticket = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
        if ticket is None:
            return Outcome("suppressed", reason="unknown_thread", keep_raw=False)
        match heard:
            case Edited():
                return await changes.edited(self._wiring, work, ticket, channel.id, heard)
            case Deleted():
                return await changes.deleted(self._wiring, work, ticket, channel.id, heard)
            case Action():
                return await changes.acted(self._wiring, work, ticket, heard)

    async def _decide_message(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        inbound: Inbound,
        heard: CustomerMessage,
    ) -> Outcome:
        ticket = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
        unknown = ticket is None and heard.shared_thread
        if unknown and await waiting.alone_with(work, channel.id, heard.thread_keys[0]):
            ticket = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
        if ticket is None and not heard.addressed:
            return _unaddressed(inbound, heard)
        if heard.disposition.kind is not DispositionKind.HUMAN:
            return await changes.machine_mail(self._wiring, work, ticket, heard)
        if not heard.text.strip() and not heard.attachments:
            return Outcome("refused", reason="empty", ticket_id=ticket.id if ticket else None)
        outcome = await self._asking.ask(work, channel, inbound.received_at, heard, ticket)
        if unknown and ticket is None:
            await self._hear_waiting(work, channel, heard.thread_keys)
        return outcome

    async def _hear_waiting(
        self, work: UnitOfWork, channel: ConnectedChannel, keys: Sequence[str]
    ) -> None:
        """Put what overtook the first message of its thread behind it."""
        found = await waiting.of_thread(work, channel.id, keys)
        for stored in found:
            heard = await self._parse(channel, stored.inbound)
            if isinstance(heard, CustomerMessage):
                outcome = await self._decide(work, stored.inbound, heard)
                await inbounds.settle(work, stored.id, outcome, self._wiring.clock())
        if found:
            await waiting.drop(work, [stored.id for stored in found])

    async def _park(self, stored: StoredInbound, error: Exception) -> None:
        outcome = Outcome("refused", reason=f"parked: {type(error).__name__}")
        async with self._wiring.db.writing() as work:
            await inbounds.settle(work, stored.id, outcome, self._wiring.clock())


def _unaddressed(inbound: Inbound, heard: CustomerMessage) -> Outcome:
    """Leave chatter alone; a reply is kept for a while, for the thread may yet become ours."""
    thread = heard.thread_keys[0] if heard.thread_keys else None
    is_reply = heard.shared_thread and thread is not None and thread not in inbound.keys
    waits_for = thread if is_reply else None
    return Outcome("suppressed", reason="not_addressed", keep_raw=is_reply, waits_for=waits_for)


def _repeated(earlier: Earlier) -> Accepted:
    suppressed = earlier.reason if earlier.ticket is None else None
    return Accepted(earlier.id, duplicate=True, ticket=earlier.ticket, suppressed=suppressed)


async def _public_id(work: UnitOfWork, outcome: Outcome) -> str | None:
    if outcome.ticket is not None or outcome.ticket_id is None:
        return outcome.ticket
    return (await tickets.get(work, outcome.ticket_id)).public_id


async def _first(event: asyncio.Event, *, seconds: float) -> None:
    """Wait for the event, but not longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
