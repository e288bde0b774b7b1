"""Mails that came back from an address, and deliveries counted by channel and time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import Id, UtcMs

revision = "0013_mail_failures"
down_revision = "0012_kept"
branch_labels = None
depends_on = None

_COUNTS = sa.text("cleared_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "mail_failure",
        sa.Column("delivery_id", Id, sa.ForeignKey("delivery.id"), primary_key=True),
        sa.Column("address", sa.String(320), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("at", UtcMs(), nullable=False),
        sa.Column("cleared_at", UtcMs()),
    )
    op.create_index(
        "ix_mail_failure_counts",
        "mail_failure",
        ["address"],
        sqlite_where=_COUNTS,
        postgresql_where=_COUNTS,
    )
    op.create_index("ix_delivery_channel_id_created_at", "delivery", ["channel_id", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_delivery_channel_id_created_at", "delivery")
    op.drop_table("mail_failure")
