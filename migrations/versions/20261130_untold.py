"""What a channel shows of a ticket, and is not so any more, is told again until it is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import Id, Json

revision = "0010_untold"
down_revision = "0009_installation_url"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "untold",
        sa.Column("id", Id, sa.Identity(), primary_key=True),
        sa.Column("ticket_id", Id, sa.ForeignKey("ticket.id"), nullable=False, index=True),
        sa.Column("target", Json, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("untold")
