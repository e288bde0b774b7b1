"""Runs migrations on the connection it is given; `supportbot db upgrade` is the way to call it."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=connection.dialect.name == "sqlite",
    include_name=lambda name, kind, _parents: (
        not (kind == "table" and str(name).startswith(("bi_", "procrastinate_")))
    ),
)
with context.begin_transaction():
    context.run_migrations()
