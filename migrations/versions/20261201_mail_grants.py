"""Mailboxes that take no password: the tokens that came instead of the configured one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import Id, UtcMs

revision = "0011_mail_grants"
down_revision = "0010_untold"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_grant",
        sa.Column("channel_id", Id, sa.ForeignKey("channel.id"), primary_key=True),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcMs(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("mail_grant")
