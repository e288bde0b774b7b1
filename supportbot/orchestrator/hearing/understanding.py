"""What arrived is understood, and put where it belongs.

A parser is pure and may fail on any input; whatever it gives is decided on in one transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from supportbot.errors import InboundRefused, StoreUnavailable, Unparsable
from supportbot.model.inbound import (
    Action,
    CustomerMessage,
    Deleted,
    DispositionKind,
    Edited,
    Heard,
    Ignored,
    Inbound,
    Introduced,
    OperatorMessage,
    Repeated,
    StoredInbound,
)
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.orchestrator.hearing import (
    changes,
    conversation,
    correspondence,
    own_words,
    repeating,
)
from supportbot.orchestrator.hearing.asking import Asking
from supportbot.orchestrator.hearing.flood import Flood
from supportbot.orchestrator.hearing.machine_mail import machine_mail
from supportbot.orchestrator.hearing.rewording import (
    BEFORE_IT_CAME,
    TAKEN_BACK,
    Rewording,
    place_of,
)
from supportbot.orchestrator.parsers import Parsers
from supportbot.orchestrator.people.acting import acted
from supportbot.orchestrator.people.stepping_in import operator_wrote
from supportbot.orchestrator.storable import storable
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.store import erasure, tickets, waiting
from supportbot.store import inbound as inbounds
from supportbot.store.inbound import Earlier, Outcome, Settled
from supportbot.store.unit_of_work import UnitOfWork

_T = TypeVar("_T")
_PARSE_SECONDS = 20.0
#: Account, identity, thread and inbound keys can each be taken by another transaction.
_MOST_TWINS = 6


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """How tickets are found and opened."""

    #: A message on a ticket resolved less than this ago reopens it; later it opens a linked one.
    reopen_days: float = 7.0
    #: Words that are not said in a thread go on with a ticket while its last ones are younger.
    conversation_minutes: float = 60.0
    #: Whoever writes more, over all their tickets, is told so and answered once a minute.
    customer_messages_per_minute: int = 20


class Understanding:
    """Reads what arrived and decides what becomes of it."""

    def __init__(self, wiring: Wiring, rules: IntakeRules) -> None:
        self._wiring = wiring
        flood = Flood(rules.customer_messages_per_minute)
        self._asking = Asking(wiring, timedelta(days=rules.reopen_days), flood)
        self._conversations = timedelta(minutes=rules.conversation_minutes)
        self._rewording = Rewording(wiring, self._asking)
        self._parsers = Parsers()

    async def parse(self, channel: ConnectedChannel, inbound: Inbound) -> Heard | InboundRefused:
        """Run the channel's parser; a parser that fails on an input refuses that input.

        Raises:
            TimeoutError: it took too long over something deferred. That may be the machine's fault,
                so the input is not refused: it is worth another attempt.
        """
        try:
            if not inbound.deferred:
                return storable(channel.adapter.parse(inbound))
            parse = partial(channel.adapter.parse, inbound)
            return storable(await self._parsers.run(parse, seconds=_PARSE_SECONDS))
        except InboundRefused as refused:
            return refused
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return Unparsable(f"the parser failed: {type(error).__name__}")

    async def decide(
        self,
        work: UnitOfWork,
        inbound: Inbound,
        heard: Heard | InboundRefused,
        *,
        awaited: bool = True,
    ) -> Outcome:
        """Put it into its ticket, in the caller's transaction; say what became of it.

        `awaited`: something that came before it may wait for it.
        """
        channel = self._wiring.channels[inbound.channel]
        match heard:
            case InboundRefused():
                return Outcome("refused", reason=heard.reason)
            case Ignored():
                return Outcome("suppressed", reason=heard.reason, keep_raw=heard.keep)
            case CustomerMessage():
                channel = await correspondence.home(self._wiring, work, channel, heard)
                again = await correspondence.again(self._wiring, work, channel, heard)
                return again or await self._decide_message(
                    work, channel, inbound, heard, awaited=awaited
                )
            case Edited():
                return await self._decide_edit(work, channel, inbound, heard)
            case Deleted():
                return await self._decide_deletion(work, channel, heard)
            case Action():
                return await acted(self._wiring, work, channel, heard)
            case OperatorMessage():
                outcome = await operator_wrote(self._wiring, work, channel, heard)
                return outcome or await self._decide_message(
                    work, channel, inbound, heard.said, awaited=awaited
                )
            case Introduced():
                return await changes.introduced(self._wiring, work, channel.adapter.kind, heard)

    async def _decide_edit(
        self, work: UnitOfWork, channel: ConnectedChannel, inbound: Inbound, heard: Edited
    ) -> Outcome:
        """Take words that were put into a wordless call for the question; change it otherwise.

        A message that calls for us only since it was changed is heard now.
        """
        for name in await self._repetitions(work, channel, heard.message_key):
            await self._rewording.edited(work, channel.id, replace(heard, message_key=name))
        if heard.calls is not None:
            keys = (heard.message_key,)
            earlier = await inbounds.find_by_keys(work, channel.id, keys, lock=True)
            if _is_unheard(earlier) or await self._taken_from_bystander(work, earlier):
                return await self._hear_call(work, inbound, heard.message_key, heard.calls, earlier)
        call = await inbounds.find_by_keys(work, channel.id, (heard.message_key,))
        if call is None or call.ticket is None or call.message_id or not heard.text.strip():
            return await self._rewording.edited(work, channel.id, heard)
        ticket = await tickets.by_public_id(work, call.ticket, lock=True)
        outcome = await self._ask_late(work, channel, inbound, heard, ticket)
        await inbounds.settle(work, call.id, outcome, self._wiring.clock())
        return outcome

    async def _hear_call(
        self,
        work: UnitOfWork,
        inbound: Inbound,
        key: str,
        said: CustomerMessage | OperatorMessage,
        earlier: Earlier | None,
    ) -> Outcome:
        """Hear a message that calls for us since it was changed, once: it takes the name `key`.

        Changes of it that still wait for it came before this one, and are out of date.
        """
        await self._forget_edits(work, self._wiring.channels[inbound.channel], key)
        if earlier is not None:
            await waiting.drop(work, [earlier.id])
        outcome = await self.decide(work, inbound, said)
        if earlier is None:
            return replace(outcome, keys=(*outcome.keys, key))
        await inbounds.settle(work, earlier.id, outcome, self._wiring.clock())
        return outcome

    async def _taken_from_bystander(self, work: UnitOfWork, earlier: Earlier | None) -> bool:
        """Take out of a thread what was context there, and is a question now; tell whether it was.

        Words that are gone already stay gone.
        """
        if earlier is None or earlier.ticket is None or earlier.message_id is None:
            return False
        ticket = await tickets.by_public_id(work, earlier.ticket, lock=True)
        message = (await place_of(work, ticket, earlier.message_id)).message
        context = message.author.kind is ActorKind.GUEST
        if not context or message.seq in await erasure.erased(work, ticket.id):
            return False
        await own_words.taken_back(self._wiring, work, ticket, message)
        return True

    async def _ask_late(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        inbound: Inbound,
        heard: Edited,
        ticket: Ticket,
    ) -> Outcome:
        asked = CustomerMessage(
            heard.sender, heard.text, heard.thread_keys, ticket.target, shared_thread=True
        )
        return await self._asking.ask(work, channel, inbound.received_at, asked, ticket)

    async def _decide_message(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        inbound: Inbound,
        heard: CustomerMessage,
        *,
        awaited: bool,
    ) -> Outcome:
        if heard.repeats is not None:
            return await self._decide_repeated(work, channel, inbound, heard, heard.repeats)
        ticket = await self._find(work, channel, inbound, heard)
        if isinstance(ticket, Outcome):
            return ticket
        if ticket is None and not heard.addressed:
            return _unaddressed(inbound, heard)
        if ticket is None and heard.barred:
            return Outcome("suppressed", reason=heard.barred, keep_raw=False)
        if heard.disposition.kind is not DispositionKind.HUMAN:
            return await machine_mail(self._wiring, work, ticket, inbound, heard)
        at = inbound.received_at
        if heard.text.strip() or heard.attachments:
            outcome = await self._asking.ask(work, channel, at, heard, ticket)
        elif ticket is None and heard.greet:
            outcome = await self._asking.greet(work, channel, at, heard)
        else:
            return Outcome("refused", reason="empty", ticket_id=ticket.id if ticket else None)
        opened = ticket is None and heard.shared_thread
        if opened or awaited:
            names = (*inbound.keys, *heard.thread_keys) if opened else inbound.keys
            outcome = await self._hear_waiting(work, channel, names, outcome)
        return outcome

    async def _find(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        inbound: Inbound,
        heard: CustomerMessage,
    ) -> Ticket | Outcome | None:
        """Find the ticket that a message belongs to, unless nobody can tell yet: then it waits."""
        if heard.correspondence is not None:
            return await correspondence.find(work, channel, heard, heard.correspondence)
        ticket = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
        if ticket is not None:
            return ticket
        talk = heard.conversation
        alone = talk.name if talk else heard.thread_keys[0]
        if heard.shared_thread and await waiting.alone_with(work, channel.id, alone):
            ticket = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
        if ticket is None and talk is not None:
            return await conversation.going_on(work, channel, heard, self._conversations)
        if ticket is None and heard.direct and heard.thread_keys[0] not in inbound.keys:
            copy = await conversation.copy_above(work, channel, heard)
            if copy is not None:
                return Outcome("suppressed", reason="copy_on_its_way", waits_for=copy)
            return await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
        return ticket

    async def _decide_repeated(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        inbound: Inbound,
        heard: CustomerMessage,
        repeated: Repeated,
    ) -> Outcome:
        """Ask what a message says, once, and let what becomes of the message reach the question."""
        reason = await repeating.why_not(work, channel.id, heard, repeated)
        if reason is not None:
            return Outcome("suppressed", reason=reason, keep_raw=False)
        if heard.barred is None:
            await repeating.release(work, channel.id, repeated)
        said = replace(heard, repeats=None)
        outcome = await self._decide_message(work, channel, inbound, said, awaited=True)
        settled = Settled(outcome, self._wiring.clock())
        return await repeating.bind(work, channel.id, repeated, settled)

    async def _decide_deletion(
        self, work: UnitOfWork, channel: ConnectedChannel, heard: Deleted
    ) -> Outcome:
        for name in await self._repetitions(work, channel, heard.message_key):
            await self._rewording.deleted(work, channel.id, replace(heard, message_key=name))
        outcome = await self._rewording.deleted(work, channel.id, heard)
        if outcome.reason == BEFORE_IT_CAME:
            await self._forget_edits(work, channel, heard.message_key)
        return outcome

    async def _forget_edits(self, work: UnitOfWork, channel: ConnectedChannel, key: str) -> None:
        """Forget the changes that wait for a message."""
        for stored, waits in await self._waiting(work, channel, (key,)):
            if isinstance(waits, Edited) and waits.message_key == key:
                await waiting.forget(work, [stored.id])

    async def _repetitions(
        self, work: UnitOfWork, channel: ConnectedChannel, key: str
    ) -> list[str]:
        """Return the names of the questions that others made of a message."""
        names = repeating.names_of_repetitions(key)
        return sorted(await inbounds.held_keys(work, channel.id, names))

    async def _hear_waiting(
        self, work: UnitOfWork, channel: ConnectedChannel, names: Sequence[str], came: Outcome
    ) -> Outcome:
        """Put what overtook a message behind it: edits of it, and what was said in its thread.

        Return what became of the message; a wordless call is asked with the words of its edit.
        """
        found = await self._waiting(work, channel, names)
        for stored, heard in found:
            match heard:
                case Edited() if heard.message_key in names:
                    outcome = await self._reworded(work, channel, stored.inbound, heard, came)
                    came = outcome if outcome.kind == "message" else came
                case CustomerMessage() | OperatorMessage() | Edited():
                    outcome = await self.decide(work, stored.inbound, heard)
                case _:
                    continue
            await inbounds.settle(work, stored.id, outcome, self._wiring.clock())
        if found:
            await waiting.drop(work, [stored.id for stored, _ in found])
        return came

    async def _reworded(
        self,
        work: UnitOfWork,
        channel: ConnectedChannel,
        inbound: Inbound,
        heard: Edited,
        came: Outcome,
    ) -> Outcome:
        """Change a message that came just now, whose row is not written yet."""
        if came.ticket_id is None:
            return Outcome("suppressed", reason="unknown_message", keep_raw=False)
        ticket = await tickets.get(work, came.ticket_id, lock=True)
        if came.message_id is None:
            return await self._ask_late(work, channel, inbound, heard, ticket)
        place = await place_of(work, ticket, came.message_id)
        return await self._rewording.reword(work, place, heard)

    async def _waiting(
        self, work: UnitOfWork, channel: ConnectedChannel, names: Sequence[str]
    ) -> list[tuple[StoredInbound, Heard | InboundRefused]]:
        found = await waiting.of_thread(work, channel.id, names)
        return [(stored, await self.parse(channel, stored.inbound)) for stored in found]


def _is_unheard(earlier: Earlier | None) -> bool:
    """Tell whether a message was never a question; one that was taken back never will be."""
    if earlier is None:
        return True
    return earlier.ticket is None and earlier.reason not in TAKEN_BACK


def _unaddressed(inbound: Inbound, heard: CustomerMessage) -> Outcome:
    """Leave chatter alone; a reply is kept for a while, for the thread may yet become ours."""
    thread = heard.thread_keys[0] if heard.thread_keys else None
    is_reply = heard.shared_thread and thread is not None and thread not in inbound.keys
    waits_for = thread if is_reply else None
    return Outcome("suppressed", reason="not_addressed", keep_raw=is_reply, waits_for=waits_for)


async def alone_with(
    work: UnitOfWork, channel_id: int, inbound: Inbound, heard: Heard | InboundRefused | None
) -> None:
    """Let a message and an edit of it that come at one moment see one another."""
    match heard:
        case Edited():
            await waiting.alone_with(work, channel_id, heard.message_key)
        case CustomerMessage() | OperatorMessage():
            await waiting.alone_with(work, channel_id, *inbound.keys)


async def in_spite_of_twins(store: Callable[[], Awaitable[_T]]) -> _T:
    """Store something, again where a twin stored a key, an identity or a thread of it first.

    The second time these are found.

    Raises:
        StoreUnavailable: there was a twin each time; nothing was stored.
    """
    twin: IntegrityError | None = None
    for _ in range(_MOST_TWINS):
        try:
            return await store()
        except IntegrityError as error:
            twin = error
    raise StoreUnavailable("too many writers at once; nothing was stored, try again") from twin
