"""Messages of a thread and events of a ticket: append, and read in order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, Select, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from supportbot.model.episode import Episode, apply, fold, reopened
from supportbot.model.message import Message, NewMessage, Role, Visibility
from supportbot.model.ticket import (
    Actor,
    ActorKind,
    EventKind,
    Resolution,
    Status,
    Ticket,
    TicketEvent,
)
from supportbot.model.tool_call import readable
from supportbot.store import tool_calls
from supportbot.store.statements import Named
from supportbot.store.tables.answers import CompletionRow
from supportbot.store.tables.catalog import PolicyVersionRow
from supportbot.store.tables.tickets import (
    EpisodeRow,
    MessageBodyRow,
    MessageRow,
    TicketEventRow,
    TicketRow,
)
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be appended to a ticket's current episode."""

    kind: EventKind
    actor: Actor
    reason: str | None = None
    data: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a message now stands."""

    id: int
    seq: int


#: At the top of the module, so that each is prepared once: see `supportbot.store.statements`.
_NEXT_SEQ = (
    update(TicketRow)
    .where(TicketRow.id == bindparam("of_ticket"))
    .values(last_seq=TicketRow.last_seq + 1, last_message_at=bindparam("at"))
    .returning(TicketRow.last_seq, TicketRow.episode_n)
)
_ADD_MESSAGE = insert(MessageRow).returning(MessageRow.id)
_ADD_BODY = insert(MessageBodyRow)
_ADD_EVENT = insert(TicketEventRow).returning(TicketEventRow.id)
_EPISODE = select(EpisodeRow).where(
    EpisodeRow.ticket_id == bindparam("ticket_id"), EpisodeRow.n == bindparam("n")
)
_EPISODE_FIELDS = tuple(field.name for field in fields(Episode))


def _writing(make: Any) -> Insert:
    """Write an episode whole, new or known; `make` is the store's own `insert`."""
    head = select(TicketRow.product_id, TicketRow.channel_id).where(
        TicketRow.id == bindparam("of_ticket")
    )
    new = make(EpisodeRow).values(
        product_id=head.with_only_columns(TicketRow.product_id).scalar_subquery(),
        channel_id=head.with_only_columns(TicketRow.channel_id).scalar_subquery(),
    )
    folded = set(_EPISODE_FIELDS) - {"ticket_id", "n"}
    written: Insert = new.on_conflict_do_update(
        index_elements=("ticket_id", "n"), set_={name: new.excluded[name] for name in folded}
    )
    return written


_WRITE_EPISODE = {
    "sqlite": _writing(sqlite.insert),
    "postgresql": _writing(postgresql.insert),
}


async def append_message(
    work: UnitOfWork, ticket_id: int, new: NewMessage, at: datetime
) -> Appended:
    """Append what is storable to a thread, under the ticket's next number, in its episode."""
    moved = await work.execute(_NEXT_SEQ, {"of_ticket": ticket_id, "at": at})
    head = moved.one()
    made = await work.execute(
        _ADD_MESSAGE,
        {
            "ticket_id": ticket_id,
            "seq": head.last_seq,
            "episode_n": head.episode_n,
            "role": new.role,
            "author_kind": new.author.kind,
            "author_id": new.author.id,
            "visibility": new.visibility,
            "policy_version_id": new.policy_version_id,
            "completion_id": new.completion_id,
            "tool_call_id": new.tool_call_id,
            "data": dict(new.data),
            "body_sha256": hashlib.sha256(new.text.encode()).hexdigest(),
            "created_at": at,
            "sent_at": new.sent_at,
        },
    )
    message_id = made.scalar_one()
    await work.execute(_ADD_BODY, {"message_id": message_id, "body": new.text})
    return Appended(id=message_id, seq=head.last_seq)


async def rewrite_body(
    work: UnitOfWork, message_id: int, body: str | None, reason: str, at: datetime
) -> None:
    """Replace or redact (None) the words of a message; the message itself stays."""
    await work.connection.execute(
        update(MessageBodyRow)
        .where(MessageBodyRow.message_id == message_id)
        .values(body=body, erased_at=at if body is None else None, erased_reason=reason)
    )


def _messages() -> Select[*tuple[Any, ...]]:
    return (
        select(
            MessageRow.id,
            MessageRow.ticket_id,
            MessageRow.seq,
            MessageRow.episode_n,
            MessageRow.role,
            MessageRow.author_kind,
            MessageRow.author_id,
            MessageRow.visibility,
            MessageRow.tool_call_id,
            MessageRow.data,
            MessageRow.created_at,
            MessageRow.sent_at,
            MessageBodyRow.body,
            MessageBodyRow.erased_reason,
            PolicyVersionRow.sha256.label("policy_sha"),
            CompletionRow.model,
        )
        .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
        .outerjoin(PolicyVersionRow, PolicyVersionRow.id == MessageRow.policy_version_id)
        .outerjoin(CompletionRow, CompletionRow.id == MessageRow.completion_id)
    )


_THREAD = (
    _messages()
    .where(MessageRow.ticket_id == bindparam("ticket_id"), MessageRow.seq > bindparam("after_seq"))
    .order_by(MessageRow.seq)
)
_EPISODE_THREAD = _THREAD.where(MessageRow.episode_n == bindparam("episode_n"))


#: In the data of a message that asks for calls: [id, name] of each; arguments come in on reading.
_CALLS = "tool_calls"


def _message(row: Named) -> Message:
    return Message(
        id=row.id,
        ticket_id=row.ticket_id,
        seq=row.seq,
        episode_n=row.episode_n,
        role=Role(row.role),
        author=Actor(ActorKind(row.author_kind), row.author_id),
        text=row.body if row.body is not None else _erased(row),
        created_at=row.created_at,
        visibility=Visibility(row.visibility),
        policy_sha=row.policy_sha,
        model=row.model,
        tool_call_id=row.tool_call_id,
        erased=row.body is None,
        sent_at=row.sent_at,
        data=row.data,
    )


async def messages(
    work: UnitOfWork, ticket_id: int, *, episode_n: int | None = None, after_seq: int = 0
) -> list[Message]:
    """Return a ticket's thread in order, or the part of one episode, or the newest part."""
    given = {"ticket_id": ticket_id, "after_seq": after_seq}
    if episode_n is None:
        rows = await work.execute(_THREAD, given)
    else:
        rows = await work.execute(_EPISODE_THREAD, {**given, "episode_n": episode_n})
    return await _whole(work, ticket_id, [_message(row) for row in rows])


async def askers(work: UnitOfWork, ticket_id: int) -> list[int]:
    """Return the customers who asked something in a ticket, be it somebody else's."""
    asked = select(MessageRow.author_id).where(
        MessageRow.ticket_id == ticket_id,
        MessageRow.author_kind == ActorKind.CUSTOMER,
        MessageRow.author_id.is_not(None),
    )
    rows = await work.connection.execute(asked.distinct().order_by(MessageRow.author_id))
    return [number for number in rows.scalars() if number is not None]


def _erased(row: Named) -> str:
    """Say in the place of words why they are gone, and how a call ended whose result they were."""
    reason = row.erased_reason or "erased"
    return f"[{row.data['state']}; {reason}]" if row.role == Role.TOOL else f"[{reason}]"


async def _whole(work: UnitOfWork, ticket_id: int, thread: list[Message]) -> list[Message]:
    """Give the messages that ask for tool calls the arguments, which can be erased."""
    if not any(_CALLS in one.data for one in thread):
        return thread
    words = await tool_calls.arguments(work, ticket_id)
    return [_with_arguments(one, words) if _CALLS in one.data else one for one in thread]


def _with_arguments(asking: Message, words: Mapping[str, str | None]) -> Message:
    asked: Any = asking.data[_CALLS]
    calls = [[call_id, name, readable(words.get(call_id))] for call_id, name, *_ in asked]
    return replace(asking, data={**asking.data, _CALLS: calls})


async def message(work: UnitOfWork, message_id: int) -> Message | None:
    """Return one message."""
    rows = await work.connection.execute(_messages().where(MessageRow.id == message_id))
    row = rows.first()
    if row is None:
        return None
    (whole,) = await _whole(work, row.ticket_id, [_message(row)])
    return whole


async def append_events(
    work: UnitOfWork, ticket: Ticket, new: Sequence[NewEvent], at: datetime
) -> None:
    """Append events to a ticket and fold them into its episode, in one go.

    `ticket.episode_n` is the episode they belong to.
    """
    if not new:
        return
    begins = new[0].kind in {EventKind.OPENED, EventKind.REOPENED}
    episode = None if begins else await _episode(work, ticket.id, ticket.episode_n)
    for one in new:
        event = await _append_event(work, ticket, one, at)
        if event.kind is EventKind.REOPENED:
            await _note_reopened(work, ticket, event)
        episode = apply(episode, event)
    if episode is not None:
        await _write_episode(work, episode)


async def _append_event(
    work: UnitOfWork, ticket: Ticket, new: NewEvent, at: datetime
) -> TicketEvent:
    made = await work.execute(
        _ADD_EVENT,
        {
            "ticket_id": ticket.id,
            "episode_n": ticket.episode_n,
            "kind": new.kind,
            "reason": new.reason[:255] if new.reason else None,
            "actor_kind": new.actor.kind,
            "actor_id": new.actor.id,
            "at": at,
            "data": new.data or {},
        },
    )
    return TicketEvent(
        id=made.scalar_one(),
        ticket_id=ticket.id,
        episode_n=ticket.episode_n,
        kind=new.kind,
        actor=new.actor,
        at=at,
        reason=new.reason,
        data=new.data or {},
    )


async def events(work: UnitOfWork, ticket_id: int) -> list[TicketEvent]:
    """Return what happened to a ticket, in order."""
    rows = await work.connection.execute(
        select(TicketEventRow)
        .where(TicketEventRow.ticket_id == ticket_id)
        .order_by(TicketEventRow.id)
    )
    return [
        TicketEvent(
            id=row.id,
            ticket_id=row.ticket_id,
            episode_n=row.episode_n,
            kind=EventKind(row.kind),
            actor=Actor(ActorKind(row.actor_kind), row.actor_id),
            at=row.at,
            reason=row.reason,
            data=row.data,
        )
        for row in rows
    ]


async def rebuild_episodes(work: UnitOfWork, ticket: Ticket) -> None:
    """Fold a ticket's episodes anew from its events."""
    for episode in fold(await events(work, ticket.id)).values():
        await _write_episode(work, episode)


async def _note_reopened(work: UnitOfWork, ticket: Ticket, event: TicketEvent) -> None:
    before = await _episode(work, ticket.id, ticket.episode_n - 1)
    if before is not None:
        await _write_episode(work, reopened(before, event))


async def _episode(work: UnitOfWork, ticket_id: int, n: int) -> Episode | None:
    row = (await work.execute(_EPISODE, {"ticket_id": ticket_id, "n": n})).first()
    return to_episode(row) if row else None


async def episodes(work: UnitOfWork, ticket_id: int) -> list[Episode]:
    """Return a ticket's episodes in order."""
    rows = await work.connection.execute(
        select(EpisodeRow).where(EpisodeRow.ticket_id == ticket_id).order_by(EpisodeRow.n)
    )
    return [to_episode(row) for row in rows]


def to_episode(row: Named) -> Episode:
    """Make an episode of a row that has all columns of `EpisodeRow`."""
    return Episode(
        ticket_id=row.ticket_id,
        n=row.n,
        opened_at=row.opened_at,
        eligible=bool(row.eligible),
        involved=bool(row.involved),
        first_reply_at=row.first_reply_at,
        first_human_reply_at=row.first_human_reply_at,
        handoff_at=row.handoff_at,
        handoff_reason=row.handoff_reason,
        resolved_at=row.resolved_at,
        resolution=Resolution(row.resolution) if row.resolution else None,
        resolved_by=row.resolved_by,
        reopened_at=row.reopened_at,
        bot_messages=row.bot_messages,
        human_messages=row.human_messages,
        drafts=row.drafts,
        suppressed=row.suppressed,
        takeover_at=row.takeover_at,
        human_asked_at=row.human_asked_at,
        human_answered_at=row.human_answered_at,
        last_event_id=row.last_event_id,
    )


async def _write_episode(work: UnitOfWork, episode: Episode) -> None:
    values = {name: getattr(episode, name) for name in _EPISODE_FIELDS}
    values["eligible"] = int(episode.eligible)
    values["involved"] = int(episode.involved)
    values["of_ticket"] = episode.ticket_id
    await work.execute(_WRITE_EPISODE[work.store], values)


async def next_episode(work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
    """Move a resolved ticket's head to its next episode, with the bot in charge again."""
    await work.connection.execute(
        update(TicketRow)
        .where(TicketRow.id == ticket.id)
        .values(
            episode_n=TicketRow.episode_n + 1,
            status=Status.OPEN,
            handler="bot",
            handler_epoch=TicketRow.handler_epoch + 1,
            assignee_id=None,
            attempts=0,
            waiting_since=at,
        )
    )
