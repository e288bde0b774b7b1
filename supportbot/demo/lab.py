"""The lab page: write as a customer in any channel, and watch the transcript grow beside it.

It acts through the same adapters as customers do. Loopback only; errors are
`{"error": ..., "message": ...}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from supportbot.channels.web import checks
from supportbot.demo.cast import BY_MAIL, IN_SLACK, MAIL_PLACES, SLACK_PLACES
from supportbot.demo.lab_view import Json, surfaces, ticket_view
from supportbot.demo.mail_client import Conversation, Letter, NewLetter, address_of
from supportbot.demo.scene import Day
from supportbot.demo.visitor import Visitor
from supportbot.errors import NotFoundError, SupportbotError
from supportbot.testing.fake_slack import FakeMessage

_HERE = Path(__file__).parent
_MAX_VISITORS = 12
_OUT_OF_OFFICE = "I am away until Monday and will read your mail then."

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_Body = Mapping[str, Any]
_Answer = Callable[[Request], Awaitable[Json]]
_Act = Callable[[_Body], Awaitable[Json]]


class Lab:
    """The page and its endpoints under `/lab`."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        acts: dict[str, _Act] = {
            "slack/messages": self._say,
            "slack/press": self._press,
            "mail/messages": self._mail,
            "web/visitors": self._arrive,
            "web/messages": self._chat,
            "web/escalate": self._escalate,
            "web/feedback": self._rate,
        }
        return (
            Mount("/lab/static", StaticFiles(directory=_HERE / "static")),
            Route("/lab", self._page),
            Route("/lab/api/surfaces", _answering(self._surfaces)),
            Route("/lab/api/tickets/{ticket}", _answering(self._ticket)),
            *(
                Route(f"/lab/api/{path}", _answering(_acting(act)), methods=["POST"])
                for path, act in acts.items()
            ),
        )

    async def _page(self, _request: Request) -> Response:
        stage = self._day.stage
        text = self._templates.get_template("lab.html").render(
            answered_by=stage.answered_by,
            has_model=stage.has_model,
            slack_people=IN_SLACK,
            slack_places=SLACK_PLACES,
            mail_people=BY_MAIL,
            mail_places=MAIL_PLACES,
            products={key: p.name for key, p in stage.house.wiring.products.items()},
            modes={key: stage.house.wiring.mode(key) for key in stage.house.wiring.products},
        )
        return HTMLResponse(text, headers=_HEADERS)

    async def _surfaces(self, _request: Request) -> Json:
        return await surfaces(self._day)

    async def _ticket(self, request: Request) -> Json:
        case = await self._day.ledger.by_public_id(request.path_params["ticket"])
        return ticket_view(case, self._day.stage.answered_by)

    async def _say(self, body: _Body) -> Json:
        """Write in Slack: a new message mentions the bot, a reply in a thread does not."""
        slack, text = self._day.stage.slack, checks.text_of(body)
        user = _one_of(body, "user", [person.handle for person in IN_SLACK])
        channel = _one_of(body, "channel", [p.id for p in SLACK_PLACES if p.product])
        if body.get("thread") is None:
            return {"id": slack.mention(channel, user, text).ts}
        root = self._slack_message(channel, str(body["thread"]))
        slack.say(channel, user, text, thread=root)
        return {"id": root.root}

    async def _press(self, body: _Body) -> Json:
        channel = _one_of(body, "channel", [place.id for place in SLACK_PLACES])
        user = _one_of(body, "user", [person.handle for person in IN_SLACK])
        message = self._slack_message(channel, str(body.get("ts")))
        positive = body.get("positive") is not False
        try:
            self._day.stage.slack.click(message, str(body.get("action")), user, positive=positive)
        except LookupError as error:
            raise HTTPException(422, "There is no such button.") from error
        return {"id": message.root}

    def _slack_message(self, channel: str, ts: str) -> FakeMessage:
        message = self._day.stage.slack.workspace.find(channel, ts)
        if message is None:
            raise HTTPException(404, "There is no such message.")
        return message

    async def _mail(self, body: _Body) -> Json:
        """Write a mail, answer one, or let an out-of-office reply answer it (`automatic`)."""
        conversation = await self._conversation(body.get("conversation"))
        automatic = body.get("automatic") is True
        text = _OUT_OF_OFFICE if automatic else checks.text_of(body)
        if conversation is None:
            new = _first_letter(body, text)
        else:
            new = _next_letter(conversation, text, automatic=automatic)
        letter = await self._day.stage.mail.write(new)
        return {"id": conversation.id if conversation else letter.id}

    async def _conversation(self, id_: object) -> Conversation | None:
        if id_ is None:
            return None
        for conversation in await self._day.stage.mail.conversations():
            if conversation.id == id_:
                return conversation
        raise HTTPException(404, "There is no such conversation.")

    async def _arrive(self, body: _Body) -> Json:
        product = _one_of(body, "product", list(self._day.stage.house.wiring.products))
        visitors = self._day.visitors
        if len(visitors) >= _MAX_VISITORS:
            raise HTTPException(409, f"The lab has room for {_MAX_VISITORS} visitors.")
        visitors.append(Visitor(self._day.stage.origin, product, f"Visitor {len(visitors) + 1}"))
        return {"id": visitors[-1].id}

    async def _chat(self, body: _Body) -> Json:
        visitor = self._visitor(body)
        await visitor.write(checks.text_of(body))
        return {"id": visitor.id}

    async def _escalate(self, body: _Body) -> Json:
        visitor = self._visitor(body)
        await visitor.escalate()
        return {"id": visitor.id}

    async def _rate(self, body: _Body) -> Json:
        visitor = self._visitor(body)
        await visitor.rate(str(body.get("reply")), 1 if body.get("value") == 1 else -1)
        return {"id": visitor.id}

    def _visitor(self, body: _Body) -> Visitor:
        for visitor in self._day.visitors:
            if visitor.id == body.get("visitor"):
                return visitor
        raise HTTPException(404, "There is no such visitor.")


def _one_of(body: _Body, name: str, allowed: Sequence[str]) -> str:
    value = body.get(name)
    if value not in allowed:
        raise HTTPException(422, f"{name} must be one of: {', '.join(allowed)}")
    return str(value)


def _first_letter(body: _Body, text: str) -> NewLetter:
    address = _one_of(body, "to", [place.address for place in MAIL_PLACES])
    handle = _one_of(body, "person", [person.handle for person in BY_MAIL])
    subject = " ".join(str(body.get("subject") or "").split())
    return NewLetter(
        person=next(person for person in BY_MAIL if person.handle == handle),
        place=next(place for place in MAIL_PLACES if place.address == address),
        subject=subject or "(no subject)",
        text=text,
    )


def _next_letter(conversation: Conversation, text: str, *, automatic: bool) -> NewLetter:
    """Answer the newest mail of the support team, or add to one's own."""
    first, newest = conversation.letters[0], _newest(conversation)
    writer = address_of(first.sender)
    prefix = "Out of office: " if automatic else "Re: "
    return NewLetter(
        person=next(person for person in BY_MAIL if person.email == writer),
        place=next(place for place in MAIL_PLACES if place.address == first.to),
        subject=f"{prefix}{first.subject}",
        text=text,
        parent=newest,
        automatic=automatic,
    )


def _newest(conversation: Conversation) -> Letter:
    answers = [letter for letter in conversation.letters if not letter.from_customer]
    return (answers or list(conversation.letters))[-1]


def _acting(act: _Act) -> _Answer:
    """Read the body of a request that a page of ours sent."""

    async def answer(request: Request) -> Json:
        checks.check_same_origin(request, None)
        return await act(await checks.read_json(request))

    return answer


def _answering(answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    """Turn an answer into a response, and what went wrong into one that the page can show."""

    async def respond(request: Request) -> Response:
        try:
            return JSONResponse(await answer(request), headers=_HEADERS)
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
    return JSONResponse({"error": name, "message": message}, status, _HEADERS)
