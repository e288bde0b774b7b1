"""What operators do, in the caller's transaction: take over, reply, return, resolve, drafts.

Dashboard and command line come here through `takeover`, a channel's buttons through `acting`, what
operators write through `stepping_in`: whichever way, the same events are left, and the notices say
what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.errors import ConflictError
from supportbot.model.delivery import ANSWER_OFFERS
from supportbot.model.draft import Draft, DraftState
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import BOT, Actor, ActorKind, EventKind, Handler, Status, Ticket
from supportbot.orchestrator import standing
from supportbot.orchestrator.owed import unanswered
from supportbot.orchestrator.telling import closing
from supportbot.orchestrator.telling.notices import close_drafts, discarded, withdraw_escalation
from supportbot.orchestrator.telling.packet import update_packets
from supportbot.orchestrator.telling.saying import Manner, say
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import drafts, operators, threads, tickets
from supportbot.store.drafts import Decided
from supportbot.store.threads import Appended, NewEvent
from supportbot.store.unit_of_work import UnitOfWork

_NAMELESS = "Somebody at the command line"


@dataclass(frozen=True, slots=True)
class Operating:
    """The verbs of one operator within one transaction, which holds the ticket's row."""

    wiring: Wiring
    work: UnitOfWork
    #: None: the command line's own user.
    operator_id: int | None
    #: As notices, and customers, are told it.
    name: str

    @classmethod
    async def by(cls, wiring: Wiring, work: UnitOfWork, operator_id: int | None) -> Operating:
        """Begin to act as an operator.

        Raises:
            NotFoundError: there is no such operator.
        """
        if operator_id is None:
            return cls(wiring, work, None, _NAMELESS)
        return cls(wiring, work, operator_id, (await operators.get(work, operator_id)).name)

    async def take_over(self, ticket: Ticket) -> None:
        """Take the ticket; the bot is silent from now on. Idempotent.

        Raises:
            ConflictError: the ticket is resolved.
        """
        await self._take(ticket)
        await update_packets(self.wiring, self.work, ticket.id, f"{self.name} has it.")
        # An answer that is being written is news for whoever writes it.
        await self.wiring.dispatcher.wake(self.work, ticket.id, ticket.asked_seq)

    async def reply(self, ticket: Ticket, text: str) -> Appended:
        """Answer the customer as a person; takes the ticket over.

        Raises:
            ConflictError: the text is empty, or the ticket is resolved.
        """
        _check_words(text)
        await self._take(ticket)
        signed = None if self.operator_id is None else self.name
        new = self._words(ticket, text)
        message = await say(self.wiring, self.work, ticket, new, Manner(signed=signed))
        await self._answered(ticket, message)
        return message

    async def said_in_thread(self, ticket: Ticket, text: str) -> Appended:
        """Note what was written where the customer has read it; takes the ticket over.

        A ticket that is resolved stays so.
        """
        if ticket.status is not Status.RESOLVED:
            await self._take(ticket)
        new = self._words(ticket, text)
        message = await threads.append_message(self.work, ticket.id, new, self.wiring.clock())
        if ticket.status is not Status.RESOLVED:
            await self._answered(ticket, message)
        return message

    async def return_to_bot(self, ticket: Ticket) -> None:
        """Let the bot answer what nobody answered yet, and what comes. Idempotent."""
        if ticket.handler is Handler.BOT:
            return
        await give_back(self.wiring, self.work, ticket, self._actor)
        said = f"Returned to the bot by {self.name}."
        await update_packets(self.wiring, self.work, ticket.id, said)

    async def resolve(self, ticket: Ticket) -> None:
        """Close the ticket. Idempotent."""
        await closing.resolve(self.wiring, self.work, ticket, self._actor, by=self.name)

    async def send_draft(self, draft: Draft, text: str | None = None) -> None:
        """Send a draft as it is, or with other words.

        Raises:
            ConflictError: it was decided already, or the words are none.
        """
        if text is not None:
            _check_words(text)
        ticket = await tickets.get(self.work, draft.ticket_id, lock=True)
        edited = text is not None and text.strip() != draft.text.strip()
        message = NewMessage(
            role=Role.ASSISTANT,
            author=self._actor if edited else BOT,
            text=text if edited and text else draft.text,
            policy_version_id=draft.policy_version_id,
            completion_id=draft.completion_id,
            data={"draft": draft.id, "approved_by": self.operator_id, "upto": draft.upto_seq},
        )
        offers = ANSWER_OFFERS if ticket.handler is Handler.BOT else ()
        said = await say(self.wiring, self.work, ticket, message, Manner(offers=offers))
        kind = EventKind.HUMAN_REPLIED if edited else EventKind.BOT_REPLIED
        await self._covered(ticket, kind, message, said)
        state = DraftState.EDITED if edited else DraftState.SENT
        decided = Decided(state, self.operator_id, said.id, message.text)
        became = f"Sent with other words by {self.name}." if edited else f"Sent by {self.name}."
        await drafts.decide(self.work, draft, decided, self.wiring.clock())
        await close_drafts(self.wiring, self.work, draft.ticket_id, [draft.id], became)

    async def discard_draft(self, draft: Draft) -> None:
        """Throw a draft away and take the ticket; the draft's notice is its packet then.

        Raises:
            ConflictError: it was decided already, or its ticket is resolved.
        """
        ticket, at = await tickets.get(self.work, draft.ticket_id, lock=True), self.wiring.clock()
        decided = Decided(DraftState.DISCARDED, self.operator_id)
        await drafts.decide(self.work, draft, decided, at)
        data: dict[str, object] = {"draft": draft.id}
        event = NewEvent(EventKind.DRAFT_DISCARDED, self._actor, reason="operator", data=data)
        await threads.append_events(self.work, ticket, [event], at)
        await self._take(ticket)
        said = f"Draft discarded by {self.name}, who has the ticket now."
        await update_packets(self.wiring, self.work, ticket.id, said, [draft.id])
        await self.wiring.dispatcher.wake(self.work, ticket.id, ticket.asked_seq)

    @property
    def _actor(self) -> Actor:
        return Actor(ActorKind.OPERATOR, self.operator_id)

    async def _take(self, ticket: Ticket) -> None:
        if ticket.status is Status.RESOLVED:
            raise ConflictError(
                f"ticket {ticket.public_id} is resolved; it opens again when its customer writes"
            )
        if ticket.handler is Handler.HUMAN and ticket.assignee_id == self.operator_id:
            return
        event = NewEvent(EventKind.TAKEOVER, self._actor)
        await threads.append_events(self.work, ticket, [event], self.wiring.clock())
        await tickets.change(
            self.work,
            ticket.id,
            status=Status.OPEN,
            handler=Handler.HUMAN,
            handler_epoch=ticket.handler_epoch + 1,
            assignee_id=self.operator_id,
            answered_seq=ticket.asked_seq,
            attempts=0,
            retry_at=None,
        )
        if ticket.handler is Handler.BOT:
            await standing.changed(self.wiring, self.work, ticket)
            await withdraw_escalation(self.wiring, self.work, ticket)

    def _words(self, ticket: Ticket, text: str) -> NewMessage:
        data = {"upto": ticket.asked_seq}
        return NewMessage(role=Role.ASSISTANT, author=self._actor, text=text, data=data)

    async def _answered(self, ticket: Ticket, message: Appended) -> None:
        """Count a person's answer: what a draft would answer is answered now."""
        at = self.wiring.clock()
        dropped = await drafts.discard_stale(self.work, ticket.id, at)
        await threads.append_events(self.work, ticket, discarded(dropped, "answered"), at)
        new = self._words(ticket, "")
        await self._covered(ticket, EventKind.HUMAN_REPLIED, new, message)
        said = f"{self.name} has it and answered."
        await update_packets(self.wiring, self.work, ticket.id, said, dropped)

    async def _covered(
        self, ticket: Ticket, kind: EventKind, new: NewMessage, message: Appended
    ) -> None:
        """Note that the customer has an answer, up to the message that it names."""
        data: dict[str, object] = {"seq": message.seq, **dict(new.data)}
        event = NewEvent(kind, new.author, data=data)
        await threads.append_events(self.work, ticket, [event], self.wiring.clock())
        upto = new.data.get("upto")
        covered = max(ticket.answered_seq, upto if isinstance(upto, int) else 0)
        await tickets.change(self.work, ticket.id, answered_seq=covered)
        if ticket.asked_seq <= covered:
            head: dict[str, object] = {"status": Status.PENDING, "waiting_since": None}
            await tickets.change(self.work, ticket.id, **head)
        await self.wiring.dispatcher.wake(self.work, ticket.id, ticket.asked_seq)


async def give_back(wiring: Wiring, work: UnitOfWork, ticket: Ticket, actor: Actor) -> None:
    """Put the bot in charge again, whoever asked for it."""
    event = NewEvent(EventKind.RETURNED, actor)
    await threads.append_events(work, ticket, [event], wiring.clock())
    head: dict[str, object] = {}
    if ticket.status is Status.OPEN:
        answered, asked = await unanswered(work, ticket)
        done: dict[str, object] = {"status": Status.PENDING, "waiting_since": None}
        head = {"answered_seq": answered} if asked else done
    await tickets.change(
        work,
        ticket.id,
        handler=Handler.BOT,
        handler_epoch=ticket.handler_epoch + 1,
        assignee_id=None,
        attempts=0,
        **head,
    )
    await standing.changed(wiring, work, ticket)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)


def _check_words(text: str) -> None:
    if not text.strip():
        raise ConflictError("an empty reply can't be sent; write something first")
