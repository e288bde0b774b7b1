"""Files that came with messages are fetched and read: how far that is, and what was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import Json

revision = "0007_files"
down_revision = "0006_installations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("state", sa.String(16), nullable=False, server_default="stored"),
        sa.Column("reason", sa.String(32), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("ref", Json, nullable=False, server_default="{}"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("attachment", column)


def downgrade() -> None:
    for name in ("attempts", "ref", "text", "reason", "state"):
        op.drop_column("attachment", name)
