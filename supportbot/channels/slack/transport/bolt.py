"""The Bolt app: authorize from memory, commit, then acknowledge. It has no listeners."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext as Context
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.installing.origin import origin_of
from supportbot.channels.slack.installing.workspaces import Workspaces, is_taken_back
from supportbot.channels.slack.logs import vendor_logger
from supportbot.channels.slack.parsing.shared import perhaps_ours
from supportbot.channels.slack.transport.hearing import Hearing
from supportbot.errors import SupportbotError

_log = structlog.get_logger(__name__)

#: Where a request's context keeps to whom it was sent.
_IDENTITY = "supportbot_identity"


def build_bolt(client: AsyncWebClient, workspaces: Workspaces, hearing: Hearing) -> AsyncApp:
    """Return an app whose last middleware commits every payload before the ack.

    When the commit fails the answer is HTTP 500, or no ack on a socket, and Slack sends again.
    Signatures are checked by `http.py` before the app is asked; our own events never get as far
    as the commit, because Bolt drops them. `client` carries no token. A payload for a workspace
    that is not ours (any more) is committed too, with its reason.

    Bolt turns to the OAuth way by itself where SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set: the
    `authorize` that it is given keeps it from asking any store, and a store that holds nothing from
    taking up its own, of files.
    """

    # Closures, because Bolt takes the names of a bound method's arguments with its `self`.
    async def recognise(
        body: dict[str, Any], context: Context, next_: Callable[[], Awaitable[object]]
    ) -> None:
        origin = origin_of(body)
        nobody = Identity(next(iter(origin.teams), ""), "", "")
        context[_IDENTITY] = await workspaces.identity(origin, perhaps_ours(body)) or nobody
        if is_taken_back(body):
            await workspaces.taken_back(origin, body)
        await next_()

    async def authorize(context: Context) -> AuthorizeResult:
        identity: Identity = context[_IDENTITY]
        return AuthorizeResult(
            enterprise_id=identity.enterprise or None,
            team_id=identity.team,
            bot_id=identity.bot_id or None,
            bot_user_id=identity.bot_user or None,
        )

    async def commit(body: dict[str, Any], context: Context) -> BoltResponse:
        return BoltResponse(status=200, body=await hearing.hear(body, context[_IDENTITY]))

    async def refuse(error: Exception) -> BoltResponse:
        # The text of a foreign error may quote what was being stored.
        shown = str(error) if isinstance(error, SupportbotError) else ""
        _log.error("slack_event_not_committed", error=type(error).__name__, detail=shown)
        return BoltResponse(status=500, body="")

    app = AsyncApp(
        name="supportbot",
        logger=vendor_logger(),
        client=client,
        before_authorize=recognise,
        authorize=authorize,
        installation_store=AsyncInstallationStore(),
        request_verification_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.use(commit)
    app.error(refuse)
    return app
