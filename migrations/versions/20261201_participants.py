"""Who takes part in a ticket beside its customer: the people they wrote to as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import Id

revision = "0014_participants"
down_revision = "0013_mail_failures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "participant",
        sa.Column("ticket_id", Id, sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("external_id", sa.String(320), primary_key=True, index=True),
    )


def downgrade() -> None:
    op.drop_table("participant")
