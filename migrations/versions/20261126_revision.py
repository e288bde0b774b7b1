"""A ticket counts how often its customer's words were changed or taken back: part of the fence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_revision"
down_revision = "0003_tool_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: SQLite's batch mode would copy the table and drop its append-only guards.
    op.add_column("ticket", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("ticket", "revision")
