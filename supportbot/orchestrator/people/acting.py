"""What a press, a form or a check mark does, in the transaction that stores it.

A press may be late, doubled, or not its presser's to make: then it changes nothing, the reason is
stored, and a line for whoever pressed comes back with the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from supportbot.model.delivery import Audience, Delivery, DeliveryKind
from supportbot.model.draft import Draft, DraftState
from supportbot.model.inbound import Action, ActionKind, Form, Sender
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import Actor, ActorKind, Handler, Status, Ticket
from supportbot.orchestrator.answering.stopping import stop
from supportbot.orchestrator.people.operating import Operating
from supportbot.orchestrator.telling.closing import reopen, resolve
from supportbot.orchestrator.telling.handoff import hand_off, person_awaited
from supportbot.orchestrator.telling.opinions import LOW_SCORE, Opinions
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.store import customers, deliveries, drafts, operators, pressable, threads, tickets
from supportbot.store.inbound import Outcome
from supportbot.store.unit_of_work import UnitOfWork

_OPERATORS_ONLY = frozenset(
    {
        ActionKind.CLAIM,
        ActionKind.REPLY,
        ActionKind.RETURN,
        ActionKind.SEND_DRAFT,
        ActionKind.EDIT_DRAFT,
        ActionKind.DISCARD_DRAFT,
    }
)
_OF_DRAFTS = frozenset({ActionKind.SEND_DRAFT, ActionKind.EDIT_DRAFT, ActionKind.DISCARD_DRAFT})
_OPINIONS = frozenset({ActionKind.FEEDBACK, ActionKind.SCORE, ActionKind.COMMENT})

_SCORES = range(1, 6)

_EMPTY = "Write something first."
_NOT_AN_OPERATOR = "Only operators of the support team can do this."
_DISABLED = "Your operator account is disabled. Ask an admin to enable it."
_GONE = "This button leads nowhere any more."
_RESOLVED = "This ticket is resolved. It opens again when its customer writes."
_NOT_YOURS = "Only whoever asked here, or an operator, can do this."
_WITH_PERSON = "A colleague has your question already and will answer you here."
_DRAFT_IS: Mapping[DraftState, str] = {
    DraftState.SENT: "This draft was sent already.",
    DraftState.EDITED: "This draft was sent already, with other words.",
    DraftState.DISCARDED: "This draft was discarded already.",
}


async def acted(
    wiring: Wiring, work: UnitOfWork, channel: ConnectedChannel, heard: Action
) -> Outcome:
    """Do what was asked for, or say why not."""
    pressed = await _pressed(work, channel, heard)
    if pressed is not None:
        ticket: Ticket | None = await tickets.get(work, pressed.ticket_id, lock=True)
    else:
        ticket = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
    if ticket is None:
        reason = "unknown_thread" if heard.delivery_key is None else "unknown_delivery"
        return Outcome("suppressed", reason=reason, keep_raw=False, note=_GONE)
    heard = await _as_customer(work, channel, heard, ticket)
    press = _Press(wiring, work, channel, heard, ticket, pressed)
    told_operators = pressed is not None and pressed.audience is Audience.OPERATORS
    if heard.kind in _OPERATORS_ONLY or told_operators:
        return await press.by_operator()
    if heard.kind in _OPINIONS:
        return await press.opinion()
    if heard.kind is ActionKind.STOP:
        return await press.stopping()
    return await press.resolving() if heard.kind is ActionKind.RESOLVE else await press.escalating()


async def _pressed(work: UnitOfWork, channel: ConnectedChannel, heard: Action) -> Delivery | None:
    """Return the delivery below which it was pressed, if it stands where it was pressed."""
    if heard.on is not None:
        return await pressable.told_by(work, channel.id, heard.on)
    found = await deliveries.by_key(work, heard.delivery_key) if heard.delivery_key else None
    if found is None or found.channel != channel.adapter.key:
        return None
    if found.audience is Audience.OPERATORS or not heard.thread_keys:  # a form stands nowhere
        return found
    # A thread may lead to a later ticket by now.
    ticket = await tickets.get(work, found.ticket_id)
    if ticket.thread_key in heard.thread_keys:
        return found
    led = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
    return found if led is not None and led.id == ticket.id else None


async def _as_customer(
    work: UnitOfWork, channel: ConnectedChannel, heard: Action, ticket: Ticket
) -> Action:
    """Take a sender whose company was not told for one of those who asked, if they may be."""
    if heard.ends_with is None:
        return heard
    kind = channel.adapter.kind
    for customer_id in (ticket.customer_id, *await threads.askers(work, ticket.id)):
        known = await customers.external_id(work, kind, customer_id)
        if known is not None and known.endswith(heard.ends_with):
            return replace(heard, sender=Sender(known, heard.sender.name))
    return heard


async def acting_operator(
    work: UnitOfWork, channel: ConnectedChannel, sender: Sender, wiring: Wiring
) -> int | None:
    """Return the number of the operator behind a sender, made as needed; None: is disabled."""
    kind = channel.adapter.kind
    operator = await operators.ensure(work, kind, sender, wiring.clock())
    return operator.id if operator.disabled_at is None else None


@dataclass(frozen=True, slots=True)
class _Press:
    """One press on a ticket whose row is held."""

    wiring: Wiring
    work: UnitOfWork
    channel: ConnectedChannel
    heard: Action
    ticket: Ticket
    pressed: Delivery | None

    async def by_operator(self) -> Outcome:
        """Do an operator's verb."""
        if not self.heard.by_operator:
            return self._nothing("not_an_operator", _NOT_AN_OPERATOR)
        if self.pressed is None or self.pressed.audience is not Audience.OPERATORS:
            return self._nothing("not_offered", _GONE)
        operator_id = await acting_operator(self.work, self.channel, self.heard.sender, self.wiring)
        if operator_id is None:
            return self._nothing("operator_disabled", _DISABLED)
        operating = await Operating.by(self.wiring, self.work, operator_id)
        if self.heard.kind in _OF_DRAFTS:
            return await self._on_draft(operating)
        return await self._on_ticket(operating)

    async def _on_ticket(self, operating: Operating) -> Outcome:
        ticket, text = self.ticket, self.heard.text
        if ticket.status is Status.RESOLVED:
            return self._nothing("already_resolved", _RESOLVED)
        match self.heard.kind:
            case ActionKind.CLAIM:
                if ticket.handler is Handler.HUMAN and ticket.assignee_id is not None:
                    return await self._claimed(operating, ticket.assignee_id)
                await operating.take_over(ticket)
            case ActionKind.REPLY if text is None:
                return self._form("")
            case ActionKind.REPLY if text and text.strip():
                await operating.reply(ticket, text)
            case ActionKind.REPLY:
                return self._nothing("empty", _EMPTY)
            case ActionKind.RETURN:
                if ticket.handler is Handler.BOT:
                    return self._nothing("already_returned", "The bot has this ticket already.")
                await operating.return_to_bot(ticket)
            case ActionKind.RESOLVE:
                await operating.resolve(ticket)
            case _:
                return self._nothing("not_offered", _GONE)
        return self._done()

    async def _claimed(self, operating: Operating, assignee_id: int) -> Outcome:
        if assignee_id == operating.operator_id:
            return self._nothing("already_claimed", "This ticket is yours already.")
        other = (await operators.get(self.work, assignee_id)).name
        return self._nothing("already_claimed", f"{other} has this ticket already.")

    async def _on_draft(self, operating: Operating) -> Outcome:
        draft_id = self.pressed.draft_id if self.pressed else None
        if draft_id is None:
            return self._nothing("not_offered", _GONE)
        draft = await drafts.get(self.work, draft_id)
        if draft.state is not DraftState.OPEN:
            return self._nothing("already_decided", _DRAFT_IS.get(draft.state, _GONE))
        if self.heard.kind is ActionKind.EDIT_DRAFT and self.heard.text is None:
            return self._form(draft.text)
        return await self._decide(operating, draft)

    async def _decide(self, operating: Operating, draft: Draft) -> Outcome:
        text = self.heard.text
        if text is not None and not text.strip():
            return self._nothing("empty", _EMPTY)
        if self.heard.kind is ActionKind.DISCARD_DRAFT:
            await operating.discard_draft(draft)
        else:
            await operating.send_draft(draft, text)
        return self._done()

    async def escalating(self) -> Outcome:
        """Hand the ticket to a person, as those ask who asked in it."""
        if not await self._theirs():
            return self._nothing("not_theirs", _NOT_YOURS)
        actor, ticket = await self._customer(), self.ticket
        if ticket.status is Status.RESOLVED:
            ticket = await reopen(self.wiring, self.work, ticket, actor)
        waits = await person_awaited(self.work, ticket)
        handoff = Handoff(HandoffReason.ASKED, summary="The customer asked for a person.")
        key = self.heard.delivery_key
        await hand_off(self.wiring, self.work, ticket, handoff, actor, pressed=key)
        return self._done(note=_WITH_PERSON if waits else None)

    async def resolving(self) -> Outcome:
        """End the matter: for whoever asked, and for operators."""
        known = await customers.known(self.work, self.channel.adapter.kind, self.heard.sender)
        own = known is not None and known == self.ticket.customer_id
        if not own and not self.heard.by_operator:
            return self._nothing("not_theirs", _NOT_YOURS)
        if self.ticket.status is Status.RESOLVED:
            return self._nothing("already_resolved", "This is resolved already.")
        if own:
            await resolve(self.wiring, self.work, self.ticket, await self._customer())
            return self._done()
        operator_id = await acting_operator(self.work, self.channel, self.heard.sender, self.wiring)
        if operator_id is None:
            return self._nothing("operator_disabled", _DISABLED)
        operating = await Operating.by(self.wiring, self.work, operator_id)
        await operating.resolve(self.ticket)
        return self._done()

    async def stopping(self) -> Outcome:
        """Write no more of the answer that is being written."""
        if not await self._theirs():
            return self._nothing("not_theirs", _NOT_YOURS)
        customer = await self._customer()
        at = self.heard.pressed_at or self.wiring.clock()
        if await stop(self.wiring, self.work, self.ticket, customer, at):
            return self._done()
        return Outcome("suppressed", reason="nothing_to_stop", ticket_id=self.ticket.id)

    async def opinion(self) -> Outcome:
        """Keep a thumb, a score or what is said about it; ask what could be better."""
        heard, customer = self.heard, await self._customer()
        opinions = Opinions(self.wiring, self.work, self.ticket, customer, self.pressed)
        if heard.kind is ActionKind.FEEDBACK:
            rating = 1 if (heard.value or 0) > 0 else -1
            await opinions.rate(rating)
            return self._done(note="Thank you.") if rating > 0 else self._ask_why()
        about_thumb = self.pressed is not None and self.pressed.kind is DeliveryKind.REPLY
        if customer.id != self.ticket.customer_id and not about_thumb:
            return self._nothing("not_theirs", "Only whoever asked here can give a score.")
        if heard.kind is ActionKind.SCORE:
            score = heard.value or 0
            if score not in _SCORES or not await opinions.score(score):
                return self._nothing("not_offered", _GONE)
            return self._ask_why() if score <= LOW_SCORE else self._done()
        if heard.text is None:
            return self._form("")
        if not heard.text.strip():
            return self._nothing("empty", _EMPTY)
        if not await opinions.comment(heard.text.strip()):
            return self._nothing("nothing_rated", _GONE)
        return self._done()

    async def _theirs(self) -> bool:
        """Tell whether whoever pressed is an operator, or asked something in the ticket."""
        if self.heard.by_operator:
            return True
        known = await customers.known(self.work, self.channel.adapter.kind, self.heard.sender)
        if known is None:
            return False
        own = known == self.ticket.customer_id
        return own or known in await threads.askers(self.work, self.ticket.id)

    def _ask_why(self) -> Outcome:
        """Do what was pressed, and ask for a comment where the button is known."""
        if self.pressed is None:
            return self._done()
        form = Form(ActionKind.COMMENT, self.pressed.key)
        return replace(self._done(), form=form)

    async def _customer(self) -> Actor:
        kind, at = self.channel.adapter.kind, self.wiring.clock()
        customer_id = await customers.ensure_customer(self.work, kind, self.heard.sender, at)
        return Actor(ActorKind.CUSTOMER, customer_id)

    def _done(self, note: str | None = None) -> Outcome:
        return Outcome("action", reason=self.heard.kind, ticket_id=self.ticket.id, note=note)

    def _form(self, text: str) -> Outcome:
        form = Form(self.heard.kind, self.heard.delivery_key or "", text)
        reason = f"{self.heard.kind}_form"
        return Outcome("action", reason=reason, ticket_id=self.ticket.id, form=form)

    def _nothing(self, reason: str, note: str) -> Outcome:
        return Outcome("suppressed", reason=reason, ticket_id=self.ticket.id, note=note)
