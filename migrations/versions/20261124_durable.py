"""What durable orchestration needs: live replies, the tool ledger, summaries, spending."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import UtcMs

revision = "0002_durable"
down_revision = "0001_truth"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BEFORE = sa.text("state IN ('pending','sending')")
_AFTER = sa.text("state IN ('pending','sending','live')")


def upgrade() -> None:
    # Plain ADD COLUMN: SQLite's batch mode would copy the table and drop its append-only guards.
    op.add_column(
        "completion",
        sa.Column("purpose", sa.String(16), nullable=False, server_default="answer"),
    )
    op.add_column("completion", sa.Column("upto_seq", sa.Integer(), nullable=True))
    op.add_column("completion", sa.Column("degraded", sa.String(32), nullable=True))
    op.add_column("completion", sa.Column("tokens_estimated", sa.Integer(), nullable=True))
    op.create_index(
        "ix_completion_product_id_started_at", "completion", ["product_id", "started_at"]
    )
    for name in ("upto_seq", "round", "position"):
        op.add_column(
            "tool_call", sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        )
    op.add_column(
        "tool_call", sa.Column("writes", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("delivery", sa.Column("upto_seq", sa.Integer(), nullable=True))
    _unsent(_AFTER)
    op.create_table(
        "waiting_reply",
        sa.Column("inbound_id", _ID, autoincrement=False, nullable=False),
        sa.Column("channel_id", _ID, nullable=False),
        sa.Column("thread_key", sa.String(998), nullable=False),
        sa.Column("received_at", UtcMs(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound.id"], name=op.f("fk_waiting_reply_inbound_id_inbound")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_waiting_reply_channel_id_channel")
        ),
        sa.PrimaryKeyConstraint("inbound_id", name=op.f("pk_waiting_reply")),
    )
    op.create_index(
        op.f("ix_waiting_reply_channel_id_thread_key"), "waiting_reply", ["channel_id", "thread_key"]
    )
    op.create_table(
        "thread_summary",
        sa.Column("id", _ID, sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", _ID, nullable=False),
        sa.Column("episode_n", sa.Integer(), nullable=False),
        sa.Column("upto_seq", sa.Integer(), nullable=False),
        sa.Column("completion_id", _ID, nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("erased_at", UtcMs(), nullable=True),
        sa.Column("created_at", UtcMs(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_thread_summary_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["completion_id"],
            ["completion.id"],
            name=op.f("fk_thread_summary_completion_id_completion"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_summary")),
        sa.UniqueConstraint(
            "ticket_id", "upto_seq", name=op.f("uq_thread_summary_ticket_id_upto_seq")
        ),
    )


def downgrade() -> None:
    op.drop_table("thread_summary")
    op.drop_table("waiting_reply")
    op.execute("UPDATE delivery SET state = 'sending' WHERE state = 'live'")
    _unsent(_BEFORE)
    op.drop_column("delivery", "upto_seq")
    for name in ("writes", "position", "round", "upto_seq"):
        op.drop_column("tool_call", name)
    op.drop_index("ix_completion_product_id_started_at", "completion")
    for name in ("tokens_estimated", "degraded", "upto_seq", "purpose"):
        op.drop_column("completion", name)


def _unsent(which: sa.TextClause) -> None:
    op.drop_index("ix_delivery_unsent", "delivery")
    op.create_index(
        "ix_delivery_unsent", "delivery", ["id"], sqlite_where=which, postgresql_where=which
    )
