"""Words of tool calls stand in the ledger only, where they can be erased; calls that wait are found by index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import Json

revision = "0003_tool_words"
down_revision = "0002_durable"
branch_labels = None
depends_on = None

_WAITING = sa.text("state IN ('asked','running')")
_BATCH = 500

_message = sa.table(
    "message",
    sa.column("id"),
    sa.column("ticket_id"),
    sa.column("role"),
    sa.column("visibility"),
    sa.column("data", Json),
)
_call = sa.table("tool_call", sa.column("ticket_id"), sa.column("call_id"), sa.column("arguments"))

Call = list[Any]


def upgrade() -> None:
    op.create_index(
        "ix_tool_call_waiting",
        "tool_call",
        ["ticket_id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    # The arguments stand in `tool_call` already: both were written in one transaction.
    _rewrite(lambda _ticket_id, call: call[:2])


def downgrade() -> None:
    connection = op.get_bind()

    def whole(ticket_id: int, call: Call) -> Call:
        kept = sa.select(_call.c.arguments).where(
            _call.c.ticket_id == ticket_id, _call.c.call_id == call[0]
        )
        return [*call[:2], connection.scalar(kept) or "{}"]

    _rewrite(whole)
    op.drop_index("ix_tool_call_waiting", "tool_call")


def _rewrite(change: Callable[[int, Call], Call]) -> None:
    """Change how messages that ask for calls name them."""
    connection = op.get_bind()
    rows = (
        sa.select(_message.c.id, _message.c.ticket_id, _message.c.data)
        .where(_message.c.role == "assistant", _message.c.visibility == "internal")
        .order_by(_message.c.id)
        .limit(_BATCH)
    )
    after = 0
    with _unguarded(connection):
        while batch := connection.execute(rows.where(_message.c.id > after)).all():
            after = batch[-1].id
            for row in batch:
                if calls := row.data.get("tool_calls"):
                    told = {**row.data, "tool_calls": [change(row.ticket_id, one) for one in calls]}
                    connection.execute(
                        _message.update().where(_message.c.id == row.id).values(data=told)
                    )


@contextmanager
def _unguarded(connection: sa.Connection) -> Iterator[None]:
    """Take away the guard of `message` for a moment, if it stands already."""
    if connection.dialect.name == "sqlite":
        kept = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'message_no_update'"
        ).scalar()
        off, on = "DROP TRIGGER message_no_update", kept
    else:
        kept = connection.exec_driver_sql(
            "SELECT tgname FROM pg_trigger"
            " WHERE tgname = 'message_no_change' AND tgrelid = 'message'::regclass"
        ).scalar()
        off, on = (
            f"ALTER TABLE message {verb} TRIGGER message_no_change"
            for verb in ("DISABLE", "ENABLE")
        )
    if kept:
        connection.exec_driver_sql(off)
    yield
    if kept:
        connection.exec_driver_sql(on)
