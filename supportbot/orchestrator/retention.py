"""What is kept only for a while is emptied, in small steps: raw arrivals, files, old sign-ins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from supportbot.orchestrator.wiring import Wiring
from supportbot.store import copies, expiry, waiting


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """How long what is kept."""

    #: The raw bytes of what arrived; what was understood of it stays.
    raw_days: float = 30.0
    #: The raw bytes of what could not be understood.
    quarantine_days: float = 90.0
    #: The bytes of files; what was read of them stays.
    file_days: float = 90.0
    #: Logins and login links that nobody can use any more, failed sign-ins.
    sign_in_days: float = 8.0
    #: A reply that was not meant for us is kept so long for the message it may have overtaken.
    waiting_minutes: float = 15.0
    batch_rows: int = 200
    #: One run empties at most so many batches; the next run goes on.
    most_batches: int = 50


class Retention:
    """The periodic jobs that empty what has been kept long enough."""

    def __init__(self, wiring: Wiring, rules: RetentionRules) -> None:
        self._wiring = wiring
        self._rules = rules
        #: All inbound rows up to this one have been looked at since the start.
        self._looked_at = 0
        #: But these were to keep their raw bytes for a while longer.
        self._held: tuple[int, ...] = ()
        #: All files up to this one have been emptied since the start.
        self._emptied_file = 0

    async def empty_files(self) -> int:
        """Empty the bytes of files that are old enough; return how many. In steps like the raw."""
        before = self._wiring.clock() - timedelta(days=self._rules.file_days)
        emptied = 0
        for _ in range(self._rules.most_batches):
            async with self._wiring.db.reading() as work:
                old = await expiry.files_before(
                    work, before, after_id=self._emptied_file, limit=self._rules.batch_rows
                )
            if not old:
                break
            async with self._wiring.db.writing() as work:
                emptied += await expiry.empty_files(work, old)
            self._emptied_file = old[-1]
        return emptied

    async def empty_raw(self) -> int:
        """Empty the raw bytes of settled arrivals that are old enough; return how many.

        Looks at every row once after a start, and again at those that were not ready: each step
        is a short transaction, so that nobody who writes waits for it.
        """
        now = self._wiring.clock()
        ages = expiry.Ages(
            understood=now - timedelta(days=self._rules.raw_days),
            refused=now - timedelta(days=self._rules.quarantine_days),
        )
        emptied = await self._empty_held(ages)
        for _ in range(self._rules.most_batches):
            async with self._wiring.db.reading() as work:
                batch = await expiry.arrived_before(
                    work, ages, after_id=self._looked_at, limit=self._rules.batch_rows
                )
            if not batch.ids:
                break
            emptied += await self._empty(batch)
            self._held += batch.held
            self._looked_at = batch.ids[-1]
        return emptied

    async def _empty_held(self, ages: expiry.Ages) -> int:
        """Look again at what had to keep its raw bytes; return how many were emptied."""
        emptied, rows = 0, self._rules.batch_rows
        for part in [self._held[at : at + rows] for at in range(0, len(self._held), rows)]:
            async with self._wiring.db.reading() as work:
                batch = await expiry.arrived_again(work, ages, part)
            emptied += await self._empty(batch)
            done = {*batch.ids} - {*batch.held}
            self._held = tuple(one for one in self._held if one not in done)
        return emptied

    async def _empty(self, batch: expiry.Arrived) -> int:
        if not batch.full:
            return 0
        async with self._wiring.db.writing() as work:
            return await expiry.empty_raw(work, batch.full)

    async def forget_waiting(self) -> int:
        """Forget replies whose thread did not become ours; return how many.

        What waits for a copy that was ended without its sender is understood instead.
        """
        before = self._wiring.clock() - timedelta(minutes=self._rules.waiting_minutes)
        async with self._wiring.db.writing() as work:
            for left in await copies.left_behind(work):
                await copies.release(work, left)
            return await waiting.expire(work, before)

    async def drop_sign_ins(self) -> None:
        """Delete logins, login links and failed sign-ins that are past their time."""
        before = self._wiring.clock() - timedelta(days=self._rules.sign_in_days)
        async with self._wiring.db.writing() as work:
            await expiry.drop_sign_ins(work, before)
