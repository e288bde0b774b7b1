"""Golden metrics: every edge case of the definitions, computed two ways, on both stores."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from supportbot.reports.definitions import METRICS
from supportbot.reports.metric import Unit
from supportbot.reports.period import Period, Scope
from supportbot.reports.reading import figures
from supportbot.store import threads, tickets
from supportbot.store.database import Database
from supportbot.store.tables.tickets import EpisodeRow
from supportbot.store.tickets import TicketFilter
from supportbot.store.unit_of_work import UnitOfWork
from tests.integration.reports.raw import Found, measure_raw
from tests.integration.reports.scenes import OPENED_AT, SCENES, Player, Scene

SCOPE = Scope(Period(date(2026, 3, 1), date(2026, 3, 31)), OPENED_AT + timedelta(days=60))

#: What raw SQL over messages and events cannot tell.
NOT_RAW = {"oldest_wait", "csat"}


@pytest.fixture(params=SCENES, ids=lambda scene: scene.name.replace(" ", "_"))
async def scene(request: pytest.FixtureRequest, db: Database) -> Scene:
    """A story, played into the database."""
    played: Scene = request.param
    async with db.writing() as work:
        player = Player(work)
        for _copy in range(played.copies):
            await player.play(played)
    return played


async def test_report_says_what_the_story_says_and_raw_sql_agrees(
    db: Database, scene: Scene
) -> None:
    found = {f.metric.name: f for f in await figures(db, SCOPE, METRICS)}
    for name, (value, n) in scene.expected.items():
        measured, metric = found[name].measured, found[name].metric
        factor = scene.copies if metric.unit is Unit.COUNT else 1
        expected = None if value is None else value * factor
        assert (name, measured.value, measured.n) == (name, expected, n * scene.copies)
    async with db.reading() as work:
        raw = await measure_raw(work)
    reported = {name: Found(f.measured.value, f.measured.n) for name, f in found.items()}
    assert {n: f for n, f in reported.items() if n not in NOT_RAW} == raw


def test_every_metric_is_computed_a_second_way_or_excused() -> None:
    named = {name for scene in SCENES for name in scene.expected}
    assert {metric.name for metric in METRICS} - named <= NOT_RAW | {"new_tickets", "customers"}


async def test_an_empty_database_has_no_rates_and_no_durations(db: Database) -> None:
    found = await figures(db, SCOPE, METRICS)
    counts = {f.metric.name for f in found if f.measured.value is not None}
    assert counts == {m.name for m in METRICS if m.unit is Unit.COUNT}
    assert {f.measured.n for f in found} == {0}


@pytest.fixture
async def all_scenes(db: Database) -> Database:
    """All stories in one database."""
    async with db.writing() as work:
        player = Player(work)
        for scene in SCENES:
            await player.play(scene)
    return db


async def test_rebuilt_episodes_are_the_same_bit_for_bit(all_scenes: Database) -> None:
    async with all_scenes.writing() as work:
        before = await stored_episodes(work)
        for ticket in await tickets.listed(work, TicketFilter()):
            await threads.rebuild_episodes(work, ticket)
        assert await stored_episodes(work) == before


async def test_all_stories_together_are_counted_once_each(all_scenes: Database) -> None:
    found = {f.metric.name: f.measured for f in await figures(all_scenes, SCOPE, METRICS)}
    counted = [s for s in SCENES if s.channel != "console" and s.status is None]
    reopened = sum(step.what == "reopens" for s in counted for step in s.steps)
    assert found["new_tickets"].value == len(counted)
    assert found["episodes"].value == len(counted) + reopened


async def stored_episodes(work: UnitOfWork) -> list[tuple[object, ...]]:
    rows = await work.connection.execute(select(EpisodeRow).order_by(EpisodeRow.id))
    return [tuple(row) for row in rows]
