"""Mail that could not be understood: its raw bytes are there, and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import LargeBinary, Select, func, select, update

from supportbot.errors import NotFoundError
from supportbot.model.mail_head import MOST_HEAD_BYTES, head_of, value_of
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import REFUSED, InboundRow
from supportbot.store.unit_of_work import UnitOfWork

_KIND = "email"
_ROWS = (
    select(
        InboundRow.id,
        InboundRow.received_at,
        InboundRow.reason,
        InboundRow.parser,
        func.length(InboundRow.raw).label("size"),
        func.substr(InboundRow.raw, 1, MOST_HEAD_BYTES, type_=LargeBinary).label("head"),
        ChannelRow.key.label("channel"),
    )
    .join(ChannelRow, ChannelRow.id == InboundRow.channel_id)
    .where(REFUSED, ChannelRow.kind == _KIND)
)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A mail that was set aside."""

    id: int
    channel: str
    received_at: datetime
    reason: str
    size_bytes: int
    #: Version of the parser that gave it up; None: it was not asked.
    parser: int | None
    #: Its headers as they came.
    head: str

    @property
    def sender(self) -> str:
        """Who wrote it, as it says itself."""
        return value_of(self.head, "From")

    @property
    def subject(self) -> str:
        """What it calls itself."""
        return value_of(self.head, "Subject")


async def listed(work: UnitOfWork, limit: int) -> Sequence[SetAside]:
    """Return what was set aside, the newest first."""
    return await _found(work, _ROWS.order_by(InboundRow.id.desc()).limit(limit))


async def get(work: UnitOfWork, inbound_id: int) -> SetAside:
    """Return one mail.

    Raises:
        NotFoundError: nothing of this number is set aside (any more).
    """
    found = await _found(work, _ROWS.where(InboundRow.id == inbound_id))
    if not found:
        raise _missing(inbound_id)
    return found[0]


async def count(work: UnitOfWork) -> int:
    """Return how many there are."""
    query = (
        select(func.count())
        .select_from(InboundRow)
        .join(ChannelRow, ChannelRow.id == InboundRow.channel_id)
        .where(REFUSED, ChannelRow.kind == _KIND)
    )
    return await work.connection.scalar(query) or 0


async def release(work: UnitOfWork, inbound_id: int) -> None:
    """Let a mail be understood again, as if it had come just now.

    Raises:
        NotFoundError: nothing of this number is set aside (any more).
    """
    again = {"settled_at": None, "outcome": None, "reason": None, "attempts": 0, "parser": None}
    await _change(work, inbound_id, again)


async def drop(work: UnitOfWork, inbound_id: int) -> None:
    """Forget a mail: its bytes and where it came from; that it came, and its hash, stay.

    Raises:
        NotFoundError: nothing of this number is set aside (any more).
    """
    await _change(work, inbound_id, {"raw": None, "meta": {}})


async def _change(work: UnitOfWork, inbound_id: int, values: Mapping[str, object]) -> None:
    of_mail = select(ChannelRow.id).where(ChannelRow.kind == _KIND)
    done = await work.connection.execute(
        update(InboundRow)
        .where(InboundRow.id == inbound_id, REFUSED, InboundRow.channel_id.in_(of_mail))
        .values(**values)
    )
    if done.rowcount != 1:
        raise _missing(inbound_id)


def _missing(inbound_id: int) -> NotFoundError:
    return NotFoundError(f"no mail {inbound_id} is set aside; see `supportbot email quarantine`")


async def _found(work: UnitOfWork, query: Select[*tuple[object, ...]]) -> list[SetAside]:
    return [
        SetAside(
            id=row.id,
            channel=row.channel,
            received_at=row.received_at,
            reason=row.reason or "",
            size_bytes=row.size,
            parser=row.parser,
            head=head_of(bytes(row.head)),
        )
        for row in await work.connection.execute(query)
    ]
