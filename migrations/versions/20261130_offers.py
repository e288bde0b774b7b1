"""A delivery says what can be pressed below it, which draft it tells of, and what it refers to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from supportbot.store.columns import Id, Json

revision = "0008_offers"
down_revision = "0007_files"
branch_labels = None
depends_on = None

_REFERENCES = {"draft_id": "draft", "replaces_id": "delivery", "below_id": "delivery"}


def upgrade() -> None:
    # Plain ADD COLUMN, the reference within it: SQLite knows no other way without a copy.
    op.add_column("delivery", sa.Column("offers", Json, nullable=False, server_default="[]"))
    op.execute("""UPDATE delivery SET offers = '["feedback", "escalate"]' WHERE escalate""")
    op.add_column("delivery", sa.Column("signed", sa.String(200)))
    inline = op.get_bind().dialect.name == "sqlite"
    for name, table in _REFERENCES.items():
        reference = sa.ForeignKey(f"{table}.id", name=f"fk_delivery_{name}_{table}")
        op.add_column("delivery", sa.Column(name, Id, reference), inline_references=inline)


def downgrade() -> None:
    op.execute("DELETE FROM delivery WHERE replaces_id IS NOT NULL")
    op.execute("UPDATE delivery SET escalate = (CAST(offers AS TEXT) LIKE '%escalate%')")
    with op.batch_alter_table("delivery") as batch:
        for name in ("offers", "signed", *_REFERENCES):  # what a column refers to goes with it
            batch.drop_column(name)
