"""The pages of the web chat: one for each product, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from supportbot.channels.web.config import MAX_TEXT_BYTES, WebConfig
from supportbot.channels.web.visitors import Visitors

_HERE = Path(__file__).parent

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Pages:
    """Renders the pages; loads nothing from another host and holds no inline script or style."""

    def __init__(self, config: WebConfig, visitors: Visitors) -> None:
        self._config = config
        self._visitors = visitors
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes; `/chat/{product}` comes last because it matches most."""
        return (
            Mount("/chat/static", StaticFiles(directory=_HERE / "static")),
            Route("/chat", self._list),
            Route("/chat/", self._list),
            Route("/chat/{product}", self._chat),
        )

    async def _list(self, _request: Request) -> Response:
        return self._page("products.html", 200, asked=None)

    async def _chat(self, request: Request) -> Response:
        product = request.path_params["product"]
        if product not in self._config.products:
            return self._page("products.html", 404, asked=product)
        response = self._page(
            "chat.html",
            200,
            product=product,
            name=self._config.products[product],
            max_characters=MAX_TEXT_BYTES // 4,
        )
        self._visitors.remember(response, self._visitors.recognise(request))
        return response

    def _page(self, template: str, status: int, **values: object) -> HTMLResponse:
        text = self._templates.get_template(template).render(
            products=self._config.products, **values
        )
        return HTMLResponse(text, status_code=status, headers=_HEADERS)
