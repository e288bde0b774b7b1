"""What operators do: take over, reply, return to the bot, resolve, decide on drafts.

Dashboard, CLI and channels all come through here. Every act is one transaction and leaves an event.
"""

from __future__ import annotations

from supportbot.errors import ConflictError
from supportbot.model.draft import Draft, DraftState
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import (
    BOT,
    SYSTEM,
    Actor,
    ActorKind,
    EventKind,
    Handler,
    Status,
    Ticket,
)
from supportbot.orchestrator.closing import resolve
from supportbot.orchestrator.owed import unanswered
from supportbot.orchestrator.saying import say
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import drafts, threads, tickets
from supportbot.store.drafts import Decided
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


class Takeover:
    """The operators' verbs. `operator_id` is None for the command line's own user."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    async def take_over(self, public_id: str, operator_id: int | None) -> None:
        """Give the ticket to this operator; the bot is silent from now on. Idempotent.

        Raises:
            ConflictError: the ticket is resolved.
        """
        async with self._wiring.db.writing() as work:
            ticket = await tickets.by_public_id(work, public_id, lock=True)
            await self._take(work, ticket, operator_id)
            # An answer that is being written is news for whoever writes it.
            await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)

    async def reply(self, public_id: str, operator_id: int | None, text: str) -> None:
        """Answer the customer as a person; takes the ticket over.

        Raises:
            ConflictError: the text is empty, or the ticket is resolved.
        """
        _check_words(text)
        async with self._wiring.db.writing() as work:
            ticket = await tickets.by_public_id(work, public_id, lock=True)
            await self._take(work, ticket, operator_id)
            await self._discard_waiting(work, ticket)
            message = NewMessage(
                role=Role.ASSISTANT,
                author=Actor(ActorKind.OPERATOR, operator_id),
                text=text,
                data={"upto": ticket.asked_seq},
            )
            await self._say(work, ticket, message, EventKind.HUMAN_REPLIED, ticket.asked_seq)

    async def return_to_bot(self, public_id: str, operator_id: int | None) -> None:
        """Let the bot answer what nobody answered yet, and what comes. Idempotent."""
        async with self._wiring.db.writing() as work:
            ticket = await tickets.by_public_id(work, public_id, lock=True)
            if ticket.handler is Handler.BOT:
                return
            event = NewEvent(EventKind.RETURNED, Actor(ActorKind.OPERATOR, operator_id))
            await threads.append_events(work, ticket, [event], self._wiring.clock())
            answered, asked = await unanswered(work, ticket)
            still_open = ticket.status is Status.OPEN and bool(asked)
            await tickets.change(
                work,
                ticket.id,
                handler=Handler.BOT,
                handler_epoch=ticket.handler_epoch + 1,
                assignee_id=None,
                answered_seq=answered if still_open else ticket.answered_seq,
                attempts=0,
            )
            await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)

    async def resolve(self, public_id: str, operator_id: int | None) -> None:
        """Close the ticket. Idempotent."""
        async with self._wiring.db.writing() as work:
            ticket = await tickets.by_public_id(work, public_id, lock=True)
            await resolve(self._wiring, work, ticket, Actor(ActorKind.OPERATOR, operator_id))

    async def send_draft(
        self, draft_id: int, operator_id: int | None, text: str | None = None
    ) -> None:
        """Send a draft as it is, or with other words.

        Raises:
            ConflictError: it was decided already, or the words are none.
        """
        if text is not None:
            _check_words(text)
        async with self._wiring.db.writing() as work:
            draft = await drafts.get(work, draft_id)
            ticket = await tickets.get(work, draft.ticket_id, lock=True)
            edited = text is not None and text.strip() != draft.text.strip()
            operator = Actor(ActorKind.OPERATOR, operator_id)
            message = NewMessage(
                role=Role.ASSISTANT,
                author=operator if edited else BOT,
                text=text if edited and text else draft.text,
                policy_version_id=draft.policy_version_id,
                completion_id=draft.completion_id,
                data={"draft": draft.id, "approved_by": operator_id, "upto": draft.upto_seq},
            )
            kind = EventKind.HUMAN_REPLIED if edited else EventKind.BOT_REPLIED
            message_id = await self._say(work, ticket, message, kind, draft.upto_seq)
            await self._decide(
                work,
                draft,
                Decided(
                    state=DraftState.EDITED if edited else DraftState.SENT,
                    operator_id=operator_id,
                    message_id=message_id,
                    sent_text=message.text,
                ),
            )

    async def discard_draft(self, draft_id: int, operator_id: int | None) -> None:
        """Throw a draft away; the ticket then waits for a person.

        Raises:
            ConflictError: it was decided already.
        """
        async with self._wiring.db.writing() as work:
            draft = await drafts.get(work, draft_id)
            ticket = await tickets.get(work, draft.ticket_id, lock=True)
            await self._decide(work, draft, Decided(DraftState.DISCARDED, operator_id))
            event = NewEvent(
                EventKind.DRAFT_DISCARDED,
                Actor(ActorKind.OPERATOR, operator_id),
                reason="operator",
                data={"draft": draft.id},
            )
            await threads.append_events(work, ticket, [event], self._wiring.clock())
            await self._take(work, ticket, operator_id)

    async def _discard_waiting(self, work: UnitOfWork, ticket: Ticket) -> None:
        """Discard open drafts: what they would answer is answered by a person now."""
        at = self._wiring.clock()
        stale = await drafts.discard_stale(work, ticket.id, at)
        events = [
            NewEvent(EventKind.DRAFT_DISCARDED, SYSTEM, reason="answered", data={"draft": draft})
            for draft in stale
        ]
        await threads.append_events(work, ticket, events, at)

    async def _decide(self, work: UnitOfWork, draft: Draft, decided: Decided) -> None:
        await drafts.decide(work, draft, decided, self._wiring.clock())

    async def _take(self, work: UnitOfWork, ticket: Ticket, operator_id: int | None) -> None:
        if ticket.status is Status.RESOLVED:
            raise ConflictError(
                f"ticket {ticket.public_id} is resolved; it opens again when its customer writes"
            )
        if ticket.handler is Handler.HUMAN and ticket.assignee_id == operator_id:
            return
        event = NewEvent(EventKind.TAKEOVER, Actor(ActorKind.OPERATOR, operator_id))
        await threads.append_events(work, ticket, [event], self._wiring.clock())
        await tickets.change(
            work,
            ticket.id,
            status=Status.OPEN,
            handler=Handler.HUMAN,
            handler_epoch=ticket.handler_epoch + 1,
            assignee_id=operator_id,
            answered_seq=ticket.asked_seq,
            attempts=0,
            retry_at=None,
        )

    async def _say(
        self,
        work: UnitOfWork,
        ticket: Ticket,
        new: NewMessage,
        kind: EventKind,
        upto_seq: int,
    ) -> int:
        """Append a public answer and its delivery; return the message's id."""
        message = await say(self._wiring, work, ticket, new)
        data: dict[str, object] = {"seq": message.seq, **dict(new.data)}
        event = NewEvent(kind, new.author, data=data)
        await threads.append_events(work, ticket, [event], self._wiring.clock())
        covered = max(ticket.answered_seq, upto_seq)
        await tickets.change(work, ticket.id, answered_seq=covered)
        if ticket.asked_seq <= covered:
            await tickets.change(work, ticket.id, status=Status.PENDING, waiting_since=None)
        await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
        return message.id


def _check_words(text: str) -> None:
    if not text.strip():
        raise ConflictError("an empty reply can't be sent; write something first")
