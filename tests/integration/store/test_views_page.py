"""The page about the views for other tools has each column of the real views, in their order."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import text

from supportbot.model.ticket import Resolution
from supportbot.store import views
from supportbot.store.database import Database

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "views.md"


async def test_every_column_is_on_the_page(db: Database) -> None:
    real = {}
    async with db.reading() as work:
        for view in views.VIEWS:
            found = await work.connection.execute(text(f"SELECT * FROM {view}"))
            real[view] = list(found.keys())
    head, *sections = re.split(r"(?m)^## ", PAGE.read_text(encoding="utf-8"))
    told = {part.split("`")[1]: re.findall(r"(?m)^\| `(\w+)` \|", part) for part in sections}
    assert told == real
    assert "| `" not in head


def test_every_end_of_an_episode_is_on_the_page() -> None:
    (row,) = re.findall(r"(?m)^\| `resolution` .*$", PAGE.read_text(encoding="utf-8"))
    assert re.findall(r"`(\w+)`", row)[1:] == [*Resolution]
