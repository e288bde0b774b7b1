"""People who write beside the customer: operators answer, others only stand by.

What an operator writes below a notice is sent to the customer; what they write in the customer's
own thread has been read there. Either takes the ticket over. What somebody else writes in a
customer's thread is kept as context; where a channel has no operators, whoever steps in takes over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from supportbot.model.delivery import Delivery
from supportbot.model.inbound import CustomerMessage, OperatorMessage
from supportbot.model.message import Message, NewMessage, Role, Visibility
from supportbot.model.ticket import Actor, ActorKind, EventKind, Handler, Status, Ticket
from supportbot.orchestrator import standing
from supportbot.orchestrator.people.acting import acting_operator
from supportbot.orchestrator.people.operating import Operating, give_back
from supportbot.orchestrator.telling.bystanders import bystander_has
from supportbot.orchestrator.telling.notices import drop_drafts, tell_below
from supportbot.orchestrator.telling.packet import update_packets
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.store import customers, files, pressable, threads, tickets
from supportbot.store.inbound import Outcome
from supportbot.store.threads import Appended, NewEvent
from supportbot.store.unit_of_work import UnitOfWork

#: What begins so is for colleagues.
_NOTE = re.compile(r"^\s*note:\s*", re.IGNORECASE)
_RESOLVED = "Not sent: the ticket is resolved. It opens again when its customer writes."
_DISABLED = "Not sent: your operator account is disabled. Ask an admin to enable it."
_IN_DOUBT = (
    "Not sent: I cannot find out right now who belongs to the support team. "
    "Please write it again in a few minutes."
)
_NO_FILES = "Not sent: files. Only words reach the customer from here."


def divided(text: str) -> tuple[str, str]:
    """Divide what is said to the customer from the lines that begin with `note:`. Pure."""
    said, noted = [], []
    for line in text.splitlines():
        begins = _NOTE.match(line)
        if begins:
            noted.append(line[begins.end() :])
        else:
            said.append(line)
    return "\n".join(said).strip(), "\n".join(noted).strip()


def said_or_noted(text: str, message: Message) -> str:
    """Return the part of an operator's words that a message of theirs stands for. Pure."""
    said, noted = divided(text)
    return (noted or text) if message.visibility is Visibility.INTERNAL else (said or text)


async def operator_wrote(
    wiring: Wiring, work: UnitOfWork, channel: ConnectedChannel, heard: OperatorMessage
) -> Outcome | None:
    """Do what an operator's words mean; None: they are anybody's (a question to the bot)."""
    notice = None
    if heard.below is not None:
        notice = await pressable.told_by(work, channel.id, heard.below)
    if heard.in_doubt:
        return await _unsent(wiring, work, notice) if notice is not None else None
    if notice is not None:
        return await _below_notice(wiring, work, channel, heard, notice)
    ticket = await tickets.find_by_thread_keys(work, channel.id, heard.thread_keys)
    if ticket is None or not (heard.said.text.strip() or heard.said.attachments):
        return None
    own = await customers.known(work, channel.adapter.kind, heard.said.sender)
    if own == ticket.customer_id:
        return None
    operator_id = await acting_operator(work, channel, heard.said.sender, wiring)
    if operator_id is None:
        return None
    operating = await Operating.by(wiring, work, operator_id)
    if heard.said.addressed:  # whoever calls the bot wants it to answer
        await operating.return_to_bot(ticket)
        return None
    message = await operating.said_in_thread(ticket, heard.said.text)
    await files.attach(work, message.id, heard.said.attachments)
    return _kept(ticket, message)


async def _unsent(wiring: Wiring, work: UnitOfWork, notice: Delivery) -> Outcome:
    """Keep what somebody wrote below a notice, and say there that it was not sent."""
    ticket = await tickets.get(work, notice.ticket_id, lock=True)
    await tell_below(wiring, work, notice, _IN_DOUBT, f"in-doubt-{ticket.last_seq}")
    return Outcome("suppressed", reason="operators_unknown", ticket_id=ticket.id)


async def _below_notice(
    wiring: Wiring,
    work: UnitOfWork,
    channel: ConnectedChannel,
    heard: OperatorMessage,
    notice: Delivery,
) -> Outcome:
    """Send what stands below a notice to the customer, but for asides, which are kept as notes."""
    ticket = await tickets.get(work, notice.ticket_id, lock=True)
    operator_id = await acting_operator(work, channel, heard.said.sender, wiring)
    below = _Below(wiring, work, notice, heard)
    if operator_id is None:
        await below.tell(_DISABLED)
        return Outcome("suppressed", reason="operator_disabled", ticket_id=ticket.id)
    if heard.said.attachments and not heard.aside:
        await below.tell(_NO_FILES)
    operating = await Operating.by(wiring, work, operator_id)
    said, noted = ("", heard.said.text) if heard.aside else divided(heard.said.text)
    message = None
    if noted:
        message = await _note(wiring, work, ticket, operator_id, noted)
    if not said:
        return _kept(ticket, message)
    if ticket.status is Status.RESOLVED:
        await _note(wiring, work, ticket, operator_id, said)
        await below.tell(_RESOLVED)
        return Outcome("suppressed", reason="already_resolved", ticket_id=ticket.id)
    return _kept(ticket, await operating.reply(ticket, said))


@dataclass(frozen=True, slots=True)
class _Below:
    """Words below a notice, and a way to say there what did not become of them."""

    wiring: Wiring
    work: UnitOfWork
    notice: Delivery
    heard: OperatorMessage

    async def tell(self, text: str) -> None:
        occasion = f"unsent-{self.heard.said.sent_at}-{text[:20]}"
        await tell_below(self.wiring, self.work, self.notice, text, occasion)


async def _note(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, operator_id: int, text: str
) -> Appended:
    note = NewMessage(
        role=Role.ASSISTANT,
        author=Actor(ActorKind.OPERATOR, operator_id),
        text=text,
        visibility=Visibility.INTERNAL,
        data={"note": True},
    )
    return await threads.append_message(work, ticket.id, note, wiring.clock())


async def guest_wrote(
    wiring: Wiring,
    work: UnitOfWork,
    channel: ConnectedChannel,
    ticket: Ticket,
    guest_id: int,
    heard: CustomerMessage,
) -> Outcome:
    """Keep what somebody else wrote in a customer's thread; they may take over by it."""
    guest = Actor(ActorKind.GUEST, guest_id)
    helps = (
        channel.anyone_steps_in
        and ticket.status is not Status.RESOLVED
        and (ticket.handler is Handler.BOT or await bystander_has(work, ticket))
    )
    message = await threads.append_message(
        work,
        ticket.id,
        NewMessage(
            role=Role.ASSISTANT if helps else Role.USER,
            author=guest,
            text=heard.text,
            sent_at=heard.sent_at,
            data={"upto": ticket.asked_seq} if helps else {},
        ),
        wiring.clock(),
    )
    await files.attach(work, message.id, heard.attachments)
    if helps:
        await _helped(wiring, work, ticket, guest, message)
    return _kept(ticket, message)


async def _helped(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, guest: Actor, message: Appended
) -> None:
    """Count a bystander's words as the answer to all that was asked; the bot is silent then.

    The way to a person stays: who helped need not be one of the team.
    """
    data: dict[str, object] = {"seq": message.seq, "upto": ticket.asked_seq}
    events = [NewEvent(EventKind.HUMAN_REPLIED, guest, data=data)]
    head: dict[str, object] = {"status": Status.PENDING, "waiting_since": None}
    if ticket.handler is Handler.BOT:
        stale = await drop_drafts(wiring, work, ticket, "answered")
        events = [NewEvent(EventKind.TAKEOVER, guest), *stale, *events]
        head |= {"handler": Handler.HUMAN, "handler_epoch": ticket.handler_epoch + 1}
        await standing.changed(wiring, work, ticket)
    await threads.append_events(work, ticket, events, wiring.clock())
    asked = ticket.asked_seq
    await tickets.change(work, ticket.id, answered_seq=asked, attempts=0, retry_at=None, **head)
    name = await customers.name(work, guest.id) if guest.id else None
    await update_packets(
        wiring, work, ticket.id, f"{name or 'Somebody'} answered in the customer's thread."
    )
    await wiring.dispatcher.wake(work, ticket.id, asked)


async def called_back(
    wiring: Wiring, work: UnitOfWork, channel: ConnectedChannel, ticket: Ticket, actor: Actor
) -> Ticket:
    """Give a ticket that a bystander took over back to the bot, which was called by its name."""
    if not channel.anyone_steps_in or not await bystander_has(work, ticket):
        return ticket
    await give_back(wiring, work, ticket, actor)
    return await tickets.get(work, ticket.id)


def _kept(ticket: Ticket, message: Appended | None) -> Outcome:
    return Outcome(
        "message",
        ticket_id=ticket.id,
        message_id=message.id if message else None,
        ticket=ticket.public_id,
    )
