"""The page of mail that could not be understood."""

from __future__ import annotations

import pytest

from supportbot.model.catalog import OperatorRole
from supportbot.model.inbound import Inbound
from supportbot.store import catalog, inbound, quarantine
from supportbot.store.inbound import Outcome, Settled
from tests.integration.dashboard.world import World

RAW = b"From: Ada <ada@x.example>\r\nSubject: <b>Hi</b>\r\nX-Odd: <script>\r\n\r\nthe words"


async def set_aside(world: World, raw: bytes = RAW) -> int:
    """Store a mail that nobody could read; return its number."""
    now, key = world.clock(), "email:help@bot.example"
    async with world.db.writing() as work:
        channel = await catalog.ensure_channel(work, key, "email", now)
        came = Inbound(key, (f"raw:{len(raw)}",), raw, {}, now, deferred=True)
        outcome = Outcome("refused", reason="too_large: beyond the limits")
        return await inbound.add(work, channel.id, came, Settled(outcome, now))


async def count(world: World) -> int:
    async with world.db.reading() as work:
        return await quarantine.count(work)


async def test_the_list_and_a_mail_show_headers_and_reason_as_text_only(
    both_worlds: World,
) -> None:
    number = await set_aside(both_worlds)
    async with both_worlds.signed_in() as browser:
        listed = (await browser.get("/quarantine")).text
        shown = (await browser.get(f"/quarantine/{number}")).text
    for page in (listed, shown):
        assert "too large: beyond the limits" in page
        assert "Ada &lt;ada@x.example&gt;" in page
        assert "&lt;b&gt;Hi&lt;/b&gt;" in page
        assert "<b>Hi" not in page
    assert f'href="/quarantine/{number}"' in listed
    assert "X-Odd: &lt;script&gt;" in shown
    assert "the words" not in shown
    assert "/release" not in shown  # operators look, admins act


@pytest.mark.parametrize(("act", "said"), [("release", "read again"), ("drop", "gone")])
async def test_an_admin_lets_a_mail_be_read_again_or_forgets_it(
    world: World, act: str, said: str
) -> None:
    number = await set_aside(world)
    async with world.signed_in(OperatorRole.ADMIN) as browser:
        assert (
            f'action="/quarantine/{number}/{act}"'
            in (await browser.get(f"/quarantine/{number}")).text
        )
        done = await browser.act(f"/quarantine/{number}/{act}")
        assert done.status_code == 303
        page = (await browser.get(done.headers["location"])).text
        assert said in page
        assert "Every mail was understood." in page
        assert (await browser.act(f"/quarantine/{number}/{act}")).status_code == 404
    assert await count(world) == 0


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (OperatorRole.VIEWER, "/quarantine", 403),
        (OperatorRole.VIEWER, "/quarantine/1", 403),
        (OperatorRole.OPERATOR, "/quarantine", 200),
        (OperatorRole.OPERATOR, "/quarantine/1", 200),
    ],
)
async def test_who_may_not_know_people_does_not_see_their_mail(
    world: World, role: OperatorRole, path: str, status: int
) -> None:
    await set_aside(world)
    async with world.signed_in(role) as browser:
        assert (await browser.get(path)).status_code == status
        assert ('href="/quarantine"' in (await browser.get("/inbox")).text) is (status == 200)


async def test_an_operator_acts_on_no_mail(world: World) -> None:
    number = await set_aside(world)
    async with world.signed_in() as browser:
        for act in ("release", "drop"):
            assert (await browser.act(f"/quarantine/{number}/{act}")).status_code == 403
    assert await count(world) == 1
