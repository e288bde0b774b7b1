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

from supportbot.testing.fake_slack.access import Access, Tenant, Tokens
from supportbot.testing.fake_slack.workspace import APP, ApiRefusal, Workspace

_CODE_SECONDS = 600.0


@dataclass(slots=True)
class _Code:
    """What a person's consent gave: good once, for ten minutes."""

    tenant: Tenant
    user: str
    redirect_uri: str
    ends_at: float
    used: bool = False
    whole_org: bool = False


@dataclass(slots=True)
class _Refresh:
    tenant: Tenant
    whole_org: bool
    spent: bool = False


@dataclass(slots=True)
class App:
    """The app itself, which any workspace may install.

    Set `rotates` to hand out tokens that end after `token_seconds` and are renewed by a refresh
    token, which can be spent once: to spend it again is noted as a violation.
    """

    tokens: Tokens
    violations: list[str]
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
    #: Where the next person who sees the consent page is signed in; None: in the first workspace.
    signed_in: Tenant | None = None
    #: Whether they choose their whole organisation there, in the place of their workspace.
    whole_org: bool = False
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh_tokens: dict[str, _Refresh] = field(default_factory=dict)
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
        tenant = self.signed_in or self.tokens.tenants[0]
        code = self.consent(tenant, "ada", redirect_uri)
        back = urlencode({"code": code, "state": query.get("state", "")})
        raise web.HTTPFound(f"{redirect_uri}?{back}")

    def consent(self, tenant: Tenant, user: str, redirect_uri: str) -> str:
        """Let a person allow the app; return the code that Slack sends their browser back with."""
        code = f"{secrets.randbelow(10**12):012d}.{secrets.token_hex(8)}"
        person = tenant.workspace.user(user).id
        ends_at = time.monotonic() + _CODE_SECONDS
        self._codes[code] = _Code(tenant, person, redirect_uri, ends_at, whole_org=self.whole_org)
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
        granted = self._granted(code.tenant, whole_org=code.whole_org)
        return granted | {"authed_user": {"id": code.user}}

    def spend_all(self, tenant: Tenant) -> None:
        """Void all refresh tokens of a workspace."""
        for refresh in self._refresh_tokens.values():
            refresh.spent = refresh.spent or refresh.tenant is tenant

    def _refresh(self, refresh_token: str) -> dict[str, Any]:
        refresh = self._refresh_tokens.get(refresh_token)
        if refresh is not None and refresh.spent:
            self.violations.append("a refresh token was spent twice")
        if refresh is None or refresh.spent:
            raise ApiRefusal("invalid_refresh_token")
        refresh.spent = True
        self.refreshed += 1
        return self._granted(refresh.tenant, whole_org=refresh.whole_org)

    def _granted(self, tenant: Tenant, *, whole_org: bool) -> dict[str, Any]:
        self._numbers += 1
        workspace = tenant.workspace
        for other in self.tokens.tenants if whole_org else ():
            if other.workspace.enterprise == workspace.enterprise:
                other.workspace.whole_org = True
        token = f"xoxb-{workspace.team}-{self._numbers}"
        answer: dict[str, Any] = {
            "token_type": "bot",
            "bot_user_id": workspace.bot_user,
            "scope": ",".join(self.scopes),
            "app_id": APP,
            "team": None if whole_org else {"id": workspace.team, "name": workspace.name},
            **workspace.organisation(),
            "is_enterprise_install": whole_org,
        }
        if self.rotates:
            token = f"xoxe.{token}"
            refresh = f"xoxe-1-{workspace.team}-{self._numbers}-{secrets.token_hex(4)}"
            self._refresh_tokens[refresh] = _Refresh(tenant, whole_org)
            answer |= {"refresh_token": refresh, "expires_in": int(self.token_seconds)}
        self.tokens.known[token] = Access(tenant, rotates=self.rotates, whole_org=whole_org)
        return answer | {"access_token": token}

    def _complaint(self, code: str) -> web.Response:
        self.violations.append(f"consent page: {code}")
        return web.Response(status=400, text=code)


@dataclass(slots=True)
class OAuth:
    """The app in one workspace; `slack.oauth`. Tokens work beside the workspace's first one."""

    app: App
    tenant: Tenant
    emit: Callable[[dict[str, Any]], object]

    @property
    def installed(self) -> bool:
        """Whether any token is good, so that events are sent."""
        return any(one.refused is None for one in self.app.tokens.of(self.tenant))

    def sign_in(self, *, whole_org: bool = False) -> None:
        """Let whoever sees the consent page next be signed in here, or in the organisation."""
        self.app.signed_in, self.app.whole_org = self.tenant, whole_org

    def consent(self, user: str, redirect_uri: str = "") -> str:
        """Let a person allow the app; return the code that Slack sends their browser back with."""
        return self.app.consent(self.tenant, user, redirect_uri)

    def expire(self) -> None:
        """Let every token that ends be over now."""
        for access in self.app.tokens.of(self.tenant):
            if access.rotates and access.refused is None:
                access.refused = "token_expired"

    def uninstall(self, *, revoked_first: bool = True) -> None:
        """Take the app back: all tokens are refused, and both events are sent, in either order."""
        for access in self.app.tokens.of(self.tenant):
            access.refused = "account_inactive"
        self.app.spend_all(self.tenant)
        bot_user = self.tenant.workspace.bot_user
        events: list[dict[str, Any]] = [
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot_user]}},
            {"type": "app_uninstalled"},
        ]
        for event in events if revoked_first else reversed(events):
            self.emit(event)
