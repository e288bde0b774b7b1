"""The page and its endpoints under `/lab`.

It acts through the same adapters as customers and operators do. Loopback only; errors are
`{"error": ..., "message": ...}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from supportbot.demo.cast import BY_MAIL, MAIL_PLACES, OPERATORS, SLACK_PEOPLE, SLACK_PLACES
from supportbot.demo.lab.chat import ChatActs, seen_by
from supportbot.demo.lab.endpoints import HEADERS, Json, acting, answering
from supportbot.demo.lab.mail import MailActs, conversations
from supportbot.demo.lab.slack import SlackActs, viewer_named
from supportbot.demo.lab.slack_view import workspace
from supportbot.demo.lab.ticket_view import ticket_view
from supportbot.demo.scene import Day

_HERE = Path(__file__).parent


class Lab:
    """The lab of a day."""

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
        day = self._day
        acts = {**SlackActs(day).acts(), **MailActs(day).acts(), **ChatActs(day).acts()}
        return (
            Mount("/lab/static", StaticFiles(directory=_HERE / "static")),
            Route("/lab", self._page),
            Route("/lab/api/surfaces", answering(self._surfaces)),
            Route("/lab/api/tickets/{ticket}", answering(self._ticket)),
            *(
                Route(f"/lab/api/{path}", answering(acting(act)), methods=["POST"])
                for path, act in acts.items()
            ),
        )

    async def _page(self, _request: Request) -> Response:
        stage = self._day.stage
        text = self._templates.get_template("lab.html").render(
            answered_by=stage.answered_by,
            slack_people=SLACK_PEOPLE,
            operators=OPERATORS,
            slack_places=SLACK_PLACES,
            mail_people=BY_MAIL,
            mail_places=MAIL_PLACES,
            products={key: p.name for key, p in stage.house.wiring.products.items()},
            modes={key: stage.house.wiring.mode(key) for key in stage.house.wiring.products},
        )
        return HTMLResponse(text, headers=HEADERS)

    async def _surfaces(self, request: Request) -> Json:
        """Return everything that customers see, and Slack as one person (`as`) sees it."""
        viewer = viewer_named(request.query_params.get("as"))
        return {
            "slack": await workspace(self._day, viewer),
            "mail": await conversations(self._day),
            "web": [await seen_by(visitor) for visitor in self._day.visitors],
        }

    async def _ticket(self, request: Request) -> Json:
        case = await self._day.ledger.by_public_id(request.path_params["ticket"])
        return ticket_view(case, self._day.stage.answered_by)
