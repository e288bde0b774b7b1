"""The metrics once more, in raw SQL over messages and events: an independent second opinion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from supportbot.reports.metric import LEAST_FOR_PERCENTILES
from supportbot.store.unit_of_work import UnitOfWork

#: One row for each cycle, straight from the events.
_CYCLES = """
WITH happened AS (
  SELECT e.* FROM ticket_event e
  JOIN ticket t ON t.id = e.ticket_id JOIN channel c ON c.id = t.channel_id
  WHERE c.kind <> 'console' AND t.status <> 'merged' AND t.status <> 'spam'
), cycle AS (
  SELECT e.ticket_id, e.episode_n,
    MIN(CASE WHEN e.kind IN ('opened','reopened') THEN e.at END) AS opened_at,
    MIN(CASE WHEN e.kind IN ('opened','reopened') THEN {eligible} END) AS eligible,
    MIN(CASE WHEN e.kind IN ('bot_replied','human_replied') THEN e.at END) AS reply_at,
    MIN(CASE WHEN e.kind = 'bot_replied' THEN e.at END) AS bot_at,
    MIN(CASE WHEN e.kind = 'human_replied' THEN e.at END) AS human_at,
    MIN(CASE WHEN e.kind = 'handoff' THEN e.at END) AS handoff_at,
    MIN(CASE WHEN e.kind = 'takeover' THEN e.at END) AS takeover_at,
    MIN(CASE WHEN e.kind = 'resolved' THEN e.at END) AS resolved_at,
    MAX(CASE WHEN e.kind IN ('bot_replied','drafted','handoff') THEN 1 ELSE 0 END) AS tried,
    (SELECT r.reason FROM ticket_event r WHERE r.ticket_id = e.ticket_id
       AND r.episode_n = e.episode_n AND r.kind = 'resolved' ORDER BY r.id LIMIT 1) AS resolution,
    (SELECT MIN(r.at) FROM ticket_event r WHERE r.ticket_id = e.ticket_id
       AND r.episode_n = e.episode_n + 1 AND r.kind = 'reopened') AS reopened_at
  FROM happened e GROUP BY e.ticket_id, e.episode_n
), word AS (
  SELECT m.* FROM message m
  JOIN ticket t ON t.id = m.ticket_id JOIN channel c ON c.id = t.channel_id
  WHERE c.kind <> 'console' AND t.status <> 'merged' AND t.status <> 'spam'
    AND m.visibility = 'public' AND {notice} IS NULL
)
"""

_BOT_RESOLVED = "resolution IN ('bot_confirmed','bot_assumed')"
_INVOLVED = "eligible = 1 AND tried = 1"
_SOON = "reopened_at IS NOT NULL AND {reopen_ms} <= 7 * 86400000"

_COUNTS = {
    "episodes": "SELECT COUNT(*) FROM happened WHERE kind IN ('opened','reopened')",
    "new_tickets": "SELECT COUNT(*) FROM happened WHERE kind = 'opened'",
    "customers": "SELECT COUNT(DISTINCT t.customer_id) FROM happened h "
    "JOIN ticket t ON t.id = h.ticket_id WHERE h.kind IN ('opened','reopened')",
    "resolved": "SELECT COUNT(*) FROM cycle WHERE resolved_at IS NOT NULL",
    "backlog": "SELECT COUNT(*) FROM cycle WHERE resolved_at IS NULL AND reopened_at IS NULL",
    "suppressed_turns": "SELECT COUNT(*) FROM happened WHERE kind = 'suppressed'",
}

#: Name: what makes a hit, among which cycles.
_SHARES = {
    "involvement_rate": ("tried = 1", "eligible = 1"),
    "answer_rate": ("bot_at IS NOT NULL", _INVOLVED),
    "resolution_rate": (_BOT_RESOLVED, _INVOLVED),
    "confirmed_rate": ("resolution = 'bot_confirmed'", _INVOLVED),
    "assumed_rate": ("resolution = 'bot_assumed'", _INVOLVED),
    "automation_rate": (f"{_BOT_RESOLVED} AND tried = 1", "eligible = 1"),
    "autonomous_rate": (f"{_BOT_RESOLVED} AND human_at IS NULL", _INVOLVED),
    "assisted_rate": ("resolution = 'human' AND bot_at IS NOT NULL", _INVOLVED),
    "durable_rate": (
        f"NOT ({_SOON})",
        f"{_INVOLVED} AND {_BOT_RESOLVED} AND human_at IS NULL",
    ),
    "handoff_rate": ("handoff_at IS NOT NULL", _INVOLVED),
    "takeover_rate": (
        "takeover_at IS NOT NULL AND (handoff_at IS NULL OR takeover_at < handoff_at)",
        _INVOLVED,
    ),
    "reopen_rate": (_SOON, "resolved_at IS NOT NULL"),
    "bot_reopen_rate": (_SOON, f"{_INVOLVED} AND {_BOT_RESOLVED}"),
    "human_reopen_rate": (_SOON, "resolution = 'human'"),
}

_HUMAN_FIRST = """
SELECT CASE WHEN c.handoff_at <= h.at THEN c.handoff_at ELSE c.opened_at END, h.at
FROM cycle c JOIN happened h ON h.id = (
  SELECT MIN(x.id) FROM happened x
  WHERE x.ticket_id = c.ticket_id AND x.episode_n = c.episode_n AND x.kind = 'human_replied'
    AND (c.handoff_at <= x.at OR NOT EXISTS (
      SELECT 1 FROM happened b WHERE b.ticket_id = x.ticket_id AND b.episode_n = x.episode_n
        AND b.kind = 'bot_replied' AND b.id < x.id)))
"""

_WAITS = """
SELECT m.created_at, r.created_at
FROM word m JOIN word r ON r.ticket_id = m.ticket_id AND r.episode_n = m.episode_n AND r.seq = (
  SELECT MIN(x.seq) FROM word x WHERE x.ticket_id = m.ticket_id
    AND x.episode_n = m.episode_n AND x.seq > m.seq AND x.author_kind <> 'customer')
WHERE m.author_kind = 'customer' AND r.author_kind = '{by}'
  AND NOT EXISTS (SELECT 1 FROM happened s WHERE s.ticket_id = m.ticket_id
    AND s.kind = 'suppressed' AND s.at >= m.created_at AND s.at <= r.created_at)
  AND NOT EXISTS (SELECT 1 FROM word b WHERE b.ticket_id = m.ticket_id
    AND b.episode_n = m.episode_n AND b.seq < m.seq AND b.author_kind = 'customer'
    AND NOT EXISTS (SELECT 1 FROM word x WHERE x.ticket_id = m.ticket_id
      AND x.seq > b.seq AND x.seq < m.seq AND x.author_kind <> 'customer')
    AND NOT EXISTS (SELECT 1 FROM happened s WHERE s.ticket_id = m.ticket_id
      AND s.kind = 'suppressed' AND s.at >= b.created_at AND s.at < m.created_at))
"""

_DURATIONS = {
    "first_response": "SELECT opened_at, reply_at FROM cycle WHERE reply_at IS NOT NULL",
    "bot_first_response": "SELECT opened_at, bot_at FROM cycle "
    "WHERE bot_at IS NOT NULL AND (human_at IS NULL OR bot_at < human_at)",
    "human_first_response": _HUMAN_FIRST,
    "bot_wait": _WAITS.replace("{by}", "bot"),
    "human_wait": _WAITS.replace("{by}", "operator"),
    "resolution_time": "SELECT opened_at, resolved_at FROM cycle WHERE resolved_at IS NOT NULL",
    "human_resolution_time": "SELECT handoff_at, resolved_at FROM cycle "
    "WHERE resolved_at IS NOT NULL AND handoff_at IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A metric by raw SQL: a value with its n."""

    value: float | None
    n: int


async def measure_raw(work: UnitOfWork) -> dict[str, Found]:
    """Compute every metric that SQL can tell, over the whole database."""
    found = {}
    for name, query in _COUNTS.items():
        count = (await _rows(work, query))[0][0]
        found[name] = Found(count, count)
    for name, (hit, among) in _SHARES.items():
        query = f"SELECT COUNT(CASE WHEN {hit} THEN 1 END), COUNT(*) FROM cycle WHERE {among}"
        hits, n = (await _rows(work, query))[0]
        found[name] = Found(round(hits / n, 4) if n else None, n)
    for name, query in _DURATIONS.items():
        rows = await _rows(work, query)
        lengths = {_ms(end) - _ms(start) for start, end in rows}
        assert len(lengths) <= 1, "all copies of a scene are alike"
        enough = len(rows) >= LEAST_FOR_PERCENTILES
        found[name] = Found(lengths.pop() / 1000 if enough else None, len(rows))
    return found


async def _rows(work: UnitOfWork, query: str) -> list[Any]:
    sqlite = work.connection.dialect.name == "sqlite"
    whole = (
        (_CYCLES + query)
        .replace(
            "{eligible}",
            "json_extract(e.data, '$.eligible')"
            if sqlite
            else "(e.data->>'eligible')::boolean::integer",
        )
        .replace("{notice}", "json_extract(m.data, '$.notice')" if sqlite else "m.data->>'notice'")
        .replace(
            "{reopen_ms}",
            "(reopened_at - resolved_at)"
            if sqlite
            else "(extract(epoch FROM reopened_at - resolved_at) * 1000)",
        )
    )
    return list(await work.connection.execute(text(whole)))


def _ms(moment: int | datetime) -> int:
    return moment if isinstance(moment, int) else round(moment.timestamp() * 1000)
