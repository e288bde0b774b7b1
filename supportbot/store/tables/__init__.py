"""The tables, a file for each theme; importing this registers them all on one metadata."""

from __future__ import annotations

from supportbot.store.tables import (
    answers,
    catalog,
    installations,
    intake,
    knowledge,
    mail,
    people,
    tickets,
)
from supportbot.store.tables.base import Base

__all__ = [
    "Base",
    "answers",
    "catalog",
    "installations",
    "intake",
    "knowledge",
    "mail",
    "people",
    "tickets",
]
