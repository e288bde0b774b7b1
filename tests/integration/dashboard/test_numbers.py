"""The overview page counts with the reports' own code."""

from __future__ import annotations

from datetime import timedelta

from supportbot.dashboard.numbers import overview_from_reports
from supportbot.model.overview import OverviewQuery
from tests.integration.dashboard.world import World


async def test_numbers_are_those_of_the_reports(both_worlds: World) -> None:
    first, second = await both_worlds.ticket(), await both_worlds.ticket()
    async with both_worlds.signed_in() as browser:
        await browser.act(f"/tickets/{first.public_id}/reply", text="Done.")
        await browser.act(f"/tickets/{first.public_id}/resolve")
        await browser.act(f"/tickets/{second.public_id}/reply", text="Look at it now.")
    overview = overview_from_reports(both_worlds.db, both_worlds.clock, "Europe/Vienna")
    today = both_worlds.clock().date()
    numbers = await overview(OverviewQuery(today, today, "acme"))
    figures = {figure.name: figure for figure in numbers.figures}
    assert figures["Volume"].value == "2"
    assert all(figure.definition for figure in numbers.figures)
    ends = {share.name: share.count for share in numbers.outcomes}
    assert ends["A person"] == 1
    assert ends["Still open"] == 1
    assert sum(ends.values()) == 2
    before = today - timedelta(days=1)
    empty = await overview(OverviewQuery(before, before))
    assert sum(share.count for share in empty.outcomes) == 0
