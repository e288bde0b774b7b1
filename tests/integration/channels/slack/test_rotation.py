"""Refresh tokens can be spent once; FakeSlack notes a violation when one is spent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from supportbot.channels.slack.installing.origin import Origin
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.web import SlackWeb
from supportbot.channels.vault import Tokens, Vault, new_key
from supportbot.errors import SendError, StoreUnavailable
from supportbot.store import installations
from supportbot.store.database import Database
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.installing import (
    install,
    install_expiring,
    make_register,
    process,
    web_of,
)
from tests.integration.channels.slack.listening import until

SOON = timedelta(hours=1)
OVER = timedelta(seconds=-1)


@pytest.fixture
async def register(db: Database, clock: Any) -> Register:
    return await make_register(db, clock)


async def stored(register: Register) -> Tokens:
    async with register.db.reading() as work:
        (found,) = await installations.find(work, register.channel, (FakeSlack.team,))
    return register.open(found)


async def test_an_expiring_token_is_exchanged_stored_and_used(
    slack: FakeSlack, register: Register
) -> None:
    first = await install_expiring(slack, register, SOON)
    async with process(slack, register) as here:
        token = await here.workspaces.token(FakeSlack.team)
        assert token != register.open(first).access
        assert (await stored(register)).access == token
        assert await here.workspaces.token(FakeSlack.team) == token
    assert slack.oauth.app.refreshed == 1


async def test_hearing_exchanges_nothing(slack: FakeSlack, register: Register) -> None:
    await install_expiring(slack, register, SOON)
    async with process(slack, register) as here:
        assert await here.workspaces.identity(Origin((FakeSlack.team,))) is not None
    assert slack.oauth.app.refreshed == 0


@pytest.mark.parametrize("left", [SOON, OVER])
async def test_two_processes_and_many_tasks_spend_a_refresh_token_once(
    slack: FakeSlack, register: Register, left: timedelta
) -> None:
    await install_expiring(slack, register, left)
    earlier = (await stored(register)).access
    async with process(slack, register) as here, process(slack, register) as there:
        tokens = await asyncio.gather(
            *(one.workspaces.token(FakeSlack.team) for one in (here, there) * 10)
        )
    newest = (await stored(register)).access
    assert slack.oauth.app.refreshed == 1
    assert newest in tokens
    # Who came second may go on with a token that is still good, but not with one that is over.
    assert set(tokens) <= ({newest} if left is OVER else {earlier, newest})


async def test_the_next_exchange_follows_when_the_new_token_ends(
    slack: FakeSlack, register: Register, clock: Any
) -> None:
    await install_expiring(slack, register, SOON)
    async with process(slack, register) as here:
        first = await here.workspaces.token(FakeSlack.team)
        clock.advance(hours=11)
        assert await here.workspaces.token(FakeSlack.team) != first
    assert slack.oauth.app.refreshed == 2


async def test_a_token_that_is_still_good_is_used_while_slack_is_away(
    slack: FakeSlack, register: Register, clock: Any
) -> None:
    first = register.open(await install_expiring(slack, register, SOON)).access
    slack.faults.fail("oauth.v2.access", "service_unavailable", status=503, times=1)
    async with process(slack, register) as here:
        assert await here.workspaces.token(FakeSlack.team) == first
        asked: list[str] = []
        with register.db.watched(asked.append):
            for _ in range(5):
                assert await here.workspaces.token(FakeSlack.team) == first
        # A failed exchange is not tried again at once, and asks nobody for a while.
        assert (asked, len(slack.calls("oauth.v2.access"))) == ([], 1)
        clock.advance(seconds=60)
        assert await here.workspaces.token(FakeSlack.team) != first


async def test_a_token_that_is_over_fails_for_now_while_slack_is_away(
    slack: FakeSlack, register: Register, clock: Any
) -> None:
    await install_expiring(slack, register, OVER)
    slack.faults.fail("oauth.v2.access", "service_unavailable", status=503, times=1)
    async with process(slack, register) as here:
        with pytest.raises(SendError, match="exchange its token") as caught:
            await here.workspaces.token(FakeSlack.team)
        assert not caught.value.permanent
        clock.advance(seconds=60)
        assert await here.workspaces.token(FakeSlack.team) == (await stored(register)).access


async def test_a_token_that_slack_says_is_over_is_exchanged_whatever_our_clock_says(
    slack: FakeSlack, register: Register
) -> None:
    await install_expiring(slack, register, timedelta(hours=10))
    slack.oauth.expire()
    session = web_of(slack)
    async with process(slack, register) as here:
        client = SlackWeb(session, here.workspaces.tokens(FakeSlack.team)).client()
        assert (await client.auth_test())["team_id"] == FakeSlack.team
        assert (await client.auth_test())["team_id"] == FakeSlack.team
    await session.aclose()
    assert slack.oauth.app.refreshed == 1


async def test_a_refused_refresh_token_names_the_cure(slack: FakeSlack, register: Register) -> None:
    await install(
        register,
        FakeSlack.team,
        tokens=Tokens("xoxe.xoxb-old", "xoxe-1-unknown"),
        expires_at=register.clock() + OVER,
    )
    async with process(slack, register) as here:
        with pytest.raises(SendError, match=r"invalid_refresh_token.*/slack/install") as caught:
            await here.workspaces.token(FakeSlack.team)
        assert caught.value.permanent


async def test_a_token_that_ends_without_a_successor_names_the_cure(
    slack: FakeSlack, register: Register
) -> None:
    await install(register, FakeSlack.team, expires_at=register.clock() + OVER)
    async with process(slack, register) as here:
        with pytest.raises(SendError, match="without a refresh token"):
            await here.workspaces.token(FakeSlack.team)


async def test_a_wrong_key_spends_nothing(slack: FakeSlack, register: Register) -> None:
    await install_expiring(slack, register, OVER)
    async with process(slack, replace(register, vault=Vault(new_key()))) as here:
        with pytest.raises(SendError, match="cannot be read"):
            await here.workspaces.token(FakeSlack.team)
    assert slack.oauth.app.refreshed == 0


async def test_whoever_asked_may_leave_and_the_new_token_is_kept(
    slack: FakeSlack, register: Register
) -> None:
    old = register.open(await install_expiring(slack, register, OVER)).access
    async with process(slack, register) as here:
        asking = asyncio.create_task(here.workspaces.token(FakeSlack.team))
        await until(lambda: slack.oauth.app.refreshed)
        asking.cancel()
        await asyncio.wait([asking])
        await here.rotation.drained()
    assert (await stored(register)).access != old


async def test_a_token_is_not_used_before_it_is_stored(
    slack: FakeSlack, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = register.open(await install_expiring(slack, register, OVER)).access
    away = [True]
    async with process(slack, register) as here:
        _take_away(here.register.db, lambda: slack.oauth.app.refreshed and away[0], monkeypatch)
        asking = asyncio.create_task(here.workspaces.token(FakeSlack.team))
        await until(lambda: slack.oauth.app.refreshed)
        await asyncio.sleep(0.05)
        assert not asking.done()
        away.clear()
        away.append(False)
        assert await asking == (await stored(register)).access != old
    assert slack.oauth.app.refreshed == 1


async def test_an_app_that_is_removed_meanwhile_gets_no_token(
    slack: FakeSlack, register: Register
) -> None:
    seen = await install_expiring(slack, register, OVER)
    async with process(slack, register) as here:
        async with register.db.writing() as work:
            await installations.claim(
                work, seen, register.clock(), register.clock() + timedelta(seconds=60)
            )
        asking = asyncio.create_task(here.workspaces.token(FakeSlack.team))
        await until(lambda: here.rotation._under_way)
        async with register.db.writing() as work:
            await installations.remove(work, seen, register.clock())
        with pytest.raises(SendError, match="was removed"):
            await asking
    assert slack.oauth.app.refreshed == 0


def _take_away(db: Database, holds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let writing fail, as without a database, while something holds."""
    writing = db.writing

    @asynccontextmanager
    async def failing(*, urgent: bool = False) -> AsyncIterator[Any]:
        if holds():
            raise StoreUnavailable("the disk is full")
        async with writing(urgent=urgent) as work:
            yield work

    monkeypatch.setattr(db, "writing", failing)
