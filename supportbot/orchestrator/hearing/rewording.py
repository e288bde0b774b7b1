"""A message whose author changed it, or took it back: before it came, before its answer, after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from supportbot.errors import NotFoundError
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Deleted, Edited
from supportbot.model.meaning import changes_meaning
from supportbot.model.message import EDIT_OF, Message, NewMessage, Role, Visibility
from supportbot.model.ticket import EventKind, Handler, Status, Ticket
from supportbot.orchestrator.answering import echoing
from supportbot.orchestrator.answering.tool_rounds import CHANGED
from supportbot.orchestrator.hearing.asking import Asking
from supportbot.orchestrator.hearing.correspondence import headline
from supportbot.orchestrator.hearing.own_words import is_own, reworded, taken_back
from supportbot.orchestrator.hearing.withdrawing import take_back, take_out
from supportbot.orchestrator.owed import owed_now
from supportbot.orchestrator.people.stepping_in import said_or_noted
from supportbot.orchestrator.telling.notices import (
    close_drafts,
    discarded,
    forget_follow_up,
    forget_words,
    rename,
    why_discarded,
)
from supportbot.orchestrator.telling.packet import tell_follow_up, tell_reworded
from supportbot.orchestrator.telling.quoting import GONE
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import (
    drafts,
    erasure,
    live,
    summaries,
    threads,
    tickets,
    tool_calls,
    waiting,
)
from supportbot.store import inbound as inbounds
from supportbot.store.inbound import Earlier, Outcome
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork
from supportbot.tools.result import failed

#: An edit, or a deletion, was faster than its message.
BEFORE_IT_CAME = "before_it_came"
DELETED_BEFORE = "deleted_before"
#: Why a message that was not heard as one never will be.
TAKEN_BACK = frozenset({BEFORE_IT_CAME, DELETED_BEFORE})


@dataclass(frozen=True, slots=True)
class Place:
    """A message that came in before, and its ticket, whose row is held."""

    ticket: Ticket
    message: Message
    #: What repeats it with other words, the newest last.
    edits: tuple[Message, ...] = ()

    @property
    def reads(self) -> Message:
        """The message as it reads now."""
        return self.edits[-1] if self.edits else self.message

    @property
    def asks(self) -> Message:
        """What of it stands in the thread: the newest edit that was answered anew, or itself."""
        public = [one for one in self.edits if one.visibility is Visibility.PUBLIC]
        return public[-1] if public else self.message


class Rewording:
    """Edits and deletions."""

    def __init__(self, wiring: Wiring, asking: Asking) -> None:
        self._wiring = wiring
        self._asking = asking

    async def edited(self, work: UnitOfWork, channel_id: int, heard: Edited) -> Outcome:
        """Change the question before it is answered; after it, record what was changed.

        Where the policy wants it, an answered question whose meaning changed is asked anew. An
        edit that overtook its message waits for it.
        """
        place = await self._place_of(work, channel_id, heard)
        return place if isinstance(place, Outcome) else await self.reword(work, place, heard)

    async def reword(self, work: UnitOfWork, place: Place, heard: Edited) -> Outcome:
        """Do the same with a message that is known."""
        if heard.gone_files and not place.message.erased:
            place = await self._take_out(work, place, heard.gone_files)
        unused = await _unused(work, place, heard)
        if unused is not None:
            return unused
        if is_own(place.message):
            text = said_or_noted(heard.text, place.message)
            return await reworded(self._wiring, work, place.ticket, place.message, text)
        ticket, message, at = place.ticket, place.asks, self._wiring.clock()
        dropped = await drafts.discard_covering(work, ticket.id, message.seq, at)
        by_bot = ticket.handler is Handler.BOT
        waits = message.seq > ticket.answered_seq or (bool(dropped) and by_bot)
        growing = await live.open_of(work, ticket.id)
        events = [_edited(message, waits=waits), *discarded(dropped, "edited")]
        if dropped:
            await close_drafts(self._wiring, work, ticket.id, dropped, why_discarded("edited"))
        if waits:
            await threads.rewrite_body(work, message.id, heard.text, "edited by its author", at)
            if _named_after(ticket, message):
                await _rename(self._wiring, work, ticket, headline(heard.text))
            await tell_reworded(self._wiring, work, ticket, message, heard.text)
        await echoing.reword(self._wiring, work, ticket, place.message, heard.text)
        if waits or growing is not None:
            await tickets.revise(work, ticket.id)
            refused = failed("not_run", f"It was not called: {CHANGED}.").text
            await tool_calls.withdraw(work, ticket.id, message.seq, refused, at)
        await summaries.erase_covering(work, ticket.id, message.seq, at)
        if waits and dropped:
            events += await owed_now(work, ticket, dropped, at)
        await threads.append_events(work, ticket, events, at)
        if waits:
            await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
        else:
            await self._record(work, place, heard)
        return Outcome("edited", ticket_id=ticket.id, message_id=place.message.id)

    async def _take_out(self, work: UnitOfWork, place: Place, files: Sequence[str]) -> Place:
        """Erase files that were taken out of a message; return where it stands then."""
        ticket = place.ticket
        gone = await take_out(self._wiring, work, ticket, place.message, files)
        events = discarded(gone.drafts, "edited")
        in_charge = ticket.handler is Handler.BOT and ticket.status is not Status.RESOLVED
        if gone.is_owed_anew and in_charge:
            events += await owed_now(work, ticket, gone.drafts, self._wiring.clock())
        await threads.append_events(work, ticket, events, self._wiring.clock())
        await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
        return replace(place, ticket=await tickets.get(work, ticket.id))

    async def _record(self, work: UnitOfWork, place: Place, heard: Edited) -> None:
        """Add the new words to the thread: for people to see, or as the next question."""
        again = self._is_asked_anew(place, heard)
        new = NewMessage(
            role=Role.USER,
            author=place.message.author,
            text=heard.text,
            visibility=Visibility.PUBLIC if again else Visibility.INTERNAL,
            data={EDIT_OF: place.message.seq},
        )
        ticket = place.ticket
        added = await threads.append_message(work, ticket.id, new, self._wiring.clock())
        if ticket.handler is Handler.HUMAN:
            await tell_follow_up(self._wiring, work, ticket, added.seq, heard.text)
        if again:
            await self._asking.ask_anew(work, ticket, added)

    def _is_asked_anew(self, place: Place, heard: Edited) -> bool:
        ticket = place.ticket
        published = self._wiring.policies.get(ticket.product)
        if published is None or not published.policy.answer_edits:
            return False
        of_now = place.message.episode_n == ticket.episode_n
        answers = ticket.handler is Handler.BOT and published.policy.mode is not Mode.OFF
        if not of_now or not answers or ticket.status is Status.RESOLVED:
            return False
        return changes_meaning(place.reads.text, heard.text)

    async def deleted(self, work: UnitOfWork, channel_id: int, heard: Deleted) -> Outcome:
        """Erase a message that its author took back; a question that is gone needs no answer.

        What is taken back before it came will be nothing but a repetition when it comes.
        """
        place = await self._place_of(work, channel_id, heard)
        if isinstance(place, Outcome):
            return place
        ticket, message, at = place.ticket, place.message, self._wiring.clock()
        if is_own(message):
            return await taken_back(self._wiring, work, ticket, message)
        if _named_after(ticket, message):
            await _rename(self._wiring, work, ticket, None)
            ticket = replace(ticket, subject=None)
        for said in (message, *place.edits):
            await forget_words(self._wiring, work, ticket, said.text)
            await forget_follow_up(self._wiring, work, ticket, said.seq)
        await echoing.reword(self._wiring, work, ticket, message, GONE)
        gone = await take_back(self._wiring, work, ticket, message, at)
        events = [NewEvent(EventKind.DELETED, message.author, data={"seq": message.seq})]
        events += discarded(gone.drafts, "deleted")
        open_still = ticket.status is not Status.RESOLVED
        affected = gone.is_owed_anew or place.asks.seq > ticket.answered_seq
        if open_still and affected and ticket.handler is Handler.BOT:
            events += await owed_now(work, ticket, gone.drafts, at)
        await threads.append_events(work, ticket, events, at)
        if open_still:
            await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
        return Outcome("deleted", ticket_id=ticket.id, message_id=message.id, keep_raw=False)

    async def _place_of(
        self, work: UnitOfWork, channel_id: int, heard: Edited | Deleted
    ) -> Place | Outcome:
        """Find the message by the provider's key, or say why nothing follows.

        Its ticket is the one that it is in: the thread may lead to a later one by now.
        """
        key = (heard.message_key,)
        # Whoever is about to understand it is waited for; what became of it is read anew.
        await inbounds.find_by_keys(work, channel_id, key, lock=True)
        earlier = await inbounds.find_by_keys(work, channel_id, key)
        if earlier is None or not earlier.settled:
            return await self._before_it_came(work, earlier, heard)
        if earlier.ticket is not None and earlier.message_id is not None:
            ticket = await tickets.by_public_id(work, earlier.ticket, lock=True)
            return await place_of(work, ticket, earlier.message_id)
        if isinstance(heard, Deleted) and earlier.ticket is None:
            await self._never_ask(work, earlier)
        if (awaited := await waiting.awaited_by(work, earlier.id)) is not None:
            return await _of_waiting(work, earlier.id, heard, awaited)
        known = await tickets.find_by_thread_keys(work, channel_id, heard.thread_keys)
        reason = "unknown_thread" if known is None else "unknown_message"
        # The news of a change repeats the words.
        return Outcome(
            "suppressed", reason=reason, ticket_id=known.id if known else None, keep_raw=False
        )

    async def _before_it_came(
        self, work: UnitOfWork, earlier: Earlier | None, heard: Edited | Deleted
    ) -> Outcome:
        """Let an edit wait for its message, and a message that was taken back never be one.

        The message may be on disk already, behind this.
        """
        if isinstance(heard, Edited):
            key = heard.message_key
            return Outcome("suppressed", reason=BEFORE_IT_CAME, waits_for=key)
        if earlier is None:
            keys = (heard.message_key,)
            return Outcome("suppressed", reason=BEFORE_IT_CAME, keep_raw=False, keys=keys)
        await self._never_ask(work, earlier)
        return Outcome("suppressed", reason=BEFORE_IT_CAME, keep_raw=False)

    async def _never_ask(self, work: UnitOfWork, earlier: Earlier) -> None:
        """Let nobody make a question of a message that was none and is gone."""
        gone = Outcome("suppressed", reason=DELETED_BEFORE, keep_raw=False)
        await inbounds.settle(work, earlier.id, gone, self._wiring.clock())


async def _of_waiting(
    work: UnitOfWork, inbound_id: int, heard: Edited | Deleted, awaited: str
) -> Outcome:
    """Change a reply that waits for `awaited`: an edit waits behind it, a deletion ends both."""
    if isinstance(heard, Edited):
        return Outcome("suppressed", reason="not_addressed", keep_raw=True, waits_for=awaited)
    await waiting.forget(work, [inbound_id])
    return Outcome("suppressed", reason=DELETED_BEFORE, keep_raw=False)


async def _rename(wiring: Wiring, work: UnitOfWork, ticket: Ticket, subject: str | None) -> None:
    """Name a ticket otherwise, also where its name was told."""
    await erasure.change_subject(work, ticket, subject)
    await rename(wiring, work, ticket, ticket.subject, subject)


def _edited(message: Message, *, waits: bool) -> NewEvent:
    data: dict[str, object] = {"seq": message.seq, "answered": not waits}
    return NewEvent(EventKind.EDITED, message.author, data=data)


async def place_of(work: UnitOfWork, ticket: Ticket, message_id: int) -> Place:
    """Return where a message of a ticket stands; the ticket's row must be held.

    Raises:
        NotFoundError: there is no such message.
    """
    message = await threads.message(work, message_id)
    if message is None:
        raise NotFoundError(f"there is no message number {message_id}")
    return Place(ticket, message, tuple(await erasure.edits(work, message)))


async def _unused(work: UnitOfWork, place: Place, heard: Edited) -> Outcome | None:
    """Say why an edit changes nothing, where that is so."""
    ticket_id, message = place.ticket.id, place.message
    if message.seq in await erasure.erased(work, ticket_id):
        # It came after the deletion that followed it, and would bring the words again.
        return Outcome(
            "suppressed",
            reason=DELETED_BEFORE,
            ticket_id=ticket_id,
            message_id=message.id,
            keep_raw=False,
        )
    if place.reads.text != heard.text:
        return None
    if heard.gone_files:
        return Outcome(
            "edited",
            reason="files_taken_out",
            ticket_id=ticket_id,
            message_id=message.id,
            keep_raw=False,
        )
    return Outcome(
        "suppressed", reason="nothing_changed", ticket_id=ticket_id, message_id=message.id
    )


def _named_after(ticket: Ticket, message: Message) -> bool:
    """Tell whether the ticket's subject is made of this message's first words."""
    return ticket.subject == headline(message.text)
