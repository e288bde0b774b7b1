"""Roles: the processes of one installation, each doing its part."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from supportbot.app import House, application, opened, running
from supportbot.app.roles import choose
from supportbot.dispatch.presence import WORKERS
from supportbot.errors import SettingsError, StoreUnavailable
from supportbot.testing.fake_slack import FakeSlack

_QUESTION = "How do I restore a backup?"


@asynccontextmanager
async def browser(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=application(house))
    async with httpx2.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


async def answers(client: httpx2.AsyncClient) -> list[str]:
    shown = (await client.get("/chat/api/hosting/messages")).json()
    return [m["text"] for m in shown["messages"] if m["author"] != "customer"]


async def ask_in_chat(client: httpx2.AsyncClient) -> None:
    await client.get("/chat/hosting")
    words = {"text": _QUESTION, "client_id": str(uuid.uuid4())}
    posted = await client.post("/chat/api/hosting/messages", json=words)
    assert posted.status_code == 200, posted.text


async def until_answered(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(15):
        while not await answers(client):  # noqa: ASYNC110 - the worker decides when
            await asyncio.sleep(0.05)


async def until_ready(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(15):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def not_ready(client: httpx2.AsyncClient) -> str:
    """Wait until something is wrong; return what."""
    async with asyncio.timeout(15):
        while (answer := await client.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    assert answer.status_code == 503
    return "; ".join(answer.json()["problems"])


async def test_a_worker_that_lost_its_place_is_not_ready_until_it_has_it_again(
    settings_of: Any, postgresql_url: str
) -> None:
    """The server ends its connection, and somebody else is faster to take its lock."""
    settings = settings_of(postgresql_url)
    async with running(settings, ["worker"]) as house, browser(house) as client:
        await until_ready(client)
        async with await psycopg.AsyncConnection.connect(postgresql_url) as other:
            held = "FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
            rows = await (
                await other.execute(f"SELECT objid::int, pid {held}".encode(), (WORKERS,))
            ).fetchall()
            ((worker, pid),) = rows
            waiting = asyncio.create_task(
                other.execute("SELECT pg_advisory_xact_lock(%s, %s)", (WORKERS, worker))
            )
            async with house.wiring.db.writing() as work:
                end = text("SELECT pg_terminate_backend(:pid)")
                await work.connection.execute(end, {"pid": pid})
            await waiting
            assert "not registered" in await not_ready(client)
            await other.rollback()
        await until_ready(client)


async def test_a_worker_whose_loop_ended_is_not_ready(
    settings_of: Any, postgresql_url: str
) -> None:
    async with (
        running(settings_of(postgresql_url), ["worker"]) as house,
        browser(house) as client,
    ):
        await until_ready(client)
        dispatcher: Any = house.wiring.dispatcher
        dispatcher._working.cancel()
        assert "the dispatcher's worker ended" in await not_ready(client)


async def test_one_process_whose_sweep_ended_is_not_ready(settings_of: Any, tmp_path: Path) -> None:
    settings = settings_of(f"sqlite:///{tmp_path / 'one.db'}")
    async with running(settings) as house, browser(house) as client:
        await until_ready(client)
        dispatcher: Any = house.wiring.dispatcher
        sweep = dispatcher._periodic[0]
        sweep.cancel()
        assert f"periodic job {sweep.get_name()} ended" in await not_ready(client)


async def test_what_is_asked_in_one_process_is_answered_by_another(
    settings_of: Any, postgresql_url: str
) -> None:
    settings = settings_of(postgresql_url)
    async with running(settings, ["web"]) as web, browser(web) as client:
        await ask_in_chat(client)
        await asyncio.sleep(0.5)
        assert await answers(client) == []
        async with running(settings, ["worker"]):
            await until_answered(client)


async def test_each_role_serves_its_pages_and_every_role_its_health(
    settings_of: Any, postgresql_url: str
) -> None:
    settings = settings_of(postgresql_url)
    expected = {"worker": 404, "email": 404, "web": 200}
    for role, chat in expected.items():
        async with running(settings, [role]) as house, browser(house) as client:
            await until_ready(client)
            for path in ("/healthz", "/metrics"):
                assert (await client.get(path)).status_code == 200, (role, path)
            assert (await client.get("/chat/hosting")).status_code == chat
            dashboard = await client.get("/")
            assert (dashboard.status_code == 404) == (role != "web")


async def test_a_worker_sends_through_a_channel_it_does_not_hear(
    settings_of: Any, postgresql_url: str
) -> None:
    async with FakeSlack() as slack:
        settings = settings_of(
            postgresql_url,
            SLACK_API_URL=slack.url,
            SLACK_BOT_TOKEN=slack.bot_token,
            SLACK_APP_TOKEN=slack.app_token,
            SUPPORTBOT_SLACK_DEFAULT_PRODUCT="hosting",
        )
        async with running(settings, ["worker"]) as worker, running(settings, ["slack"]):
            await slack.connected()
            asked = slack.mention("support", "ada", _QUESTION)
            async with asyncio.timeout(15):
                while not slack.replies(asked):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.05)
            async with browser(worker) as client:
                assert (await client.get("/readyz")).json()["problems"] == []


async def test_processes_may_start_at_the_same_moment(settings_of: Any, make_postgres: Any) -> None:
    """All of them publish the same policies and import the same knowledge."""
    settings = settings_of(make_postgres())

    async def start() -> None:
        async with running(settings, ["email"]):
            pass

    await asyncio.gather(start(), start(), start())


async def test_what_operators_do_from_the_command_line_wakes_the_workers(
    settings_of: Any, postgresql_url: str
) -> None:
    settings = settings_of(postgresql_url)
    async with running(settings, ["web"]) as web, browser(web) as client:
        await ask_in_chat(client)
        async with opened(settings) as desk, desk.db.writing() as work:
            await desk.dispatcher.wake(work, 1, 1)
        async with web.wiring.db.reading() as work:
            jobs = await work.connection.exec_driver_sql("SELECT lock FROM procrastinate_jobs")
            assert jobs.scalars().all() == ["ticket:1"]


@pytest.mark.parametrize("only", [["worker"], ["web"], ["worker,web"]])
def test_sqlite_is_not_shared_by_processes(settings_of: Any, sqlite_url: str, only: Any) -> None:
    with pytest.raises(SettingsError, match="PostgreSQL"):
        choose(settings_of(sqlite_url), only)


def test_roles_are_named_one_by_one_or_by_commas(settings_of: Any) -> None:
    settings = settings_of("postgresql://localhost/bot")
    assert list(choose(settings, ["worker, slack", "email"])) == ["email", "slack", "worker"]
    assert choose(settings).works
    with pytest.raises(SettingsError, match="there are: email, slack, web, worker"):
        choose(settings, ["workers"])


async def test_a_second_process_on_the_same_sqlite_file_is_refused(
    settings_of: Any, sqlite_url: str
) -> None:
    settings = settings_of(sqlite_url)
    async with running(settings):
        with pytest.raises(StoreUnavailable, match="another supportbot runs on this database"):
            async with running(settings):
                pass
    async with running(settings):  # the first one is gone
        pass


@pytest.mark.parametrize("only", [[","], [""], [" ", ","]])
def test_list_without_a_role_is_refused(settings_of: Any, postgresql_url: str, only: Any) -> None:
    with pytest.raises(SettingsError, match="--only names no role; there are: email"):
        choose(settings_of(postgresql_url), only)
