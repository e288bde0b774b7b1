"""How long customers wait for the next word: from the turns of tickets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from supportbot.store.facts import Turn, TurnKind


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that ended with a public reply by `TurnKind.BOT` or `TurnKind.HUMAN`."""

    began_at: datetime
    ended_at: datetime
    ended_by: TurnKind


def waits(turns: Iterable[Turn]) -> Iterator[Wait]:
    """Find the waits in turns that are in order, ticket by ticket.

    Several messages of a customer are one wait, which the first of them began. A turn that was
    deliberately left unanswered ends the wait without counting it, and so does a new episode.
    """
    asked: Turn | None = None
    for turn in turns:
        if asked and (asked.ticket_id, asked.episode_n) != (turn.ticket_id, turn.episode_n):
            asked = None
        match turn.kind:
            case TurnKind.ASKED:
                asked = asked or turn
            case TurnKind.SUPPRESSED:
                asked = None
            case _ if asked:
                yield Wait(asked.at, turn.at, turn.kind)
                asked = None
