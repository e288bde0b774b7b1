"""Looking at the job queue of PostgreSQL; with SQLite there is none, and nothing in it."""

from __future__ import annotations

from sqlalchemy import text

from supportbot.errors import NotFoundError
from supportbot.model.load import DeadLetter, Queue, Waiting
from supportbot.store.unit_of_work import UnitOfWork

_RUNNABLE = """
FROM procrastinate_jobs job
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
  AND NOT EXISTS (
    SELECT FROM procrastinate_jobs running
    WHERE running.lock = job.lock AND running.status = 'doing')
"""
_QUEUE = text(f"""
SELECT
  (SELECT count(*) {_RUNNABLE}) AS runnable,
  (SELECT extract(epoch FROM now() - coalesce(job.scheduled_at, (
      SELECT min(event.at) FROM procrastinate_events event WHERE event.job_id = job.id)))
    {_RUNNABLE} ORDER BY job.id LIMIT 1) AS oldest_seconds,
  (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed') AS dead_letters,
  (SELECT count(*) FROM procrastinate_workers) AS workers
""")  # noqa: S608 - constants of ours
_DEAD = text("""
SELECT job.id, job.attempts, ticket.id AS ticket_id, ticket.public_id,
  (SELECT max(event.at) FROM procrastinate_events event WHERE event.job_id = job.id) AS at
FROM procrastinate_jobs job
JOIN ticket ON ticket.id = (job.args ->> 'ticket_id')::bigint
WHERE job.status = 'failed' ORDER BY job.id
""")
_BURY = text("""
DELETE FROM procrastinate_jobs WHERE id = :job AND status = 'failed'
RETURNING (args ->> 'ticket_id')::bigint
""")


async def queue(work: UnitOfWork) -> Queue:
    """Return how the job queue stands."""
    if work.store != "postgresql":
        return Queue()
    row = (await work.connection.execute(_QUEUE)).one()
    oldest_seconds = max(0.0, float(row.oldest_seconds or 0))
    return Queue(Waiting(row.runnable, oldest_seconds), row.dead_letters, row.workers)


async def dead_letters(work: UnitOfWork) -> list[DeadLetter]:
    """Return the jobs that are not tried any more, the oldest first."""
    if work.store != "postgresql":
        return []
    return [
        DeadLetter(job=row.id, ticket=row.public_id, attempts=row.attempts, at=row.at)
        for row in await work.connection.execute(_DEAD)
    ]


async def take_dead_letter(work: UnitOfWork, job: int) -> int:
    """Remove a dead letter; return the number of its ticket, to be woken.

    Raises:
        NotFoundError: there is none of that number.
    """
    ticket_id = None
    if work.store == "postgresql":
        ticket_id = (await work.connection.execute(_BURY, {"job": job})).scalar()
    if ticket_id is None:
        raise NotFoundError(f"there is no dead letter {job}; see: supportbot db dead-letters")
    return int(ticket_id)
