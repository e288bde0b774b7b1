"""`GET /slack/install` and `/slack/oauth_redirect`: workspaces install the app themselves.

https://docs.slack.dev/authentication/installing-with-oauth. Bolt's flow does the protocol, over our
stores. Nothing that the request names decides where a browser is sent.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

import structlog
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import (
    AsyncCallbackOptions,
    AsyncFailureArgs,
    AsyncSuccessArgs,
)
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth import OAuthStateUtils
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from supportbot.channels.slack.config import SlackOAuth
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.installing.install_pages import (
    NOT_ALLOWED,
    failure_page,
    success_page,
)
from supportbot.channels.slack.installing.oauth_stores import (
    STATE_LIVES,
    URL,
    InstallationStore,
    StateStore,
)
from supportbot.channels.slack.logs import vendor_logger
from supportbot.channels.slack.manifest import SCOPES
from supportbot.channels.slack.web import WebSession
from supportbot.errors import ChannelError, SendError, StoreError

_log = structlog.get_logger(__name__)

INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"

#: A page of one sentence needs nothing from anywhere, and its address holds a code.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
#: What the bot needs in a workspace.
BOT_SCOPES = tuple(sorted(SCOPES))
_WORKSPACE = re.compile(r"[TE][A-Z0-9]{1,30}")
_WANTED = ("code", "state", "error")


class _NotAllowed(BoltError):
    """A workspace that is not named in `[slack] workspaces` installed the app."""


class _Flow(AsyncOAuthFlow):
    """Bolt's flow, which also knows who may install, and learns the address of a workspace."""

    def __init__(
        self, oauth: SlackOAuth, client: AsyncWebClient, given: AsyncOAuthSettings
    ) -> None:
        super().__init__(client=client, logger=vendor_logger(), settings=given)
        self._oauth = oauth

    async def store_installation(
        self, request: AsyncBoltRequest, installation: Installation
    ) -> None:
        # Who installs for a whole organisation names no workspace, and is none.
        if not self._oauth.may_install(installation.team_id, installation.enterprise_id):
            await self._give_back(installation.bot_token or "")
            raise _NotAllowed("this workspace may not install the app")
        who = await self.client.auth_test(token=installation.bot_token)
        installation.set_custom_value(URL, who.get("url"))
        await super().store_installation(request, installation)

    async def _give_back(self, token: str) -> None:
        """Let a token be good for nothing; without any, the app is not installed there any more.

        https://docs.slack.dev/reference/methods/auth.revoke
        """
        try:
            with translated("take a token back", may_repeat=True):
                await self.client.auth_revoke(token=token)
        except SendError as error:
            _log.warning("slack_token_not_revoked", detail=str(error))


_Step = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


@dataclass(frozen=True, slots=True)
class InstallParts:
    """What the way to an installation is made of."""

    oauth: SlackOAuth
    #: Base URL of the Web API; the consent page is on the same host.
    api_url: str
    session: WebSession
    installed: InstallationStore
    states: StateStore


class _Cookie(OAuthStateUtils):
    """The state's cookie: for this way only, and not sent with what other sites make."""

    def build_set_cookie_for_new_state(self, state: str) -> str:
        return f"{super().build_set_cookie_for_new_state(state)}; SameSite=Lax"


def install_routes(parts: InstallParts) -> tuple[Route, ...]:
    """Return both routes. They work in every process that hears, connected or not."""

    async def install(request: Request) -> Response:
        team = request.query_params.get("team", "")
        query = urlencode({"team": team}) if _WORKSPACE.fullmatch(team) else ""
        return await _answered(
            lambda asked: _flow(parts).handle_installation(asked), request, query
        )

    async def come_back(request: Request) -> Response:
        given = {
            name: request.query_params[name] for name in _WANTED if name in request.query_params
        }
        query = urlencode(given)
        return await _answered(lambda asked: _flow(parts).handle_callback(asked), request, query)

    return (
        Route(INSTALL_PATH, install, methods=["GET"]),
        Route(REDIRECT_PATH, come_back, methods=["GET"]),
    )


def _flow(parts: InstallParts) -> AsyncOAuthFlow:
    """Make a flow; everything is given, because Bolt takes what is missing from variables."""
    oauth = parts.oauth
    settings = AsyncOAuthSettings(
        client_id=oauth.app.client_id,
        client_secret=oauth.app.client_secret,
        scopes=BOT_SCOPES,
        user_scopes=(),
        redirect_uri=oauth.public_url.rstrip("/") + REDIRECT_PATH,
        install_path=INSTALL_PATH,
        install_page_rendering_enabled=False,
        redirect_uri_path=REDIRECT_PATH,
        callback_options=AsyncCallbackOptions(success=_installed, failure=_failed),
        authorization_url=urljoin(parts.api_url, "/oauth/v2/authorize"),
        installation_store=parts.installed,
        state_store=parts.states,
        state_expiration_seconds=int(STATE_LIVES.total_seconds()),
        logger=vendor_logger(),
    )
    settings.state_utils = _Cookie(expiration_seconds=settings.state_expiration_seconds)
    return _Flow(oauth, parts.session.plain(), settings)


async def _answered(step: _Step, request: Request, query: str) -> Response:
    """Let Bolt do a step, and turn its answer, or what broke off, into one of ours."""
    asked = AsyncBoltRequest(body="", query=query, headers=_only_cookie(request))
    try:
        with translated("install the app", may_repeat=True):
            given = await step(asked)
    except ChannelError as error:
        _log.warning("slack_install_failed", detail=str(error))
        given = _failure("unreachable", 502)
    except (StoreError, BoltError) as error:
        _log.error("slack_install_failed", error=type(error).__name__, detail=str(error))
        given = _failure("not_stored", 500)
    response = Response(given.body, given.status, headers=_HEADERS, media_type="text/html")
    for name in ("location", "set-cookie"):
        for value in given.headers.get(name, ()):
            response.headers.append(name, value)
    return response


def _only_cookie(request: Request) -> dict[str, str | Sequence[str]]:
    return {"cookie": request.headers.getlist("cookie")}


async def _installed(args: AsyncSuccessArgs) -> BoltResponse:
    granted = args.installation
    org = granted.is_enterprise_install
    owner = (granted.enterprise_id if org else granted.team_id) or ""
    name = (granted.enterprise_name if org else granted.team_name) or owner
    page = success_page(name, owner, granted.app_id or "")
    forget = args.settings.state_utils.build_set_cookie_for_deletion()
    return BoltResponse(status=200, body=page, headers={"set-cookie": forget})


async def _failed(args: AsyncFailureArgs) -> BoltResponse:
    if isinstance(args.error, _NotAllowed):
        _log.warning("slack_install_refused", reason=NOT_ALLOWED)
        return _failure(NOT_ALLOWED, 403)
    # A reason that Slack's redirect names is whatever the address bar holds.
    known = args.reason if re.fullmatch(r"[a-z_]{1,40}", args.reason) else "unknown"
    _log.warning("slack_install_refused", reason=known)
    return _failure(args.reason, args.suggested_status_code)


def _failure(reason: str, status: int) -> BoltResponse:
    return BoltResponse(status=status, body=failure_page(reason, INSTALL_PATH))
