from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from supportbot.model.episode import Episode, apply, fold, reopened
from supportbot.model.ticket import Actor, ActorKind, EventKind, Resolution, TicketEvent

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def make_event(kind: EventKind, minute: int = 0, **changes: object) -> TicketEvent:
    values: dict[str, object] = {
        "ticket_id": 1,
        "episode_n": 1,
        "kind": kind,
        "actor": Actor(ActorKind.SYSTEM),
        "at": START + timedelta(minutes=minute),
        "id": minute + 1,
    }
    return TicketEvent(**(values | changes))  # type: ignore[arg-type] # a factory's free keywords


def folded(*events: TicketEvent) -> Episode:
    return fold(events)[events[-1].episode_n]


@st.composite
def histories(draw: st.DrawFn) -> list[TicketEvent]:
    """Any ticket's events: any kinds in any order, with reopenings in between."""
    events, episode_n, minute = [make_event(EventKind.OPENED)], 1, 0
    for kind in draw(st.lists(st.sampled_from(EventKind), max_size=25)):
        minute += draw(st.integers(0, 3))
        episode_n += kind is EventKind.REOPENED
        reason = draw(st.sampled_from(Resolution)) if kind is EventKind.RESOLVED else "why"
        event = make_event(kind, minute, episode_n=episode_n, reason=reason, id=len(events) + 1)
        events.append(event)
    return events


@given(histories())
def test_folding_at_once_equals_folding_event_by_event(events: list[TicketEvent]) -> None:
    """The projection written with every event is the one a rebuild makes."""
    written: dict[int, Episode] = {}
    for event in events:
        before = written.get(event.episode_n - 1)
        if event.kind is EventKind.REOPENED and before is not None:
            written[before.n] = reopened(before, event)
        written[event.episode_n] = apply(written.get(event.episode_n), event)
    assert fold(events) == written


@given(histories())
def test_no_response_takes_negative_time(events: list[TicketEvent]) -> None:
    for episode in fold(events).values():
        assert episode.first_reply_at is None or episode.first_reply_at >= episode.opened_at
        if episode.human_answered_at:
            assert episode.human_asked_at
            assert episode.human_answered_at >= episode.human_asked_at


def test_a_second_resolve_overwrites_nothing() -> None:
    episode = folded(
        make_event(EventKind.OPENED),
        make_event(EventKind.RESOLVED, 5, reason="bot_assumed"),
        make_event(EventKind.RESOLVED, 9, reason="human"),
    )
    assert episode.resolved_at == START + timedelta(minutes=5)
    assert episode.resolution is Resolution.BOT_ASSUMED


def test_a_human_is_asked_by_the_first_handoff() -> None:
    episode = folded(
        make_event(EventKind.OPENED),
        make_event(EventKind.HANDOFF, 3, reason="asked"),
        make_event(EventKind.HANDOFF, 6, reason="policy"),
        make_event(EventKind.HUMAN_REPLIED, 8),
        make_event(EventKind.HUMAN_REPLIED, 9),
    )
    assert episode.human_asked_at == START + timedelta(minutes=3)
    assert episode.human_answered_at == START + timedelta(minutes=8)
    assert episode.handoff_reason == "asked"


def test_claiming_a_handed_off_ticket_is_no_take_over() -> None:
    handed = folded(
        make_event(EventKind.OPENED),
        make_event(EventKind.HANDOFF, 3, reason="asked"),
        make_event(EventKind.TAKEOVER, 4),
    )
    taken = folded(make_event(EventKind.OPENED), make_event(EventKind.TAKEOVER, 4))
    assert handed.takeover_at is None
    assert taken.takeover_at == START + timedelta(minutes=4)
