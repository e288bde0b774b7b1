"""The fake's way to an installation, called as the SDK and a browser call it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.testing.fake_slack import FakeSlack
from tests.integration.testing.calling import refusal

BACK = "https://bot.example/back"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(strict=False) as fake:
        yield fake


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(base_url=slack.url, session=session)


def app(slack: FakeSlack) -> dict[str, str]:
    return {"client_id": slack.oauth.app.client_id, "client_secret": slack.oauth.app.client_secret}


async def consented(slack: FakeSlack, **query: str) -> aiohttp.ClientResponse:
    address = slack.url.replace("/api/", "/oauth/v2/authorize")
    asked = {"client_id": slack.oauth.app.client_id, "scope": "chat:write", "redirect_uri": BACK}
    async with aiohttp.ClientSession() as session:
        return await session.get(address, params=asked | query, allow_redirects=False)


async def test_consent_leads_back_with_a_code_that_buys_a_token(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    answer = await consented(slack, state="s")
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["s"]
    code = back["code"][0]
    bought = await client.oauth_v2_access(**app(slack), code=code, redirect_uri=BACK)
    assert (bought["team"]["id"], bought["scope"]) == (FakeSlack.team, "chat:write")
    assert (await client.auth_test(token=bought["access_token"]))["team_id"] == FakeSlack.team
    again = client.oauth_v2_access(**app(slack), code=code, redirect_uri=BACK)
    assert await refusal(again) == "code_already_used"
    assert slack.violations == []


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"client_id": "other"}, "invalid_client_id"),
        ({"scope": ""}, "invalid_scope_requested"),
        ({"redirect_uri": "https://evil.example"}, "bad_redirect_uri"),
    ],
)
async def test_a_wrong_way_to_the_consent_page_is_a_violation(
    slack: FakeSlack, query: dict[str, str], complaint: str
) -> None:
    slack.oauth.app.redirect_urls.add(BACK)
    assert (await consented(slack, **query)).status == 400
    assert slack.violations == [f"consent page: {complaint}"]


async def test_codes_and_credentials_are_checked(slack: FakeSlack, client: AsyncWebClient) -> None:
    code = slack.oauth.consent("ada", BACK)
    wrong = app(slack) | {"client_secret": "x"}
    assert await refusal(client.oauth_v2_access(**wrong, code=code)) == "bad_client_secret"
    assert await refusal(client.oauth_v2_access(**app(slack), code="x")) == "invalid_code"
    assert await refusal(client.oauth_v2_access(**app(slack), code=code)) == "bad_redirect_uri"


async def test_a_refresh_token_is_good_once(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.oauth.app.rotates = True
    bought = await client.oauth_v2_access(**app(slack), code=slack.oauth.consent("ada"))
    refreshing = {"grant_type": "refresh_token", "refresh_token": bought["refresh_token"]}
    newer = await client.oauth_v2_access(**app(slack), **refreshing)
    assert newer["access_token"] != bought["access_token"]
    assert newer["refresh_token"] != bought["refresh_token"]
    again = client.oauth_v2_access(**app(slack), **refreshing)
    assert await refusal(again) == "invalid_refresh_token"
    assert slack.violations == ["a refresh token was spent twice"]


async def test_tokens_end_and_are_taken_back(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.oauth.app.rotates = True
    bought = await client.oauth_v2_access(**app(slack), code=slack.oauth.consent("ada"))
    slack.oauth.expire()
    assert await refusal(client.auth_test(token=bought["access_token"])) == "token_expired"
    slack.oauth.uninstall(revoked_first=False)
    assert await refusal(client.auth_test(token=slack.bot_token)) == "account_inactive"
    kinds = [event.payload["event"]["type"] for event in slack.deliveries]
    assert kinds == ["app_uninstalled", "tokens_revoked"]


async def test_secrets_stay_out_of_the_log_of_calls(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    code = slack.oauth.consent("ada")
    await client.oauth_v2_access(**app(slack), code=code)
    (call,) = slack.calls("oauth.v2.access")
    assert call.arguments == {"client_id": slack.oauth.app.client_id}


async def test_two_workspaces_share_an_app_and_nothing_else(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    other = slack.another("umbrella")
    bought = await client.oauth_v2_access(**app(slack), code=other.oauth.consent("ada"))
    theirs = bought["access_token"]
    assert bought["team"]["id"] == other.team != slack.team
    who = await client.auth_test(token=theirs)
    assert (who["team_id"], who["user_id"]) == (other.team, other.bot_user)
    assert other.bot_user != slack.bot_user
    (support,) = (one for one in other.workspace.channels.values() if one.name == "support")
    await client.chat_postMessage(token=theirs, channel=support.id, text="Hello")
    assert [message.text for message in other.workspace.messages] == ["Hello"]
    assert slack.workspace.messages == []
    assert [call.team for call in slack.calls("chat.postMessage")] == [other.team]


async def test_a_token_that_strays_is_refused_and_noted(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    other = slack.another("umbrella")
    (support,) = (one for one in other.workspace.channels.values() if one.name == "support")
    strays = client.chat_postMessage(token=slack.bot_token, channel=support.id, text="Hello")
    assert await refusal(strays) == "channel_not_found"
    assert slack.violations == [f"a token of {slack.team} on {support.id} of {other.team}"]


async def test_events_come_from_where_the_app_is_installed(slack: FakeSlack) -> None:
    other = slack.another("umbrella")
    other.mention("support", "ada", "Hello?")
    assert slack.deliveries == []
    slack.oauth.app.access(slack.workspace, app(slack) | {"code": other.oauth.consent("ada")})
    other.mention("support", "ada", "Hello?")
    kinds = [(one.payload["team_id"], one.payload["event"]["type"]) for one in slack.deliveries]
    assert kinds == [(other.team, "message"), (other.team, "app_mention")]
    (authorization,) = slack.deliveries[0].payload["authorizations"]
    assert authorization["user_id"] == other.bot_user
    other.oauth.uninstall()
    other.mention("support", "ada", "Anybody?")
    assert len(slack.deliveries) == 4
