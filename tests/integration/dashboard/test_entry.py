"""Signing in and out."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from supportbot.dashboard.access import Client, link_path
from supportbot.errors import AccessError, ConflictError
from supportbot.model.catalog import Operator, OperatorRole
from supportbot.model.inbound import Sender
from supportbot.store import operators
from supportbot.store.tables.people import LoginAttemptRow, OperatorRow, OperatorSessionRow
from tests.integration.dashboard.world import World

PASSWORD = "correct horse battery"


async def with_password(world: World) -> Operator:
    """An operator who has set a password."""
    operator = await world.operator()
    async with world.browser() as browser:
        await browser.enter(operator)
        saved = await browser.act("/account/password", password=PASSWORD, again=PASSWORD)
        assert saved.headers["location"] == "/account?said=password"
    return operator


async def test_strangers_are_sent_to_the_login_and_back(world: World) -> None:
    async with world.browser() as browser:
        assert (await browser.get("/")).headers["location"] == "/login"
        sent = await browser.get("/inbox?view=open")
        assert sent.status_code == 303
        assert sent.headers["location"] == "/login?next=/inbox%3Fview%3Dopen"


async def test_password_login_opens_the_page_that_was_wanted(world: World) -> None:
    operator = await with_password(world)
    async with world.browser() as browser:
        form = {"email": operator.email.upper(), "password": PASSWORD, "next": "/drafts"}
        response = await browser.post("/login", form)
        assert (response.status_code, response.headers["location"]) == (303, "/drafts")
        assert (await browser.get("/drafts")).status_code == 200


async def test_login_never_leads_to_another_host(world: World) -> None:
    operator = await with_password(world)
    async with world.browser() as browser:
        form = {"email": operator.email, "password": PASSWORD, "next": "//evil.example/"}
        assert (await browser.post("/login", form)).headers["location"] == "/inbox"


async def test_cookie_is_bound_to_the_host_and_only_its_hash_is_stored(world: World) -> None:
    operator = await world.operator()
    async with world.browser() as browser:
        token = await world.access.login_link(operator.id)
        response = await browser.post(link_path(token))
        cookie = response.headers["set-cookie"]
        assert cookie.startswith("__Host-sid=")
        for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert word in cookie
        assert "Domain" not in cookie
        async with world.db.reading() as work:
            stored = await work.connection.scalar(select(OperatorSessionRow.id_sha256))
        assert stored not in cookie


async def test_wrong_password_and_unknown_account_sound_the_same(world: World) -> None:
    operator = await with_password(world)
    async with world.browser() as browser:
        wrong = await browser.post("/login", {"email": operator.email, "password": "nonsense"})
        unknown = await browser.post("/login", {"email": "nobody@x.test", "password": "nonsense"})
    assert wrong.status_code == unknown.status_code == 401
    assert "do not match" in wrong.text
    assert "do not match" in unknown.text
    assert "set-cookie" not in wrong.headers


async def test_operator_without_password_cannot_use_an_empty_one(world: World) -> None:
    operator = await world.operator()
    async with world.browser() as browser:
        response = await browser.post("/login", {"email": operator.email, "password": ""})
    assert response.status_code == 401


async def test_sixth_guess_is_throttled_even_if_it_is_right_and_forgotten_later(
    world: World,
) -> None:
    operator = await with_password(world)
    right = {"email": operator.email, "password": PASSWORD}
    async with world.browser() as browser:
        for _ in range(5):
            await browser.post("/login", {"email": operator.email, "password": "nonsense"})
        assert (await browser.post("/login", right)).status_code == 429
        world.clock.advance(minutes=16)
        assert (await browser.post("/login", right)).status_code == 303
    async with world.db.reading() as work:
        kept = await work.connection.scalar(select(func.count()).select_from(LoginAttemptRow))
    assert kept == 0


async def test_login_renews_an_old_hash(world: World) -> None:
    operator = await with_password(world)
    weak = "$argon2id$v=19$m=8,t=1,p=1$"
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert old.startswith(weak)
    async with world.db.writing() as work:
        await work.connection.execute(OperatorRow.__table__.update().values(password_hash=old))
    async with world.browser() as browser:
        response = await browser.post("/login", {"email": operator.email, "password": PASSWORD})
    assert response.status_code == 303
    async with world.db.reading() as work:
        stored = await work.connection.scalar(select(OperatorRow.password_hash))
    assert not stored.startswith(weak)


async def test_login_link_works_once_and_only_by_its_button(world: World) -> None:
    operator = await world.operator()
    path = link_path(await world.access.login_link(operator.id))
    async with world.browser() as scanner:
        for _ in range(3):
            assert "signs you in once" in (await scanner.get(path)).text
    async with world.browser() as browser:
        first = await browser.post(path)
        assert (first.status_code, first.headers["location"]) == (303, "/account?said=welcome")
    async with world.browser() as other:
        again = await other.post(path)
        assert again.status_code == 410
        assert "used already" in again.text
        assert "set-cookie" not in again.headers


async def test_login_link_expires(world: World) -> None:
    operator = await world.operator()
    path = link_path(await world.access.login_link(operator.id))
    world.clock.advance(hours=25)
    async with world.browser() as browser:
        assert (await browser.post(path)).status_code == 410


async def test_logout_ends_the_session_on_the_server(world: World) -> None:
    async with world.signed_in() as browser:
        cookie = browser.client.cookies["__Host-sid"]
        out = await browser.act("/logout")
        assert out.headers["location"] == "/login?said=out"
        browser.client.cookies.set("__Host-sid", cookie)
        assert (await browser.get("/inbox")).status_code == 303


async def test_session_ends_when_idle_and_in_any_case_after_a_week(world: World) -> None:
    async with world.signed_in() as browser:
        world.clock.advance(hours=11)
        assert (await browser.get("/inbox")).status_code == 200
        world.clock.advance(hours=11)
        assert (await browser.get("/inbox")).status_code == 200
        world.clock.advance(hours=13)
        assert (await browser.get("/inbox")).status_code == 303
    async with world.signed_in() as browser:
        for _ in range(16):
            world.clock.advance(hours=10)
            await browser.get("/inbox")
        assert (await browser.get("/inbox")).status_code == 200
        world.clock.advance(hours=10)
        assert (await browser.get("/inbox")).status_code == 303


async def test_self_refreshing_page_does_not_keep_a_session_alive(world: World) -> None:
    ticket = await world.ticket()
    async with world.signed_in() as browser:
        for _ in range(13):
            world.clock.advance(hours=1)
            last = await browser.get(f"/tickets/{ticket.public_id}/live")
        assert last.status_code == 401


async def test_new_password_ends_all_other_sessions(world: World) -> None:
    operator = await world.operator()
    async with world.browser() as here, world.browser() as there:
        await here.enter(operator)
        await there.enter(operator)
        await here.act("/account/password", password=PASSWORD, again=PASSWORD)
        assert (await here.get("/inbox")).status_code == 200
        assert (await there.get("/inbox")).status_code == 303


async def test_changing_a_password_asks_for_the_current_one(world: World) -> None:
    operator = await with_password(world)
    new = "another long password"
    async with world.browser() as browser:
        await browser.enter(operator)
        refused = await browser.act("/account/password", current="guess", password=new, again=new)
        assert refused.status_code == 400
        assert "current password is wrong" in refused.text
        done = await browser.act("/account/password", current=PASSWORD, password=new, again=new)
        assert done.status_code == 303


@pytest.mark.parametrize(
    ("password", "again", "complaint"),
    [("short", "short", "12 to 1024"), (PASSWORD, PASSWORD + "!", "not the same")],
)
async def test_unfit_password_is_refused(
    world: World, password: str, again: str, complaint: str
) -> None:
    async with world.signed_in() as browser:
        refused = await browser.act("/account/password", password=password, again=again)
    assert refused.status_code == 400
    assert complaint in refused.text


async def test_signing_out_everywhere_voids_unused_links_too(world: World) -> None:
    operator = await world.operator()
    async with world.browser() as here, world.browser() as there:
        await here.enter(operator)
        await there.enter(operator)
        link = link_path(await world.access.login_link(operator.id))
        await here.act("/account/leave-everywhere")
        assert (await there.get("/inbox")).status_code == 303
        assert (await there.post(link)).status_code == 410


async def test_operator_addresses_are_unique_whatever_their_case(world: World) -> None:
    await world.access.create_operator("Ana@desk.test", "Ana", OperatorRole.ADMIN)
    with pytest.raises(ConflictError, match="already"):
        await world.access.create_operator("ana@DESK.test ", "Ana", OperatorRole.ADMIN)


async def met(world: World) -> Operator:
    """Somebody whom a channel made an operator."""
    sender = Sender("T0:U0KIM", "Kim", email="kim@desk.test")
    async with world.db.writing() as work:
        return await operators.ensure(work, "slack", sender, world.clock())


async def test_whom_a_channel_made_an_operator_is_invited_as_an_admin(world: World) -> None:
    kim = await met(world)
    before = await world.access.login_link(kim.id)
    async with world.signed_in(OperatorRole.ADMIN) as browser:
        page = await browser.act("/operators", email="Kim@desk.test", name="Kim", role="admin")
        assert "/login/link/" in page.text
    async with world.db.reading() as work:
        assert (await operators.get(work, kim.id)).role is OperatorRole.ADMIN
    with pytest.raises(AccessError):  # it was given to somebody who was no admin
        await world.access.sign_in_by_link(before, Client())


async def test_whoever_has_been_in_the_dashboard_keeps_their_role(world: World) -> None:
    kim = await met(world)
    await world.access.sign_in_by_link(await world.access.login_link(kim.id), Client())
    with pytest.raises(ConflictError, match=r"supportbot admin link kim@desk\.test"):
        await world.access.promote("kim@desk.test", OperatorRole.ADMIN)
    async with world.db.reading() as work:
        assert (await operators.get(work, kim.id)).role is OperatorRole.OPERATOR
    invited = await world.operator()
    with pytest.raises(ConflictError, match="supportbot admin link"):
        await world.access.promote(invited.email, OperatorRole.ADMIN)
    assert await world.access.promote("nobody@desk.test", OperatorRole.ADMIN) is None


@pytest.mark.parametrize(("email", "name"), [("no address", "Ana"), ("a@b.test", "  ")])
async def test_operator_needs_an_address_and_a_name(world: World, email: str, name: str) -> None:
    with pytest.raises(AccessError):
        await world.access.create_operator(email, name, OperatorRole.ADMIN)
