from __future__ import annotations

from datetime import UTC, datetime, timedelta

from supportbot.reports.waits import Wait, waits
from supportbot.store.facts import Turn, TurnKind

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASKED, BOT, HUMAN, SUPPRESSED = TurnKind


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def turns(*kinds: TurnKind, ticket_id: int = 1, episode_n: int = 1) -> list[Turn]:
    """One turn a minute."""
    return [
        Turn(ticket_id, episode_n, kind, at(minute), minute) for minute, kind in enumerate(kinds)
    ]


def test_several_messages_are_one_wait_from_the_first() -> None:
    assert list(waits(turns(ASKED, ASKED, BOT, HUMAN))) == [Wait(at(0), at(2), BOT)]


def test_the_next_message_begins_the_next_wait() -> None:
    found = list(waits(turns(ASKED, BOT, ASKED, HUMAN)))
    assert found == [Wait(at(0), at(1), BOT), Wait(at(2), at(3), HUMAN)]


def test_a_suppressed_turn_ends_the_wait_uncounted() -> None:
    assert list(waits(turns(ASKED, SUPPRESSED, HUMAN))) == []


def test_a_wait_never_reaches_into_another_ticket_or_episode() -> None:
    open_wait = turns(ASKED)
    assert list(waits(open_wait + turns(BOT, ticket_id=2))) == []
    assert list(waits(open_wait + turns(BOT, episode_n=2))) == []
