"""What all endpoints of the lab page have in common: how they are asked, and how they refuse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from supportbot.channels.web import checks
from supportbot.errors import NotFoundError, SupportbotError

Json = dict[str, Any]
Body = Mapping[str, Any]
Answer = Callable[[Request], Awaitable[Json]]
#: What a visitor of the page does.
Act = Callable[[Body], Awaitable[Json]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def one_of(body: Body, name: str, allowed: Sequence[str]) -> str:
    """Return a field that has one of a few values.

    Raises:
        HTTPException: it has not.
    """
    value = body.get(name)
    if value not in allowed:
        raise HTTPException(422, f"{name} must be one of: {', '.join(allowed)}")
    return str(value)


def acting(act: Act) -> Answer:
    """Read the body of a request that a page of ours sent."""

    async def answer(request: Request) -> Json:
        checks.check_same_origin(request, None)
        return await act(await checks.read_json(request))

    return answer


def answering(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Turn an answer into a response, and what went wrong into one that the page can show."""

    async def respond(request: Request) -> Response:
        try:
            return JSONResponse(await answer(request), headers=HEADERS)
        except HTTPException as refused:
            return _refusal(refused.status_code, str(refused.detail))
        except NotFoundError as error:
            return _refusal(404, str(error))
        except httpx2.HTTPStatusError as error:
            return _refusal(error.response.status_code, _message_of(error.response))
        except (SupportbotError, httpx2.HTTPError) as error:
            return _refusal(502, str(error) or type(error).__name__)

    return respond


def _message_of(response: httpx2.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, LookupError, TypeError):
        return f"The chat answered {response.status_code}."


def _refusal(status: int, message: str) -> JSONResponse:
    name = HTTPStatus(status).phrase.lower().replace(" ", "_")
    return JSONResponse({"error": name, "message": message}, status, HEADERS)
