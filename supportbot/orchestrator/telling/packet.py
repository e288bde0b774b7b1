"""The handoff packet: all that a person needs to go on where the bot stopped, in a few lines.

Words of customers and models are quoted: one line each, short, and without power.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from supportbot.model.delivery import Audience, Delivery
from supportbot.model.inbound import ActionKind
from supportbot.model.markdown import inert, with_links_spelled_out
from supportbot.model.message import Message, Role, Visibility, doubt
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import ActorKind, Handler, Status, Ticket
from supportbot.orchestrator.telling import quoting
from supportbot.orchestrator.telling.notices import (
    Notice,
    follow_up,
    notify,
    requote,
    retell,
    reword_follow_up,
    reword_told,
    tell_below,
)
from supportbot.orchestrator.telling.quoting import (
    GONE,
    NOTHING,
    about,
    asked,
    called,
    quoted,
    sender,
    unworded,
    wrote,
)
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import (
    customers,
    erasure,
    files,
    operators,
    pressable,
    threads,
    tickets,
    violations,
)
from supportbot.store.unit_of_work import UnitOfWork

#: So much is told of what a customer wrote: a notice stays one message wherever it stands.
_TOLD_CHARACTERS = 3_000
_TOLD_FILES = 10
_HUMAN_OFFERS = (ActionKind.REPLY, ActionKind.RETURN, ActionKind.RESOLVE)
_NEWER = "A newer notice about this ticket follows."

#: What is missing, where the model did not say.
_MISSING = {
    HandoffReason.ASKED: "nothing that the bot knows of: the customer wants a person",
    HandoffReason.LOW_CONFIDENCE: "an answer that rules, knowledge or tools give",
    HandoffReason.POLICY: "a decision that the rules leave to people",
    HandoffReason.ERROR: "a usable answer of the model",
    HandoffReason.LIMIT: "an answer within the limits",
    HandoffReason.OVERDUE: "an answer in time",
    HandoffReason.DELIVERY: "a way to reach the customer",
    HandoffReason.TAKEOVER: "nothing that the bot knows of: a person stepped in",
}


async def tell_packet(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, handoff: Handoff, occasion: str
) -> None:
    """Put a packet before operators; `ticket` is the head as it is now."""
    await _tell(wiring, work, ticket, occasion, await _packet(wiring, work, ticket, handoff))


async def tell_reminder(wiring: Wiring, work: UnitOfWork, ticket: Ticket) -> None:
    """Remind operators of a ticket in their hands in which nobody has answered for long."""
    has = "Nobody has it"
    if ticket.assignee_id is not None:
        has = f"{quoted((await operators.get(work, ticket.assignee_id)).name)} has it"
    lines = [
        f"**Nobody answered yet**: {about(ticket.subject)} `{ticket.public_id}`",
        f"{has}, and the bot stays silent until somebody answers or returns it.",
        await facts(wiring, work, ticket),
        links(wiring, ticket),
    ]
    await _tell(wiring, work, ticket, violations.reminder(ticket), _lines(lines))


async def tell_follow_up(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, seq: int, text: str, names: Sequence[str] = ()
) -> None:
    """Tell operators, below the newest packet, what the customer of their ticket wrote."""
    packets = await _packets(work, ticket.id)
    if packets:
        said = await _wrote(work, ticket, text, names)
        await tell_below(wiring, work, packets[-1].original, said, follow_up(seq))


async def tell_reworded(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message, text: str
) -> None:
    """Let operators read a message as its author changed it: where they were told of it, or anew.

    Below a notice or quoted in one; anew only where they are in charge.
    """
    quotes = await requote(wiring, work, ticket, message.text, quoted(text))
    names = await _names(work, message)
    wrote = await _wrote(work, ticket, text, names)
    told = await reword_follow_up(wiring, work, ticket, message.seq, wrote)
    if ticket.handler is Handler.HUMAN and not (quotes or told):
        await tell_follow_up(wiring, work, ticket, message.seq, text, names)


async def tell_files(wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message) -> None:
    """Let what operators were told of a message name the files that it still has."""
    wrote = await _wrote(work, ticket, message.text, await _names(work, message))
    await reword_follow_up(wiring, work, ticket, message.seq, wrote)


async def tell_name(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, before: str | None, name: str | None
) -> bool:
    """Let operators read how the customer of a ticket is called by now; tell whether they do."""
    where = _where(wiring, ticket)
    return await reword_told(
        wiring, work, ticket, lambda told: called(told.text, where, before, name)
    )


async def _names(work: UnitOfWork, message: Message) -> list[str]:
    shared = await files.of_ticket(work, message.ticket_id)
    return [one.filename for one in shared if one.seq == message.seq]


async def forget_repeated(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message
) -> None:
    """Let packets that were written since a message came hold nothing that a model made of it.

    Questions that still stand, and answers to earlier ones, stay quoted.
    """
    since = await erasure.told_since(work, ticket.id, message.created_at)
    thread = await threads.messages(work, ticket.id)
    keeps = {GONE, NOTHING, *_MISSING.values()}
    keeps |= {quoted(one.text) for one in thread if one.author.kind is ActorKind.CUSTOMER}
    keeps |= {_began(one) for one in thread if _is_answer(one) and one.seq < message.seq}

    def reworded(told: Delivery) -> str:
        made = told.replaces.id if told.replaces else told.id
        return unworded(told.text, keeps) if made in since else told.text

    await reword_told(wiring, work, ticket, reworded)


async def _wrote(work: UnitOfWork, ticket: Ticket, text: str, names: Sequence[str]) -> str:
    name = await customers.name(work, ticket.customer_id)
    lines = inert(text[:_TOLD_CHARACTERS]).splitlines()
    lines += [f"File: {quoted(one)}" for one in names[:_TOLD_FILES]]
    if len(names) > _TOLD_FILES:
        lines.append(f"and {len(names) - _TOLD_FILES} more files")
    return "\n".join([wrote(name), "", *(f"> {line}" for line in lines)])


async def _tell(wiring: Wiring, work: UnitOfWork, ticket: Ticket, occasion: str, text: str) -> None:
    """Write a notice that offers what can be done with the ticket; earlier ones lead to it."""
    earlier = [one for one in await _packets(work, ticket.id) if one.offers]
    if await notify(wiring, work, ticket, Notice(occasion, text, offers_of(ticket))):
        for standing in earlier:
            await retell(wiring, work, standing, _NEWER)


async def update_packets(
    wiring: Wiring,
    work: UnitOfWork,
    ticket_id: int,
    said: str,
    decided: Collection[int] = (),
) -> None:
    """Let the packets of a ticket say what became of it, and offer what can be done now.

    The notices of drafts that were `decided` by taking the ticket are packets from now on.
    """
    standing = await _packets(work, ticket_id, decided)
    if standing:
        offers = offers_of(await tickets.get(work, ticket_id))
        for one in standing:
            if offers or one.offers:
                await retell(wiring, work, one.without_draft(), said, offers)


async def _packets(
    work: UnitOfWork, ticket_id: int, decided: Collection[int] = ()
) -> list[pressable.Standing]:
    """Return the packets that can be pressed, or the newest: its ticket may be open again."""
    told = await pressable.standing(work, ticket_id, Audience.OPERATORS)
    about = {None, *decided}
    packets = [one for one in told if one.original.offers and one.draft_id in about]
    return [one for one in packets if one.offers] or packets[-1:]


def offers_of(ticket: Ticket) -> tuple[ActionKind, ...]:
    """Say what operators can do with a ticket as it is."""
    if ticket.status is Status.RESOLVED:
        return ()
    if ticket.handler is Handler.BOT:
        return (ActionKind.CLAIM, ActionKind.RESOLVE)
    if ticket.assignee_id is None:
        return (ActionKind.CLAIM, *_HUMAN_OFFERS)
    return _HUMAN_OFFERS


async def _packet(wiring: Wiring, work: UnitOfWork, ticket: Ticket, handoff: Handoff) -> str:
    thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
    lines = [
        f"**Handoff** ({handoff.reason}): {about(ticket.subject)} `{ticket.public_id}`",
        asked(*filter(None, [handoff.asked or _last_question(thread)])),
        f"**Tried:** {_tried(thread)}",
        f"**Missing:** {quoted(handoff.missing) or _MISSING[handoff.reason]}",
        f"**Why:** {quoted(handoff.summary)}" if handoff.summary else "",
        _sender(thread),
        await facts(wiring, work, ticket),
        links(wiring, ticket),
    ]
    return _lines(lines)


def _lines(lines: Sequence[str]) -> str:
    # Two spaces at the end of a line keep it a line of its own in Markdown.
    return "  \n".join(line for line in lines if line)


async def facts(wiring: Wiring, work: UnitOfWork, ticket: Ticket) -> str:
    """Say in a line whose ticket it is, where it came in, and since when they wait."""
    who = await customers.name_and_company(work, ticket.customer_id)
    return quoting.facts(_where(wiring, ticket), who, ticket.waiting_since)


def _where(wiring: Wiring, ticket: Ticket) -> str:
    product = wiring.products.get(ticket.product)
    return f"{quoted(product.name if product else ticket.product)} · {ticket.channel_kind}"


def links(wiring: Wiring, ticket: Ticket) -> str:
    """Lead to the conversation, where its channel has a link to it, and to the ticket's page."""
    conversation = ticket.target.get("link")
    ways = [f"[Conversation]({conversation})"] if conversation else []
    if wiring.desk_url:
        ways.append(f"[Ticket]({wiring.desk_url}/tickets/{ticket.public_id})")
    return " · ".join(ways)


def _last_question(thread: Sequence[Message]) -> str:
    theirs = (one for one in reversed(thread) if one.author.kind is ActorKind.CUSTOMER)
    return next((one.text for one in theirs if not one.erased), "")


def _sender(thread: Sequence[Message]) -> str:
    theirs = [one for one in thread if one.author.kind is ActorKind.CUSTOMER]
    return sender(doubt(theirs[-1])) if theirs else ""


def _tried(thread: Sequence[Message]) -> str:
    """Name the tools that were called, and how the newest answer began."""
    called: dict[str, None] = {}
    answer = ""
    for message in thread:
        calls = message.data.get("tool_calls")
        if isinstance(calls, list):
            called |= dict.fromkeys(str(name) for _, name, *_ in calls)
        if _is_answer(message):
            answer = _began(message)
    parts = [f"tools: {', '.join(called)}"] if called else []
    if answer:
        parts.append(f"answered: {answer}")
    return " · ".join(parts) or "nothing yet"


def _is_answer(message: Message) -> bool:
    said = message.role is Role.ASSISTANT and message.visibility is Visibility.PUBLIC
    return said and message.author.kind is ActorKind.BOT and "notice" not in message.data


def _began(answer: Message) -> str:
    """Say in a line how an answer began."""
    return quoted(with_links_spelled_out(answer.text, ""))
