"""Workspaces install the app themselves: what they granted, and used states of the way there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import UtcMs

revision = "0006_installations"
down_revision = "0005_refusals"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", _ID, sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", _ID, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("app_id", sa.String(64), nullable=False),
        sa.Column("bot_user", sa.String(64), nullable=False),
        sa.Column("bot_id", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcMs(), nullable=True),
        sa.Column("installed_by", sa.String(64), nullable=False),
        sa.Column("installed_at", UtcMs(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("claimed_until", UtcMs(), nullable=True),
        sa.Column("removed_at", UtcMs(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_installation_channel_id_channel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        sa.UniqueConstraint(
            "channel_id", "owner", name=op.f("uq_installation_channel_id_owner")
        ),
    )
    op.create_table(
        "oauth_state",
        sa.Column("state_sha256", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcMs(), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_oauth_state")),
    )


def downgrade() -> None:
    op.drop_table("oauth_state")
    op.drop_table("installation")
