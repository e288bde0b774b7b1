"""The Bolt app: authorize from memory, commit, then acknowledge. It has no listeners."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.hearing import Hearing
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.logs import vendor_logger
from supportbot.errors import SupportbotError

_log = structlog.get_logger(__name__)


def build_bolt(client: AsyncWebClient, identity: Identity, hearing: Hearing) -> AsyncApp:
    """Return an app whose last middleware commits every payload before the ack.

    When the commit fails the answer is HTTP 500, or no ack on a socket, and Slack sends again.
    Signatures are checked by `http.py` before the app is asked; our own events never get as far
    as the commit, because Bolt drops them. `client` carries no token.
    """

    # Closures, because Bolt takes the names of a bound method's arguments with its `self`.
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user,
        )

    async def commit(body: dict[str, Any]) -> BoltResponse:
        return BoltResponse(status=200, body=await hearing.hear(body, identity))

    async def refuse(error: Exception) -> BoltResponse:
        # The text of a foreign error may quote what was being stored.
        shown = str(error) if isinstance(error, SupportbotError) else ""
        _log.error("slack_event_not_committed", error=type(error).__name__, detail=shown)
        return BoltResponse(status=500, body="")

    app = AsyncApp(
        name="supportbot",
        logger=vendor_logger(),
        client=client,
        authorize=authorize,
        request_verification_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.use(commit)
    app.error(refuse)
    return app
