from __future__ import annotations

import os
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from supportbot.errors import NotFoundError
from supportbot.model.inbound import Inbound
from supportbot.model.ticket import Status
from supportbot.reports.catalog import REPORTS, outcomes, overview, suppressed, volume
from supportbot.reports.definitions import HEADLINE
from supportbot.reports.period import Period, Scope
from supportbot.reports.reading import figures
from supportbot.reports.report import Cell, Report
from supportbot.reports.time_metrics import HUMAN_WAIT
from supportbot.reports.volume_metrics import OLDEST_WAIT, SATISFACTION
from supportbot.store import catalog, tickets
from supportbot.store import inbound as inbounds
from supportbot.store.database import Database
from supportbot.store.inbound import Outcome
from supportbot.store.tables.answers import CsatResponseRow
from supportbot.store.tickets import TicketFilter
from tests.integration.reports.scenes import OPENED_AT, Player, Scene, Step

_DAY_MINUTES = 24 * 60


def scope(
    first: int = 1,
    last: int = 31,
    zone: str = "UTC",
    *,
    product: str | None = None,
    channel: str | None = None,
) -> Scope:
    period = Period(date(2026, 3, first), date(2026, 3, last), zone)
    return Scope(period, OPENED_AT + timedelta(days=60), product, channel)


async def play(db: Database, *scenes: Scene) -> None:
    async with db.writing() as work:
        player = Player(work)
        for scene in scenes:
            await player.play(scene)


def answered(channel: str = "web") -> Scene:
    steps = (Step(1, "bot replies"), Step(_DAY_MINUTES, "resolved", "bot_assumed"))
    return Scene("answered", steps, {}, channel=channel)


def handed_off(reason: str) -> Scene:
    return Scene("handed off", (Step(1, "hands off", reason),), {})


def rows(report: Report, group: str) -> list[tuple[Cell, ...]]:
    return [row for row in report.rows if row[0] == group]


async def test_volume_has_every_day_of_the_reporting_zone(db: Database) -> None:
    await play(db, answered(), handed_off("asked"))
    found = await volume(db, scope(1, 3, "Pacific/Auckland"))  # opened at 22:00 local time
    assert found.rows == (
        (date(2026, 3, 1), 0, 0, 0, 0),
        (date(2026, 3, 2), 2, 2, 2, 0),
        (date(2026, 3, 3), 0, 0, 0, 1),
    )
    assert found.notes == ("In all: volume 2, new tickets 2, customers 2, resolved 1.",)


async def test_outcomes_are_a_partition_and_handoffs_have_reasons(db: Database) -> None:
    await play(db, answered(), handed_off("asked"), handed_off("asked"), handed_off("policy"))
    found = await outcomes(db, scope())
    ends = rows(found, "outcome")
    assert sum(int(str(row[2])) for row in ends) == 4
    assert {str(row[1]): row[2] for row in ends if row[2]} == {"bot_assumed": 1, "open": 3}
    assert rows(found, "handoff") == [
        ("handoff", "asked", 2, 3, 0.6667, 0),
        ("handoff", "policy", 1, 3, 0.3333, 0),
    ]


async def test_overview_tells_who_waits_and_what_is_not_final(db: Database) -> None:
    await play(db, answered(), handed_off("asked"))
    young = Scope(scope().period, OPENED_AT + timedelta(hours=2))
    found = await overview(db, young)
    assert found.notes == (
        "The value of a duration is its median (p50).",
        "Waiting on us: 1 under 1 day.",
        "Not final yet, as some episodes are too young: Automation, Durable resolutions.",
    )
    assert [row[0] for row in found.rows][: len(HEADLINE)] == [m.name for m in HEADLINE]


async def test_filters_take_a_kind_or_a_key(db: Database) -> None:
    await play(db, answered("web"), answered("email"))
    for name in ("email", "email:main"):
        assert (await figures(db, scope(channel=name)))[0].measured.value == 1
    assert (await figures(db, scope(product="hosting")))[0].measured.value == 2


@pytest.mark.parametrize("wrong", [scope(product="nope"), scope(channel="nope")])
async def test_an_unknown_filter_is_refused_with_the_known_names(
    db: Database, wrong: Scope
) -> None:
    await play(db, answered())
    with pytest.raises(NotFoundError, match=r"nope.*known: (hosting|web, web:main)"):
        await figures(db, wrong)


async def test_suppressed_counts_arrivals_turns_and_episodes(db: Database) -> None:
    quiet = Scene("quiet", (Step(0, "suppressed", "mode_off"),), {})
    await play(db, quiet, quiet, answered())
    await arrive(db, "email", "suppressed", "auto_reply")
    await arrive(db, "email", "suppressed", "auto_reply")
    await arrive(db, "console", "suppressed", "auto_reply")
    found = await suppressed(db, scope())
    assert found.rows == (
        ("arrival", "suppressed", "auto_reply", 2),
        ("turn", "suppressed", "mode_off", 2),
        ("episode", "with_suppressed_turns", None, 2),
        ("episode", "all", None, 3),
    )


async def test_what_happened_outside_the_period_does_not_count(db: Database) -> None:
    await play(db, answered())
    for name, report in REPORTS.items():
        found = await report(db, scope(10, 31))
        counted = {value for row in found.rows for value in row if isinstance(value, int | float)}
        assert (name, counted - {0}) == (name, set())


async def test_the_last_score_of_an_episode_wins(db: Database) -> None:
    await play(db, answered(), answered())
    async with db.writing() as work:
        first, second = await tickets.listed(work, TicketFilter())
        for number, (ticket, score) in enumerate(((first, 1), (first, 5), (second, 3))):
            at = OPENED_AT + timedelta(minutes=number)
            await work.connection.execute(
                insert(CsatResponseRow).values(
                    ticket_id=ticket.id, episode_n=1, subject="bot", score=score, at=at
                )
            )
    (found,) = await figures(db, scope(), [SATISFACTION])
    assert (found.measured.value, found.measured.n) == (0.5, 2)


async def test_the_oldest_wait_is_of_who_spoke_last(db: Database) -> None:
    await play(db, handed_off("asked"), answered())
    now = scope().as_of
    async with db.writing() as work:
        (waiting,) = await tickets.listed(work, TicketFilter(status=Status.OPEN))
        await tickets.change(work, waiting.id, waiting_since=now - timedelta(hours=2))
    (found,) = await figures(db, scope(), [OLDEST_WAIT])
    assert (found.measured.value, found.measured.n) == (7200, 1)


async def test_a_wait_counts_on_the_day_it_began(db: Database) -> None:
    slow = Scene("slow", (Step(_DAY_MINUTES - 60, "asks"), Step(_DAY_MINUTES, "human replies")), {})
    await play(db, slow)
    (on_its_day,) = await figures(db, scope(2, 2), [HUMAN_WAIT])
    (next_day,) = await figures(db, scope(3, 3), [HUMAN_WAIT])
    assert (on_its_day.measured.n, next_day.measured.n) == (1, 0)


async def arrive(db: Database, kind: str, outcome: str, reason: str) -> None:
    """Something arrives that belongs to no ticket."""
    async with db.writing() as work:
        channel = await catalog.ensure_channel(work, f"{kind}:main", kind, OPENED_AT)
        new = Inbound(channel.key, (os.urandom(4).hex(),), b"...", {}, OPENED_AT)
        inbound_id = await inbounds.add(work, channel.id, new)
        await inbounds.settle(work, inbound_id, Outcome(outcome, reason), OPENED_AT)
