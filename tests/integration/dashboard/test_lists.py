"""The inbox, the overview, and the operators' page."""

from __future__ import annotations

import re

from supportbot.model.catalog import OperatorRole
from tests.integration.dashboard.world import World


async def test_inbox_pages_through_the_queue_the_longest_wait_first(both_worlds: World) -> None:
    for n in range(60):
        await both_worlds.ticket(subject=f"Case {n:02}")
        both_worlds.clock.advance(minutes=n % 2)
    seen: list[str] = []
    path = "/inbox"
    async with both_worlds.signed_in() as browser:
        while path:
            page = (await browser.get(path)).text
            seen += re.findall(r"Case \d\d", page)
            following = re.search(r'href="([^"]*after=[^"]*)"', page)
            path = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"Case {n:02}" for n in range(60)]


async def test_views_hold_what_they_say_and_counts_agree(both_worlds: World) -> None:
    await both_worlds.ticket(subject="With the bot")
    person = await both_worlds.ticket(subject="With a person")
    done = await both_worlds.ticket(subject="All done")
    draft = await both_worlds.ticket(subject="Draft waits")
    await both_worlds.draft(draft)
    async with both_worlds.signed_in() as browser:
        await browser.act(f"/tickets/{person.public_id}/take-over")
        await browser.act(f"/tickets/{done.public_id}/resolve")
        expected = {
            "waiting": {"With the bot", "With a person", "Draft waits"},
            "person": {"With a person"},
            "drafts": {"Draft waits"},
            "open": {"With the bot", "With a person", "Draft waits"},
            "resolved": {"All done"},
        }
        for view, subjects in expected.items():
            page = (await browser.get(f"/inbox?view={view}")).text
            shown = set(re.findall(r'class="subject"[^>]*>([^<]*)<', page))
            assert shown == subjects, view
            current = page.split('aria-current="page"')[2]
            counted = re.search(r'class="count">(\d+)', current)
            assert counted
            assert int(counted[1]) == len(subjects), view


async def test_inbox_tells_how_long_somebody_waits(world: World) -> None:
    await world.ticket()
    world.clock.advance(hours=2, minutes=5)
    async with world.signed_in() as browser:
        page = (await browser.get("/inbox")).text
    assert '<time class="wait" datetime="2026-03-02T09:00:00+00:00">2 h 5 min</time>' in page


async def test_overview_names_its_numbers_and_passes_the_filter_on(world: World) -> None:
    async with world.signed_in(OperatorRole.VIEWER) as browser:
        page = (await browser.get("/overview?days=28&product=acme")).text
    for part in ("Automation", "62 %", "for acme", "Resolved by the bot", "Europe/Vienna"):
        assert part in page
    assert 'datetime="2026-02-03"' in page
    assert 'datetime="2026-03-02"' in page
    assert "Bot, confirmed: 3, Human: 1" in page


async def test_admin_adds_an_operator_who_comes_in_by_the_shown_link(world: World) -> None:
    async with world.signed_in(OperatorRole.ADMIN) as admin, world.browser() as new:
        page = await admin.act("/operators", name="Ana", email="ana@desk.test", role="operator")
        link = re.search(r"/login/link/[\w-]+", page.text)
        assert link
        assert link[0] not in (await admin.get("/operators")).text
        assert (await new.post(link[0])).status_code == 303
        assert "Ana" in (await new.get("/account")).text
        again = await admin.act("/operators", name="Ana", email="ANA@desk.test", role="admin")
        assert again.status_code == 409
        assert "already" in again.text


async def test_disabled_operator_is_out_at_once(world: World) -> None:
    operator = await world.operator()
    async with world.signed_in(OperatorRole.ADMIN) as admin, world.browser() as browser:
        await browser.enter(operator)
        await admin.act(f"/operators/{operator.id}/disable")
        assert (await browser.get("/inbox")).status_code == 303
        refused = await admin.act(f"/operators/{operator.id}/link")
        assert "is disabled" in refused.text
        await admin.act(f"/operators/{operator.id}/enable")
        await browser.enter(operator)
        assert (await browser.get("/inbox")).status_code == 200


async def test_admin_cannot_lock_themselves_out(world: World) -> None:
    operator = await world.operator(OperatorRole.ADMIN)
    async with world.browser() as browser:
        await browser.enter(operator)
        refused = await browser.act(f"/operators/{operator.id}/disable")
        assert refused.status_code == 409
        assert (await browser.get("/operators")).status_code == 200
