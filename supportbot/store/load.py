"""How much waits, counted by indexes: cheap enough to be asked every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.sql.elements import ColumnElement

from supportbot.model.delivery import DeliveryState
from supportbot.model.load import Load, Waiting
from supportbot.model.ticket import ActorKind, EventKind, Handler
from supportbot.store import jobs, quarantine
from supportbot.store.tables.answers import UNSENT, CompletionRow, DeliveryRow
from supportbot.store.tables.intake import UNSETTLED, InboundRow
from supportbot.store.tables.tickets import OWED, MessageRow, TicketEventRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

_BAD_ENDS = {EventKind.DELIVERY_UNCERTAIN: "uncertain", EventKind.DELIVERY_FAILED: "failed"}

_OWED = (
    select(
        func.count(TicketRow.id.distinct()),
        func.min(MessageRow.created_at, type_=MessageRow.created_at.type),
    )
    .join(
        MessageRow,
        and_(
            MessageRow.ticket_id == TicketRow.id,
            MessageRow.seq > TicketRow.answered_seq,
            MessageRow.author_kind == ActorKind.CUSTOMER,
        ),
    )
    .where(OWED, TicketRow.handler == Handler.BOT)
)
_INBOUND = select(
    func.count(), func.min(InboundRow.received_at, type_=InboundRow.received_at.type)
).where(UNSETTLED)


#: Those of `UNSENT`: a series that is missing while it is 0 breaks sums and alarms.
_UNSENT_STATES = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.LIVE)


async def load(work: UnitOfWork, now: datetime) -> Load:
    """Return what waits at this moment."""
    day, hour = now - timedelta(days=1), now - timedelta(hours=1)
    bad = await _counts(
        work, TicketEventRow.kind, TicketEventRow.kind.in_(_BAD_ENDS), TicketEventRow.at > day
    )
    completions = await _counts(
        work,
        func.coalesce(CompletionRow.error_kind, "none").label("kind"),
        CompletionRow.started_at > hour,
    )
    return Load(
        owed=await _waiting(work, _OWED, now),
        inbound=await _waiting(work, _INBOUND, now),
        unsent=dict.fromkeys(_UNSENT_STATES, 0)
        | dict(await _counts(work, DeliveryRow.state, UNSENT)),
        ended_badly={name: bad.get(kind, 0) for kind, name in _BAD_ENDS.items()},
        completions=completions,
        queue=await jobs.queue(work),
        quarantined=await quarantine.count(work),
    )


async def _waiting(work: UnitOfWork, query: Select[*tuple[Any, ...]], now: datetime) -> Waiting:
    count, oldest = (await work.connection.execute(query)).one()
    return Waiting(count, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


async def _counts(work: UnitOfWork, by: ColumnElement[Any] | Any, *where: Any) -> Mapping[str, int]:
    rows = await work.connection.execute(select(by, func.count()).where(*where).group_by(by))
    return {str(key): int(count) for key, count in rows}
