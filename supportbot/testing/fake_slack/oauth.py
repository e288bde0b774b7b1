"""Installing the app: consent, codes, tokens that end, and taking the app back.

https://docs.slack.dev/authentication/installing-with-oauth and
https://docs.slack.dev/authentication/using-token-rotation.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from supportbot.testing.fake_slack.workspace import APP, BOT_USER, TEAM, ApiRefusal, Workspace

_CODE_SECONDS = 600.0


@dataclass(slots=True)
class _Code:
    """What a person's consent gave: good once, for ten minutes."""

    user: str
    redirect_uri: str
    ends_at: float
    used: bool = False


@dataclass(slots=True)
class OAuth:
    """The installations of the app. Tokens that it hands out work beside the first one.

    Set `rotates` to hand out tokens that end after `token_seconds` and are renewed by a refresh
    token, which can be spent once: to spend it again is noted as a violation.
    """

    workspace: Workspace
    #: Token → what it opens, or the error that it is refused with; shared with the Web API.
    tokens: dict[str, str]
    emit: Callable[[dict[str, Any]], object]
    client_id: str = "fake-client-id"
    client_secret: str = "fake-client-secret"  # noqa: S105 - opens nothing but this fake
    #: Where browsers may be sent back to, as the app's settings list them; empty: anywhere.
    redirect_urls: set[str] = field(default_factory=set)
    rotates: bool = False
    token_seconds: float = 43_200.0
    #: Scopes of the newest consent.
    scopes: tuple[str, ...] = ()
    #: How often a refresh token was spent.
    refreshed: int = 0
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh_tokens: dict[str, bool] = field(default_factory=dict)
    _numbers: int = 0

    async def consent_page(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /oauth/v2/authorize` as if a person had pressed Allow at once."""
        query = request.query
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self.client_id:
            return self._complaint("invalid_client_id")
        if not query.get("scope"):
            return self._complaint("invalid_scope_requested")
        if self.redirect_urls and redirect_uri not in self.redirect_urls:
            return self._complaint("bad_redirect_uri")
        self.scopes = tuple(query["scope"].split(","))
        code = self.consent("ada", redirect_uri)
        back = urlencode({"code": code, "state": query.get("state", "")})
        raise web.HTTPFound(f"{redirect_uri}?{back}")

    def consent(self, user: str, redirect_uri: str = "") -> str:
        """Let a person allow the app; return the code that Slack sends their browser back with."""
        code = f"{secrets.randbelow(10**12):012d}.{secrets.token_hex(8)}"
        person = self.workspace.user(user).id
        self._codes[code] = _Code(person, redirect_uri, time.monotonic() + _CODE_SECONDS)
        return code

    def access(self, workspace: Workspace, args: Mapping[str, Any]) -> dict[str, Any]:
        """https://docs.slack.dev/reference/methods/oauth.v2.access, of codes and refresh tokens."""
        del workspace
        if args.get("client_id") != self.client_id:
            raise ApiRefusal("invalid_client_id")
        if args.get("client_secret") != self.client_secret:
            raise ApiRefusal("bad_client_secret")
        if args.get("grant_type") == "refresh_token":
            return self._refresh(str(args.get("refresh_token")))
        code = self._codes.get(str(args.get("code")))
        if code is None or code.ends_at < time.monotonic():
            raise ApiRefusal("invalid_code")
        if code.used:
            raise ApiRefusal("code_already_used")
        if code.redirect_uri != (args.get("redirect_uri") or ""):
            raise ApiRefusal("bad_redirect_uri")
        code.used = True
        return {
            **self._token(),
            "app_id": APP,
            "team": {"id": TEAM, "name": "Fake"},
            "enterprise": None,
            "is_enterprise_install": False,
            "authed_user": {"id": code.user},
        }

    def expire(self) -> None:
        """Let every token that ends be over now."""
        for token, kind in self.tokens.items():
            if token.startswith("xoxe.") and kind == "bot":
                self.tokens[token] = "token_expired"

    def uninstall(self, *, revoked_first: bool = True) -> None:
        """Take the app back: all tokens are refused, and both events are sent, in either order."""
        for token, kind in self.tokens.items():
            if kind == "bot":
                self.tokens[token] = "account_inactive"
        for spent in self._refresh_tokens:
            self._refresh_tokens[spent] = True
        events: list[dict[str, Any]] = [
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}},
            {"type": "app_uninstalled"},
        ]
        for event in events if revoked_first else reversed(events):
            self.emit(event)

    def _refresh(self, refresh_token: str) -> dict[str, Any]:
        spent = self._refresh_tokens.get(refresh_token)
        if spent:
            self.workspace.violations.append("a refresh token was spent twice")
        if spent is not False:
            raise ApiRefusal("invalid_refresh_token")
        self._refresh_tokens[refresh_token] = True
        self.refreshed += 1
        return {
            **self._token(),
            "app_id": APP,
            "team": {"id": TEAM, "name": "Fake"},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _token(self) -> dict[str, Any]:
        self._numbers += 1
        token = f"xoxb-{TEAM}-{self._numbers}"
        answer: dict[str, Any] = {
            "token_type": "bot",
            "bot_user_id": BOT_USER,
            "scope": ",".join(self.scopes),
        }
        if self.rotates:
            token = f"xoxe.{token}"
            refresh = f"xoxe-1-{TEAM}-{self._numbers}-{secrets.token_hex(4)}"
            self._refresh_tokens[refresh] = False
            answer |= {"refresh_token": refresh, "expires_in": int(self.token_seconds)}
        self.tokens[token] = "bot"
        return answer | {"access_token": token}

    def _complaint(self, code: str) -> web.Response:
        self.workspace.violations.append(f"consent page: {code}")
        return web.Response(status=400, text=code)
