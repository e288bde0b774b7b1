"""The JSON endpoints under `/chat/api/`.

A visitor is whoever the cookie says; nothing in a request can name another one's conversation.
Errors are `{"error": <status phrase>, "message": <for the visitor>}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from supportbot.channels.base import Accept
from supportbot.channels.web import checks
from supportbot.channels.web.config import WebConfig
from supportbot.channels.web.html import to_html
from supportbot.channels.web.limits import RateLimit
from supportbot.channels.web.said import MESSAGE, Said, encode, thread_key
from supportbot.channels.web.visitors import Visitor, Visitors
from supportbot.errors import StoreUnavailable
from supportbot.model.inbound import Accepted, ActionKind, Inbound
from supportbot.model.time import Clock
from supportbot.store import webchat
from supportbot.store.database import Database
from supportbot.store.webchat import Shown

_RETRY_SECONDS = 5
_WAIT_A_MINUTE = "That was a lot of messages at once. Please wait a minute, then send it again."
_UNREACHABLE = "The chat can't be reached just now. Please try again in a moment."

_Answer = Callable[[Request, Visitor], Awaitable[dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where what visitors do is handed over, and where their conversations are read."""

    channel: str
    accept: Accept
    db: Database
    clock: Clock


class ChatApi:
    """Answers the page's requests."""

    def __init__(self, endpoint: Endpoint, config: WebConfig, visitors: Visitors) -> None:
        self._endpoint = endpoint
        self._config = config
        self._visitors = visitors
        self._by_visitor = RateLimit(config.messages_per_minute)
        self._by_address = RateLimit(config.messages_per_minute_and_address)

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        path = "/chat/api/{product}"
        return (
            Route(f"{path}/messages", self._answering(self._transcript), methods=["GET"]),
            Route(f"{path}/messages", self._answering(self._message), methods=["POST"]),
            Route(f"{path}/escalate", self._answering(self._escalate), methods=["POST"]),
            Route(f"{path}/feedback", self._answering(self._feedback), methods=["POST"]),
        )

    def _answering(self, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
        """Turn an answer into a response: the cookie, the product's check, errors as JSON."""

        async def respond(request: Request) -> Response:
            visitor = self._visitors.recognise(request)
            try:
                self._check(request, visitor)
                response = JSONResponse(await answer(request, visitor))
            except HTTPException as refused:
                return _refusal(refused.status_code, str(refused.detail))
            except StoreUnavailable:
                self._give_back(request, visitor)
                return _refusal(503, _UNREACHABLE)
            if not visitor.known:
                self._visitors.remember(response, visitor)
            response.headers["Cache-Control"] = "no-store"
            return response

        return respond

    def _check(self, request: Request, visitor: Visitor) -> None:
        if request.path_params["product"] not in self._config.products:
            known = ", ".join(sorted(self._config.products))
            raise HTTPException(404, f"There is no such product. Known products: {known}")
        if request.method != "POST":
            return
        checks.check_same_origin(request, self._config.public_host)
        now = self._endpoint.clock()
        if not self._by_address.allows(_address(request), now) or not self._by_visitor.allows(
            visitor.id, now
        ):
            raise HTTPException(429, _WAIT_A_MINUTE)

    def _give_back(self, request: Request, visitor: Visitor) -> None:
        """Let a visitor repeat what could not be stored as often as it takes."""
        if request.method == "POST":
            self._by_address.give_back(_address(request))
            self._by_visitor.give_back(visitor.id)

    async def _message(self, request: Request, visitor: Visitor) -> dict[str, object]:
        body = await checks.read_json(request)
        text, client_id = checks.text_of(body), checks.client_id_of(body)
        said = Said(MESSAGE, request.path_params["product"], visitor.id, text=text)
        accepted = await self._accept(said, client_id)
        if accepted.suppressed is not None:
            raise HTTPException(422, "This message can't be answered.")
        return {"ticket": accepted.ticket, "duplicate": accepted.duplicate}

    async def _escalate(self, request: Request, visitor: Visitor) -> dict[str, object]:
        body = await checks.read_json(request)
        said = Said(ActionKind.ESCALATE, request.path_params["product"], visitor.id)
        return await self._act(said, checks.client_id_of(body))

    async def _feedback(self, request: Request, visitor: Visitor) -> dict[str, object]:
        body = await checks.read_json(request)
        reply, value = body.get("reply"), body.get("value")
        if not isinstance(reply, str) or value not in (1, -1):
            raise HTTPException(422, "Send the reply's id as reply, and 1 or -1 as value.")
        said = Said(
            ActionKind.FEEDBACK,
            request.path_params["product"],
            visitor.id,
            delivery_key=reply,
            value=1 if value == 1 else -1,
        )
        return await self._act(said, checks.client_id_of(body))

    async def _act(self, said: Said, client_id: str) -> dict[str, object]:
        accepted = await self._accept(said, client_id)
        if accepted.suppressed is not None:
            raise HTTPException(409, "There is no conversation yet. Please write a message first.")
        return {"ticket": accepted.ticket, "duplicate": accepted.duplicate}

    async def _accept(self, said: Said, client_id: str) -> Accepted:
        return await self._endpoint.accept(
            Inbound(
                channel=self._endpoint.channel,
                keys=(f"{said.visitor}:{client_id}",),
                raw=encode(said),
                meta={},
                received_at=self._endpoint.clock(),
            )
        )

    async def _transcript(self, request: Request, visitor: Visitor) -> dict[str, object]:
        """Return what is new for the visitor; `next` is what to ask `after` the next time.

        `after` counts within one ticket, so the page names the ticket it knows; if the
        conversation went on in another one, all of that is new.
        """
        after, known = checks.after_of(request), request.query_params.get("ticket")
        key = thread_key(request.path_params["product"], visitor.id)
        async with self._endpoint.db.reading() as work:
            ticket = await webchat.find(work, self._endpoint.channel, key)
            if ticket is None:
                return {"ticket": None, "messages": [], "next": 0, "waiting": False}
            if known is not None and known != ticket.public_id:
                after = 0
            part = await webchat.part(work, ticket, after)
        return {
            "ticket": ticket.public_id,
            "status": ticket.status,
            "handler": ticket.handler,
            "waiting": ticket.bot_owes or part.unsent or part.growing is not None,
            "growing": to_html(part.growing) if part.growing else None,
            "messages": [_shown(message) for message in part.messages],
            "next": part.next_after,
        }


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _shown(message: Shown) -> dict[str, object]:
    own = message.author == "customer"
    return {
        "seq": message.seq,
        "author": message.author,
        "text": message.text,
        "html": None if own else to_html(message.text),
        "created_at": message.created_at.isoformat(),
        "notice": message.notice,
        "reply": message.reply,
        "rating": message.rating,
    }


def _refusal(status: int, message: str) -> JSONResponse:
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "60"
    error = HTTPStatus(status).phrase.lower().replace(" ", "_")
    return JSONResponse({"error": error, "message": message}, status, headers)
