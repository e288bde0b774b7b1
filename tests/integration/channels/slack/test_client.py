from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.errors import SlackApiError

from supportbot.channels.slack.config import Transport
from supportbot.channels.slack.web import SlackWeb, WebSession
from supportbot.errors import SendError
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import make_config


class Tokens:
    """Gives tokens in turn; the last one for ever."""

    def __init__(self, *tokens: str) -> None:
        self._left = list(tokens)
        self.refused: list[str] = []

    async def token(self) -> str:
        return self._left[0]

    async def another(self, refused: str, code: str) -> str | None:
        assert code
        self.refused.append(refused)
        if len(self._left) == 1:
            return None
        return self._left.pop(0) and self._left[0]


@pytest.fixture
async def session(slack: FakeSlack) -> AsyncIterator[WebSession]:
    session = WebSession(make_config(slack, Transport.HTTP))
    yield session
    await session.aclose()


async def test_a_call_is_made_with_the_token_of_that_moment(
    slack: FakeSlack, session: WebSession
) -> None:
    other = slack.another("umbrella")
    bought = slack.oauth.app.access(
        slack.workspace,
        {
            "client_id": slack.oauth.app.client_id,
            "client_secret": slack.oauth.app.client_secret,
            "code": other.oauth.consent("ada"),
        },
    )
    tokens = Tokens(slack.bot_token)
    client = SlackWeb(session, tokens).client()
    assert (await client.auth_test())["team_id"] == slack.team
    tokens._left = [bought["access_token"]]
    assert (await client.auth_test())["team_id"] == other.team


@pytest.mark.parametrize("code", ["token_expired", "token_revoked", "invalid_auth"])
async def test_a_refused_token_is_looked_up_again_once(
    slack: FakeSlack, session: WebSession, code: str
) -> None:
    slack.faults.fail("auth.test", code)
    tokens = Tokens("xoxb-old", slack.bot_token)
    assert (await SlackWeb(session, tokens).client().auth_test())["team_id"] == slack.team
    assert tokens.refused == ["xoxb-old"]


async def test_a_refused_token_without_another_one_is_an_error(
    slack: FakeSlack, session: WebSession
) -> None:
    tokens = Tokens("xoxb-unknown")
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await SlackWeb(session, tokens).client().auth_test()
    assert len(slack.calls("auth.test")) == 1


async def test_other_refusals_ask_for_no_other_token(slack: FakeSlack, session: WebSession) -> None:
    tokens = Tokens(slack.bot_token, "xoxb-other")
    slack.faults.fail("auth.test", "missing_scope")
    with pytest.raises(SlackApiError):
        await SlackWeb(session, tokens).client().auth_test()
    assert tokens.refused == []


async def test_a_closed_session_is_refused_and_a_reopened_one_serves_again(
    slack: FakeSlack, session: WebSession
) -> None:
    web = SlackWeb(session, Tokens(slack.bot_token))
    await web.client().auth_test()
    await session.aclose()
    with pytest.raises(SendError, match="stopped"):
        web.client()
    session.reopen()
    assert (await web.client().auth_test())["team_id"] == slack.team
