"""What a ticket's page shows beside its thread; the rest is tested through the pages."""

from __future__ import annotations

import pytest

from supportbot.errors import NotFoundError
from supportbot.store import details
from supportbot.store.database import Database


async def test_what_is_not_there_is_not_found(db: Database) -> None:
    async with db.reading() as work:
        with pytest.raises(NotFoundError):
            await details.customer(work, 1)
        with pytest.raises(NotFoundError):
            await details.attachment_content(work, 1)
        assert await details.behind(work, 1) == {}
        assert await details.said_by(work, 1) == []
