"""What is kept is found: raw bytes, what was refused, and by which parser it was understood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.tables.intake import KEPT, REFUSED

revision = "0012_kept"
down_revision = "0011_mail_grants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound", sa.Column("parser", sa.Integer(), nullable=True))
    for name, where in (("kept", KEPT), ("refused", REFUSED)):
        op.create_index(
            f"ix_inbound_{name}", "inbound", ["id"], sqlite_where=where, postgresql_where=where
        )


def downgrade() -> None:
    for name in ("refused", "kept"):
        op.drop_index(f"ix_inbound_{name}", "inbound")
    op.drop_column("inbound", "parser")
