"""What the product's own tables say, read past the product."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.chaos.conversation import questions_in

_UNREAD = "SELECT count(*) FROM inbound WHERE settled_at IS NULL"
_OWING = "SELECT count(*) FROM ticket WHERE handler = 'bot' AND asked_seq > answered_seq"
_UNSENT = "SELECT count(*) FROM delivery WHERE state IN ('pending', 'sending', 'live')"
_BAD = "SELECT state, key, error FROM delivery WHERE state IN ('uncertain', 'failed') ORDER BY id"
_ASKED = (
    "SELECT message_body.body FROM message JOIN message_body ON message_body.message_id = "
    "message.id WHERE message.author_kind = 'customer' AND message_body.body IS NOT NULL "
    "ORDER BY message.id"
)
_HANDED = (
    "SELECT message_body.body FROM message JOIN message_body ON message_body.message_id = "
    "message.id JOIN ticket ON ticket.id = message.ticket_id WHERE ticket.handler = 'human' "
    "AND message.author_kind = 'customer' AND message_body.body IS NOT NULL"
)
_REASONS = "SELECT reason, count(*) FROM ticket_event WHERE kind = 'handoff' GROUP BY reason"
_KINDS = "SELECT kind, count(*) FROM ticket_event GROUP BY kind"
_CALLS = "SELECT coalesce(error_kind, 'answered'), count(*) FROM completion GROUP BY 1"


@dataclass(frozen=True, slots=True)
class Ledger:
    """One look at the tables."""

    unread: int
    owing: int
    unsent: int
    #: (state, key and cause) of each delivery that did not end well.
    bad: tuple[tuple[str, str], ...]
    #: (conversation, number) → how often it stands in a thread, in the order of arrival.
    stored: Mapping[tuple[str, int], int]
    #: Conversations that people hold.
    handed: frozenset[str]
    #: Why, and how often.
    reasons: dict[str, int]
    events: dict[str, int]
    calls: dict[str, int]

    @property
    def idle(self) -> bool:
        """True when nothing is owed."""
        return not (self.unread or self.owing or self.unsent)


def read(url: str) -> Ledger:
    """Look once; blocks for some milliseconds."""
    with closing(_connected(url)) as connection:

        def rows(query: str) -> Sequence[Any]:
            found: Sequence[Any] = connection.execute(query).fetchall()
            return found

        return Ledger(
            unread=rows(_UNREAD)[0][0],
            owing=rows(_OWING)[0][0],
            unsent=rows(_UNSENT)[0][0],
            bad=tuple((state, f"{key} ({error})") for state, key, error in rows(_BAD)),
            stored=Counter(q for (body,) in rows(_ASKED) for q in questions_in(body)),
            handed=frozenset(name for (body,) in rows(_HANDED) for name, _ in questions_in(body)),
            reasons=dict(rows(_REASONS)),
            events=dict(rows(_KINDS)),
            calls=dict(rows(_CALLS)),
        )


def _connected(url: str) -> Any:
    if url.startswith("sqlite"):
        return sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)
    return psycopg.connect(url)
