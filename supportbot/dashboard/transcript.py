"""A ticket's messages and events in one order, in words: what people read. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from supportbot.dashboard.reading import TicketFacts
from supportbot.dashboard.wording import EVENTS, label
from supportbot.model.delivery import Audience, Delivery
from supportbot.model.delivery_report import in_words
from supportbot.model.message import Message, Visibility, doubt, told
from supportbot.model.ticket import Actor, ActorKind, EventKind, TicketEvent
from supportbot.store.details import AttachmentCard

#: Masks what a reader may not see; gives the text back unchanged for those who may.
Words = Callable[[str], str]

#: These stand in the transcript as the message itself.
_TOLD_BY_MESSAGE = {EventKind.BOT_REPLIED, EventKind.HUMAN_REPLIED}
#: Of what happened in one moment, these come before the message; all others after it.
_BEFORE_MESSAGE = {
    EventKind.OPENED,
    EventKind.REOPENED,
    EventKind.LINKED,
    EventKind.TAKEOVER,
    EventKind.RETURNED,
    EventKind.HANDOFF,
}
_ALARMS = {
    EventKind.DELIVERY_FAILED,
    EventKind.DELIVERY_UNCERTAIN,
    EventKind.COMPLETION_FAILED,
    EventKind.BOUNCED,
}


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery as the transcript tells it."""

    id: int
    state: str
    audience: str
    channel: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime | None
    error: str | None
    text: str


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """A message."""

    key: str
    at: datetime
    number: int
    side: ActorKind
    author: str
    text: str
    internal: bool
    #: Why nobody can tell who wrote it; None where that is certain, or no question.
    doubt: str | None
    #: Set when the words are gone; then `text` is empty.
    erased: str | None
    completion_id: int | None
    policy_version_id: int | None
    policy_sha: str | None
    model: str | None
    #: Tools whose results the bot had before it said this.
    tools: tuple[str, ...]
    files: tuple[AttachmentCard, ...]
    sendings: tuple[Sending, ...]
    kind: Literal["message"] = "message"


@dataclass(frozen=True, slots=True)
class EventEntry:
    """Something that happened."""

    key: str
    at: datetime
    text: str
    reason: str | None
    summary: str | None
    alarm: bool
    kind: Literal["event"] = "event"


Entry = MessageEntry | EventEntry


def interleave(facts: TicketFacts, words: Words) -> list[Entry]:
    """Put messages and events into one order: by time, and at the same moment by what leads."""
    ranked: list[tuple[datetime, int, int, Entry]] = [
        (message.created_at, 1, message.seq, _message_entry(facts, message, words))
        for message in facts.messages
    ]
    ranked += [
        (
            event.at,
            0 if event.kind in _BEFORE_MESSAGE else 2,
            event.id,
            _event_entry(facts, event, words),
        )
        for event in facts.events
        if event.kind not in _TOLD_BY_MESSAGE
    ]
    ranked.sort(key=lambda entry: entry[:3])
    return [entry for *_, entry in ranked]


def notices(facts: TicketFacts, words: Words) -> list[Sending]:
    """Return what operators were told about the ticket, in order."""
    return [
        _sending(facts, delivery, sent_at, words)
        for delivery, sent_at in facts.deliveries
        if delivery.audience is Audience.OPERATORS and delivery.replaces is None
    ]


def who(facts: TicketFacts, actor: Actor, words: Words) -> str:
    """Name whoever acted."""
    match actor.kind:
        case ActorKind.CUSTOMER if actor.id in {None, facts.customer.id}:
            return words(facts.customer.name or "") or "The customer"
        case ActorKind.CUSTOMER | ActorKind.GUEST:
            return words(facts.writers.get(actor.id or 0, "")) or "Somebody else in the thread"
        case ActorKind.OPERATOR:
            return facts.names.get(actor.id or 0, "The command line")
        case ActorKind.BOT:
            return "The bot"
        case ActorKind.SYSTEM:
            return "The system"


def _message_entry(facts: TicketFacts, message: Message, words: Words) -> MessageEntry:
    behind = facts.behind.get(message.id)
    erased = behind.erased_reason if behind else None
    return MessageEntry(
        key=f"m{message.id}",
        at=message.created_at,
        number=message.seq,
        side=message.author.kind,
        author=who(facts, message.author, words),
        text="" if erased else words(told(message)),
        internal=message.visibility is Visibility.INTERNAL,
        doubt=_doubt(message),
        erased=erased,
        completion_id=behind.completion_id if behind else None,
        policy_version_id=behind.policy_version_id if behind else None,
        policy_sha=message.policy_sha,
        model=message.model,
        tools=_tools(message),
        files=tuple(file for file in facts.attachments if file.message_id == message.id),
        sendings=tuple(
            _sending(facts, delivery, sent_at, words)
            for delivery, sent_at in facts.deliveries
            if delivery.message_id == message.id and delivery.replaces is None
        ),
    )


def _doubt(message: Message) -> str | None:
    reason = doubt(message)
    return None if reason is None else label(reason)


def _tools(message: Message) -> tuple[str, ...]:
    named = message.data.get("tools")
    return tuple(map(str, named)) if isinstance(named, list) else ()


def _event_entry(facts: TicketFacts, event: TicketEvent, words: Words) -> EventEntry:
    sentence = EVENTS.get(event.kind, label(event.kind))
    summary = event.data.get("summary")
    if event.kind is EventKind.MACHINE_MAIL:
        summary = in_words(event.data)
    return EventEntry(
        key=f"e{event.id}",
        at=event.at,
        text=sentence.replace("{who}", who(facts, event.actor, words)),
        reason=words(label(event.reason)) if event.reason else None,
        summary=words(str(summary)) if summary else None,
        alarm=event.kind in _ALARMS,
    )


def _sending(
    facts: TicketFacts, delivery: Delivery, sent_at: datetime | None, words: Words
) -> Sending:
    note = facts.delivery_notes[delivery.id]
    return Sending(
        id=delivery.id,
        state=delivery.state,
        audience=delivery.audience,
        channel=delivery.channel.partition(":")[0],
        attempts=delivery.attempts,
        created_at=note.created_at,
        sent_at=sent_at,
        next_attempt_at=note.next_attempt_at,
        error=words(note.error) if note.error else None,
        text=words(delivery.text),
    )
