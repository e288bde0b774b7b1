"""An installation knows the address of its workspace, for links to what is said there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_installation_url"
down_revision = "0008_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "installation", sa.Column("url", sa.String(300), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("installation", "url")
