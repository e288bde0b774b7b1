"""The Web API over HTTP: authentication, arguments in every form the SDKs use, a log of calls."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from supportbot.testing.fake_slack import chat, conversations, streams
from supportbot.testing.fake_slack.access import Method, Tenant, Tokens
from supportbot.testing.fake_slack.faults import Fault, Faults
from supportbot.testing.fake_slack.workspace import ApiRefusal

METHODS: Mapping[str, Method] = {
    "agents.sessions.setStatus": streams.set_session_status,
    "auth.test": conversations.auth_test,
    "assistant.threads.setStatus": chat.set_status,
    "chat.appendStream": streams.append,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.startStream": streams.start,
    "chat.stopStream": streams.stop,
    "chat.update": chat.update,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.join": conversations.join,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_direct,
    "conversations.replies": conversations.replies,
    "reactions.add": chat.add_reaction,
    "reactions.remove": chat.remove_reaction,
    "users.info": conversations.user_info,
    "users.lookupByEmail": conversations.user_by_email,
}
#: The only one that is called with the app-level token.
_OPEN_SOCKET = "apps.connections.open"
#: Whatever token it is called with is good for nothing afterwards.
_REVOKE = "auth.revoke"
#: The app shows its client id and secret instead of a token.
_ACCESS = "oauth.v2.access"
_SECRET = frozenset({"token", "client_secret", "code", "refresh_token"})
#: Arguments that form and query requests carry as JSON text.
_JSON_ARGUMENTS = ("attachments", "blocks", "chunks", "metadata", "prompts", "view")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API; `error` is None where it was answered `ok`."""

    method: str
    arguments: Mapping[str, Any]
    at_seconds: float
    error: str | None
    #: Whose token it was made with; None: the app's own, or none that is known.
    team: str | None = None


class WebApi:
    """Answers `/api/<method>`, each call in the workspace that its token opens."""

    def __init__(self, faults: Faults, tokens: Tokens, own: Mapping[str, Method]) -> None:
        self._faults = faults
        self._tokens = tokens
        #: Methods of the app, in no workspace: opening sockets, and handing out tokens.
        self._own = own
        self.calls: list[Call] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        method, arguments = request.match_info["method"], await _arguments(request)
        token = _token(request, arguments)
        access = self._tokens.known.get(token)
        tenant = self._tokens.meant(access, arguments) if access is not None else None
        fault = self._faults.take(method)
        if fault is None and tenant is not None:
            fault = tenant.rates.take(method, arguments)
        if fault is not None and fault.lost_after_seconds is None:
            self._record(method, arguments, fault.error, tenant)
            return _failure(fault)
        try:
            answer = {"ok": True, **self._run(method, arguments, token)}
        except ApiRefusal as refusal:
            answer = {"ok": False, "error": refusal.code}
        self._record(method, arguments, answer.get("error"), tenant)
        if fault is not None and fault.lost_after_seconds is not None:
            await asyncio.sleep(fault.lost_after_seconds)
            if request.transport is not None:
                request.transport.close()
        return web.json_response(answer, headers=tenant.scopes.header() if tenant else None)

    def _record(
        self, method: str, arguments: Mapping[str, Any], error: str | None, tenant: Tenant | None
    ) -> None:
        shown = {name: value for name, value in arguments.items() if name not in _SECRET}
        team = tenant.workspace.team if tenant else None
        self.calls.append(Call(method, shown, time.monotonic(), error, team))

    def _run(self, method: str, arguments: Mapping[str, Any], token: str) -> dict[str, Any]:
        home = self._tokens.tenants[0]
        if method == _ACCESS:
            return self._own[method](home.workspace, arguments)
        if method not in METHODS.keys() | home.methods.keys() | self._own.keys() | {_REVOKE}:
            raise ApiRefusal("unknown_method")
        if not token:
            raise ApiRefusal("not_authed")
        access = self._tokens.known.get(token)
        if access is None:
            raise ApiRefusal("invalid_auth")
        if access.refused is not None:
            raise ApiRefusal(access.refused)
        if (access.tenant is None) is not (method in self._own):
            raise ApiRefusal("not_allowed_token_type")
        if access.tenant is None:
            return self._own[method](home.workspace, arguments)
        if method == _REVOKE:
            access.refused = "token_revoked"
            return {"revoked": True}
        return self._run_in(
            self._tokens.meant(access, arguments) or access.tenant, method, arguments
        )

    def _run_in(self, tenant: Tenant, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        strayed = self._tokens.strayed(tenant, arguments)
        if strayed is not None:
            tenant.workspace.violations.append(strayed)
        tenant.scopes.check(tenant.workspace, method, arguments)
        run = tenant.methods.get(method) or METHODS[method]
        return run(tenant.workspace, arguments)


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Merge query, form and JSON arguments; the Python SDK uses all three."""
    arguments: dict[str, Any] = dict(request.query) | _client(request)
    if request.content_type == "application/json":
        body = await request.json() if request.can_read_body else {}
        arguments |= body if isinstance(body, dict) else {}
    else:
        arguments |= dict(await request.post())
    for name in _JSON_ARGUMENTS:
        if isinstance(arguments.get(name), str):
            arguments[name] = json.loads(arguments[name])
    return arguments


def _client(request: web.Request) -> dict[str, str]:
    """Return the app's id and secret of Basic authentication, which the SDKs use."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    name, _, secret = base64.b64decode(given).decode().partition(":")
    return {"client_id": name, "client_secret": secret}


def _token(request: web.Request, arguments: Mapping[str, Any]) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(arguments.get("token") or "")


def _failure(fault: Fault) -> web.Response:
    body = {"ok": False, "error": fault.error}
    return web.json_response(body, status=fault.status, headers=fault.headers)
