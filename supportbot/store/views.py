"""Public views for other tools: additive within a version, no message bodies.

Views are dropped before a migration and created again after it (PostgreSQL refuses to alter a
column that a view uses). Times are real timestamps: ISO text on SQLite.
"""

from __future__ import annotations

from sqlalchemy import Connection

_TICKETS = """
SELECT t.public_id AS ticket, p.key AS product, c.kind AS channel_kind, c.key AS channel,
       t.status, t.handler, t.episode_n AS episode, {opened} AS opened_at,
       {waiting} AS waiting_since, t.last_seq AS messages,
       e.handoff_reason, e.resolution, {resolved} AS resolved_at,
       {first} AS first_reply_at, {human} AS first_human_reply_at,
       e.bot_messages, e.human_messages
FROM ticket t
JOIN product p ON p.id = t.product_id
JOIN channel c ON c.id = t.channel_id
LEFT JOIN episode e ON e.ticket_id = t.id AND e.n = t.episode_n
"""

_MESSAGES = """
SELECT t.public_id AS ticket, m.seq, m.episode_n AS episode, m.role, m.author_kind AS author,
       m.visibility, {created} AS created_at, pv.sha256 AS policy_sha, k.model,
       (SELECT COUNT(*) FROM attachment a WHERE a.message_id = m.id) AS files
FROM message m
JOIN ticket t ON t.id = m.ticket_id
LEFT JOIN policy_version pv ON pv.id = m.policy_version_id
LEFT JOIN completion k ON k.id = m.completion_id
"""

_COMPLETIONS = """
SELECT t.public_id AS ticket, k.episode_n AS episode, p.key AS product, pv.sha256 AS policy_sha,
       k.model, k.endpoint, k.attempt, k.error_kind, k.finish_reason, k.request_sha256,
       k.request_id, {started} AS started_at, k.latency_ms, k.ttft_ms, k.tokens_in,
       k.tokens_cached, k.tokens_out, k.tokens_reasoning, k.usage_estimated,
       k.cost_nusd / 1000000000.0 AS cost_usd, k.price_version
FROM completion k
JOIN ticket t ON t.id = k.ticket_id
JOIN product p ON p.id = k.product_id
JOIN policy_version pv ON pv.id = k.policy_version_id
"""

_VIEWS = {
    "bi_tickets_v1": (
        _TICKETS,
        {
            "opened": "t.opened_at",
            "waiting": "t.waiting_since",
            "resolved": "e.resolved_at",
            "first": "e.first_reply_at",
            "human": "e.first_human_reply_at",
        },
    ),
    "bi_messages_v1": (_MESSAGES, {"created": "m.created_at"}),
    "bi_completions_v1": (_COMPLETIONS, {"started": "k.started_at"}),
}

VIEWS = tuple(_VIEWS)


def create_views(connection: Connection) -> None:
    """Create all public views, replacing what is there."""
    drop_views(connection)
    sqlite = connection.dialect.name == "sqlite"
    for name, (sql, moments) in _VIEWS.items():
        shown = {k: _iso(column) if sqlite else column for k, column in moments.items()}
        body = sql.format(**shown)
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {body}")


def drop_views(connection: Connection) -> None:
    """Drop all public views."""
    for name in _VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def _iso(column: str) -> str:
    """Show epoch milliseconds as ISO 8601 text in UTC."""
    seconds = f"strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000, 'unixepoch')"
    return f"({seconds} || printf('.%03dZ', {column} % 1000))"
