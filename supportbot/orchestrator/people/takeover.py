"""The operators' verbs for dashboard and command line: each is one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from supportbot.model.ticket import Ticket
from supportbot.orchestrator.people.operating import Operating
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import drafts, tickets


class Takeover:
    """The operators' verbs. `operator_id` is None for the command line's own user."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    async def take_over(self, public_id: str, operator_id: int | None) -> None:
        """Give the ticket to this operator; the bot is silent from now on. Idempotent.

        Raises:
            ConflictError: the ticket is resolved.
        """
        async with self._acting(operator_id) as operating:
            await operating.take_over(await _ticket(operating, public_id))

    async def reply(self, public_id: str, operator_id: int | None, text: str) -> None:
        """Answer the customer as a person; takes the ticket over.

        Raises:
            ConflictError: the text is empty, or the ticket is resolved.
        """
        async with self._acting(operator_id) as operating:
            await operating.reply(await _ticket(operating, public_id), text)

    async def return_to_bot(self, public_id: str, operator_id: int | None) -> None:
        """Let the bot answer what nobody answered yet, and what comes. Idempotent."""
        async with self._acting(operator_id) as operating:
            await operating.return_to_bot(await _ticket(operating, public_id))

    async def resolve(self, public_id: str, operator_id: int | None) -> None:
        """Close the ticket. Idempotent."""
        async with self._acting(operator_id) as operating:
            await operating.resolve(await _ticket(operating, public_id))

    async def send_draft(
        self, draft_id: int, operator_id: int | None, text: str | None = None
    ) -> None:
        """Send a draft as it is, or with other words.

        Raises:
            ConflictError: it was decided already, or the words are none.
        """
        async with self._acting(operator_id) as operating:
            await operating.send_draft(await drafts.get(operating.work, draft_id), text)

    async def discard_draft(self, draft_id: int, operator_id: int | None) -> None:
        """Throw a draft away; the ticket then waits for a person.

        Raises:
            ConflictError: it was decided already, or its ticket is resolved.
        """
        async with self._acting(operator_id) as operating:
            await operating.discard_draft(await drafts.get(operating.work, draft_id))

    @asynccontextmanager
    async def _acting(self, operator_id: int | None) -> AsyncIterator[Operating]:
        async with self._wiring.db.writing() as work:
            yield await Operating.by(self._wiring, work, operator_id)


async def _ticket(operating: Operating, public_id: str) -> Ticket:
    return await tickets.by_public_id(operating.work, public_id, lock=True)
