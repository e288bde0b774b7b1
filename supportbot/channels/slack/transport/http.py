"""`POST /slack/events`: events, interactivity and commands, signed by Slack.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from supportbot.channels.slack.transport.hearing import Hearing
from supportbot.channels.slack.transport.shape import readable
from supportbot.errors import SupportbotError

_log = structlog.get_logger(__name__)

PATH = "/slack/events"
#: Far above anything Slack sends; keeps strangers from filling the memory before the signature.
MAX_BODY_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Ready:
    """What takes payloads, once it can be known whom they are sent to."""

    bolt: AsyncApp
    hearing: Hearing


def events_route(signing_secret: str, ready: Callable[[], Ready | None]) -> Route:
    """Return the route. Until `ready` gives something the answer is 503: Slack sends again."""
    verifier = SignatureVerifier(signing_secret)

    async def receive(request: Request) -> Response:
        try:
            body = await _bounded_body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return Response(status_code=413)
        if not is_signed(verifier, request, body):
            _log.warning("slack_signature_refused", size_bytes=len(body))
            return Response(status_code=401)
        connected = ready()
        if connected is None:
            return Response(status_code=503, headers={"Retry-After": "5"})
        return await _dispatch(request, body, connected)

    return Route(PATH, receive, methods=["POST"])


def is_signed(verifier: SignatureVerifier, request: Request, body: bytes) -> bool:
    """Check signature and age; whatever cannot be read is not signed."""
    try:
        return verifier.is_valid(
            body,
            request.headers.get("x-slack-request-timestamp"),
            request.headers.get("x-slack-signature"),
        )
    except (ValueError, TypeError, OverflowError):
        # A timestamp that is no number, a body that is no UTF-8, a signature that is not ASCII.
        return False


async def _bounded_body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


async def _dispatch(request: Request, body: bytes, ready: Ready) -> Response:
    bolt_request = readable(body.decode(), request.headers)
    if bolt_request is None:
        return await _keep_unreadable(body, ready)
    return to_starlette_response(await ready.bolt.async_dispatch(bolt_request))


async def _keep_unreadable(body: bytes, ready: Ready) -> Response:
    try:
        await ready.hearing.hear_unreadable(body)
    except SupportbotError as error:
        _log.error("slack_event_not_committed", error=type(error).__name__)
        return Response(status_code=500)
    return Response(status_code=200)
