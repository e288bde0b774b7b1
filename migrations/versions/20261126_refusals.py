"""A delivery counts how often a channel refused it, beside how often it was claimed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_refusals"
down_revision = "0004_revision"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "delivery", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("delivery", "refusals")
