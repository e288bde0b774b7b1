"""What is already in the queue for a ticket, read in the transaction that wakes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from sqlalchemy import text

from supportbot.dispatch.hearing import CHANNEL
from supportbot.store.unit_of_work import UnitOfWork

#: Every claim looks at all jobs of a ticket, so there are never many. The sweep makes up for it.
MOST_DELAYED = 8

#: A job of which nobody else can see the lock is not claimed before our commit, so it will see
#: what we write: a second one is not needed.
_WAITING = f"""
SELECT pg_notify('{CHANNEL}', %(ticket)s), ARRAY(
  SELECT coalesce(scheduled_at > now(), false) FROM procrastinate_jobs
  WHERE lock = %(lock)s AND status = 'todo' LIMIT {MOST_DELAYED + 1}
  FOR KEY SHARE SKIP LOCKED)
"""  # noqa: S608 - constants of ours
#: Of every ticket with jobs, whether a sweep has to leave it alone. A job that waits for its time
#: does not see to what is due before it; one that failed waits for its next attempt.
_BUSY = text("""
SELECT lock, bool_or(
  status = 'doing' OR attempts > 0 OR coalesce(scheduled_at <= now(), true)) AS busy
FROM procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY lock
UNION ALL
SELECT DISTINCT job.lock, true FROM procrastinate_jobs job
JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'failed'
WHERE job.status = 'failed' AND event.at > now() - interval '10 minutes'
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs of one ticket that nobody has begun."""

    #: One will run as soon as it can.
    soon: bool
    #: So many will run later.
    delayed: int


def lock_of(ticket_id: int) -> str:
    """Name the lock that all jobs of a ticket share."""
    return f"ticket:{ticket_id}"


async def driver_of(work: UnitOfWork) -> psycopg.AsyncConnection:
    """Return the driver's own connection, on which this unit of work's transaction is open."""
    raw = (await work.connection.get_raw_connection()).driver_connection
    if not isinstance(raw, psycopg.AsyncConnection):
        raise TypeError(f"this dispatcher needs PostgreSQL, not {type(raw).__name__}")
    return raw


async def announce(driver: psycopg.AsyncConnection, ticket_id: int) -> Waiting:
    """Tell all processes of the ticket once this is committed; return what already waits.

    The plan is made anew each time: one that was made for an empty queue is slow on a full one.
    """
    values = {"ticket": str(ticket_id), "lock": lock_of(ticket_id)}
    asked = await driver.execute(_WAITING.encode(), values, prepare=False)
    row = await asked.fetchone()
    waiting = row[1] if row else []
    return Waiting(soon=False in waiting, delayed=waiting.count(True))


async def busy(work: UnitOfWork) -> Mapping[str, bool]:
    """Return the locks of all tickets with jobs, or one that failed for good lately.

    False: all of them wait for a later moment.
    """
    found: dict[str, bool] = {}
    for lock, is_busy in await work.connection.execute(_BUSY):
        found[lock] = found.get(lock, False) or is_busy
    return found
