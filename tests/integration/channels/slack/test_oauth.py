"""Installing the app through the browser, against FakeSlack's consent page."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from supportbot.channels.slack.installing.oauth import BOT_SCOPES, InstallParts, install_routes
from supportbot.channels.slack.installing.oauth_stores import (
    STATE_LIVES,
    InstallationStore,
    StateStore,
)
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.web import WebSession
from supportbot.errors import StoreUnavailable
from supportbot.model.installation import Installation
from supportbot.store import installations
from supportbot.store.database import Database
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.installing import (
    Browser,
    browser,
    make_register,
    oauth_of,
    web_of,
)
from tests.integration.channels.slack.listening import served

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"


@dataclass(frozen=True)
class Site:
    """The two pages, served, and a browser that looks at them."""

    slack: FakeSlack
    register: Register
    browser: Browser
    changed: list[str]
    session: WebSession

    async def begin(self, **query: str) -> str:
        """Open the install page; return the address of Slack's consent page."""
        answer = await self.browser.get(INSTALL, **query)
        assert answer.status == 302
        return answer.headers["Location"]

    async def consent(self) -> dict[str, str]:
        """Go there and allow it; return what Slack sends the browser back with."""
        answer = await self.browser.get(await self.begin())
        assert answer.status == 302
        back = urlsplit(answer.headers["Location"])
        assert back.path == REDIRECT
        return {name: values[0] for name, values in parse_qs(back.query).items()}

    async def installed(self) -> list[Installation]:
        async with self.register.db.reading() as work:
            return await installations.all_of(work, self.register.channel)


@pytest.fixture
def allowed() -> tuple[str, ...]:
    """Who may install the app; empty: any."""
    return ()


@pytest.fixture
async def site(
    slack: FakeSlack, db: Database, clock: Any, allowed: tuple[str, ...]
) -> AsyncIterator[Site]:
    register, web, changed = await make_register(db, clock), web_of(slack), list[str]()
    parts = InstallParts(
        oauth=replace(oauth_of(slack), workspaces=frozenset(allowed)),
        api_url=slack.url,
        session=web,
        installed=InstallationStore(register, changed.append),
        states=StateStore(register, "the installation's secret"),
    )
    slack.oauth.app.redirect_urls.add(f"https://bot.example{REDIRECT}")
    async with served(install_routes(parts)) as origin, browser(origin) as visitor:
        yield Site(slack, register, visitor, changed, web)
    await web.aclose()


async def page(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    return answer.status, await answer.text()


async def test_a_workspace_installs_the_app(site: Site) -> None:
    status, text = await page(await site.browser.get(REDIRECT, **await site.consent()))
    assert status == 200
    assert "The support bot is in Fake now" in text
    (found,) = await site.installed()
    assert (found.grant.owner, found.grant.name) == (FakeSlack.team, "Fake")
    assert (found.grant.bot_user, found.grant.scopes) == (FakeSlack.bot_user, BOT_SCOPES)
    assert found.grant.url == "https://fake.slack.test/"
    assert found.grant.expires_at is None
    assert site.register.open(found).access in site.slack.oauth.app.tokens.known
    assert site.changed == [FakeSlack.team]


@pytest.mark.parametrize("allowed", [("T0OTHER", "E0OTHER")])
@pytest.mark.parametrize("unreachable", [False, True])
async def test_a_workspace_that_may_not_is_told_so_and_its_token_thrown_away(
    site: Site, *, unreachable: bool
) -> None:
    back = await site.consent()
    if unreachable:
        site.slack.faults.fail("auth.revoke", "internal_error")
    status, text = await page(await site.browser.get(REDIRECT, **back))
    assert status == 403
    assert "not one of those that this bot works for" in text
    assert await site.installed() == []
    assert site.changed == []
    (call,) = site.slack.calls("auth.revoke")
    assert (call.team, call.error) == (FakeSlack.team, "internal_error" if unreachable else None)


@pytest.mark.parametrize("allowed", [(FakeSlack.team, "T0OTHER")])
async def test_a_workspace_that_is_named_may_install_the_app(site: Site) -> None:
    assert (await site.browser.get(REDIRECT, **await site.consent())).status == 200
    assert [one.grant.owner for one in await site.installed()] == [FakeSlack.team]
    assert site.slack.calls("auth.revoke") == []


async def test_a_rotating_token_is_stored_with_its_end_and_its_successor(site: Site) -> None:
    site.slack.oauth.app.rotates = True
    await site.browser.get(REDIRECT, **await site.consent())
    (found,) = await site.installed()
    assert found.grant.expires_at is not None
    tokens = site.register.open(found)
    assert tokens.access.startswith("xoxe.xoxb-")
    assert str(tokens.refresh).startswith("xoxe-1-")


async def test_no_token_stands_in_the_database(site: Site) -> None:
    site.slack.oauth.app.rotates = True
    await site.browser.get(REDIRECT, **await site.consent())
    (found,) = await site.installed()
    assert "xox" not in repr(found)


async def test_installing_again_replaces_the_token(site: Site) -> None:
    await site.browser.get(REDIRECT, **await site.consent())
    (first,) = await site.installed()
    await site.browser.get(REDIRECT, **await site.consent())
    (second,) = await site.installed()
    assert first.id == second.id
    assert site.register.open(first).access != site.register.open(second).access


async def test_the_consent_page_is_slacks_and_asks_for_what_is_needed(site: Site) -> None:
    address = urlsplit(await site.begin(team="T0ADA"))
    asked = parse_qs(address.query)
    assert f"http://{address.netloc}/api/" == site.slack.url
    assert address.path == "/oauth/v2/authorize"
    assert asked["scope"] == [",".join(BOT_SCOPES)]
    assert asked["redirect_uri"] == [f"https://bot.example{REDIRECT}"]
    assert asked["team"] == ["T0ADA"]
    assert "user_scope" not in asked


@pytest.mark.parametrize(
    "team", ["https://evil.example", "T1&redirect_uri=https://evil.example", "T1\r\nX: y", "t"]
)
async def test_what_the_request_names_leads_nowhere_else(site: Site, team: str) -> None:
    address = await site.begin(
        team=team, redirect_uri="https://evil.example", next="//evil.example"
    )
    assert "evil" not in address
    assert "team" not in parse_qs(urlsplit(address).query)


async def test_a_state_comes_back_once(site: Site) -> None:
    back = await site.consent()
    cookies = dict(site.browser.cookies)
    assert (await site.browser.get(REDIRECT, **back)).status == 200
    site.browser.cookies = cookies
    code = site.slack.oauth.consent("ada", f"https://bot.example{REDIRECT}")
    status, text = await page(await site.browser.get(REDIRECT, **(back | {"code": code})))
    assert status == 401
    assert "opened a second time" in text
    assert len(site.slack.calls("oauth.v2.access")) == 1


async def test_the_cookie_goes_once_the_app_is_installed(site: Site) -> None:
    back = await site.consent()
    (cookie,) = (await site.browser.get(INSTALL)).headers.getall("Set-Cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    back = await site.consent()
    answer = await site.browser.get(REDIRECT, **back)
    assert "=deleted;" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("cookies", [{}, {"slack-app-oauth-state": "other"}])
async def test_another_browser_cannot_finish(site: Site, cookies: dict[str, str]) -> None:
    back = await site.consent()
    site.browser.cookies = cookies
    status, text = await page(await site.browser.get(REDIRECT, **back))
    assert status == 400
    assert "another browser" in text
    assert await site.installed() == []


@pytest.mark.parametrize("change", ["forged", "longer", "empty"])
async def test_a_forged_state_is_refused_even_with_its_cookie(site: Site, change: str) -> None:
    back = await site.consent()
    ends, _, rest = back["state"].partition("-")
    state = {
        "forged": "9999999999-AAAA.AAAA",
        "longer": f"{int(ends) + 3600}-{rest}",
        "empty": "",
    }[change]
    site.browser.cookies = {"slack-app-oauth-state": state}
    answer = await site.browser.get(REDIRECT, **(back | {"state": state}))
    assert answer.status in {400, 401}
    assert await site.installed() == []
    assert site.slack.calls("oauth.v2.access") == []


async def test_a_state_is_good_for_ten_minutes(site: Site, clock: Any) -> None:
    back = await site.consent()
    clock.advance(seconds=STATE_LIVES.total_seconds())
    assert (await site.browser.get(REDIRECT, **back)).status == 401
    assert await site.installed() == []


async def test_another_installations_state_is_not_ours(site: Site) -> None:
    state = await StateStore(site.register, "another secret").async_issue()
    site.browser.cookies = {"slack-app-oauth-state": state}
    assert (await site.browser.get(REDIRECT, state=state, code="1")).status == 401


async def test_looking_at_the_install_page_stores_nothing(site: Site) -> None:
    asked: list[str] = []
    with site.register.db.watched(asked.append):
        for _ in range(5):
            await site.begin()
    assert asked == []


async def test_saying_no_is_told_and_changes_nothing(site: Site) -> None:
    status, text = await page(await site.browser.get(REDIRECT, error="access_denied"))
    assert status == 200
    assert "nothing was changed" in text
    assert await site.installed() == []


async def test_what_the_address_bar_holds_is_not_shown(site: Site) -> None:
    nasty = "<script>alert(1)</script>"
    answer = await site.browser.get(REDIRECT, error=nasty, state=nasty, code=nasty)
    assert "script" not in await answer.text()
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_refused_code_is_told_and_not_logged(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    back = await site.consent()
    with caplog.at_level(logging.DEBUG):
        status, text = await page(await site.browser.get(REDIRECT, **(back | {"code": "s3cret"})))
    assert status == 401
    assert "Slack did not accept" in text
    assert "oauth.v2.access" in caplog.text
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name != "aiohttp.access")
    assert "s3cret" not in ours
    assert site.slack.oauth.app.client_secret not in ours


async def test_a_slack_that_is_away_is_told(site: Site) -> None:
    back = await site.consent()
    site.slack.faults.lose_answer("oauth.v2.access")
    status, text = await page(await site.browser.get(REDIRECT, **back))
    assert status == 502
    assert "Slack did not answer" in text
    assert await site.installed() == []


async def test_a_token_that_slack_does_not_know_itself_is_not_stored(site: Site) -> None:
    back = await site.consent()
    site.slack.faults.fail("auth.test", "fatal_error", status=503)
    status, text = await page(await site.browser.get(REDIRECT, **back))
    assert status == 401
    assert "Nothing was installed" in text
    assert await site.installed() == []


async def test_a_store_that_is_away_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    back = await site.consent()

    async def away(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(installations, "save", away)
    status, text = await page(await site.browser.get(REDIRECT, **back))
    assert status == 500
    assert "could not be stored" in text
    assert "disk" not in text


async def test_a_wrong_client_secret_is_told(site: Site) -> None:
    back = await site.consent()
    site.slack.oauth.app.client_secret = "another"
    assert (await site.browser.get(REDIRECT, **back)).status == 401


async def test_variables_that_bolt_reads_change_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLACK_SCOPES", "SLACK_USER_SCOPES", "SLACK_REDIRECT_URI", "SLACK_CLIENT_ID"):
        monkeypatch.setenv(name, "https://evil.example")
    assert "evil" not in await site.begin()
    assert (await site.browser.get(REDIRECT, **await site.consent())).status == 200


async def test_a_channel_that_has_been_stopped_says_so(site: Site) -> None:
    await site.session.aclose()
    status, text = await page(await site.browser.get(INSTALL))
    assert status == 502
    assert "Nothing was installed" in text
    site.session.reopen()
    assert (await site.browser.get(INSTALL)).status == 302
