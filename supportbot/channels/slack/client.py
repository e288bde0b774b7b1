"""The SDK's client with a token that is looked up for each call."""

from __future__ import annotations

from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from supportbot.channels.slack.failures import error_code

#: Slack did nothing, because the token is no good (any more).
EXPIRED = "token_expired"
_REFUSED = frozenset({"account_inactive", "invalid_auth", EXPIRED, "token_revoked"})


class TokenSource(Protocol):
    """Gives the token of one workspace."""

    async def token(self) -> str:
        """Return the token that is good now.

        Raises:
            SendError: there is none (`permanent`), or none can be had now.
        """

    async def another(self, refused: str, code: str) -> str | None:
        """Look again after Slack refused a token with this code; None: there is no other one.

        Raises:
            SendError: as of `token`.
        """


class FixedToken:
    """The one token of the environment."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """Return it."""
        return self._token

    async def another(self, refused: str, code: str) -> str | None:
        """Return None: there is only one."""
        del refused, code
        return None


class SlackClient(AsyncWebClient):
    """Makes each call with the workspace's present token, whoever keeps the client however long."""

    def __init__(self, tokens: TokenSource, **given: Any) -> None:
        super().__init__(**given)
        self._tokens = tokens

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        """Call a method; with another token once more where Slack refused the first one.

        Raises:
            SlackApiError: Slack refused.
            SendError: there is no token.
        """
        self.token = used = await self._tokens.token()
        try:
            return await super().api_call(api_method, **given)
        except SlackApiError as error:
            code = error_code(error)
            other = await self._tokens.another(used, code) if code in _REFUSED else None
            if other is None:
                raise
        self.token = other
        return await super().api_call(api_method, **given)
