"""The one place that every request of the dashboard passes: session, right, origin, headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from supportbot.dashboard.origin import from_own_page, token_matches
from supportbot.dashboard.rights import Right
from supportbot.dashboard.visit import Desk, Visit, read_form
from supportbot.errors import NotFoundError, StoreUnavailable
from supportbot.store.operators import OperatorSession

_log = structlog.get_logger(__name__)

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_TITLES = {
    400: "This request can't be read",
    401: "You are signed out",
    403: "You may not do that",
    404: "Not found",
    413: "That is too much text",
    503: "The database is not available",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One route: what it demands, and the function that answers."""

    method: str
    path: str
    right: Right
    answer: Callable[[Visit], Awaitable[Response]]
    #: Asked for by the page itself every few seconds: does not keep a login alive, never redirects.
    passive: bool = False


def cookie_name(*, secure: bool) -> str:
    """Return the name of the session cookie; `__Host-` makes browsers enforce Secure and Path."""
    return "__Host-sid" if secure else "sid"


def route(desk: Desk, page: Page) -> Route:
    """Make the Starlette route of a page, with the gate before it."""

    async def endpoint(request: Request) -> Response:
        session = None
        try:
            session = await _session(desk, page, request)
            response = await _pass(desk, page, request, session)
        except HTTPException as error:
            response = _refusal(desk, session, error.status_code, error.detail)
        except NotFoundError as error:
            response = _refusal(desk, session, 404, str(error))
        except StoreUnavailable:
            _log.warning("dashboard_store_unavailable", path=page.path)
            response = _refusal(desk, session, 503, "Nothing was changed. Try again in a moment.")
        return _sealed(response)

    return Route(page.path, endpoint, methods=[page.method])


async def _session(desk: Desk, page: Page, request: Request) -> OperatorSession | None:
    cookie = request.cookies.get(cookie_name(secure=desk.deps.secure_cookies))
    return await desk.access.session(cookie, passive=page.passive) if cookie else None


async def _pass(
    desk: Desk, page: Page, request: Request, session: OperatorSession | None
) -> Response:
    visit = Visit(request, desk, session)
    if page.right is not Right.OPEN:
        if session is None:
            return _to_login(page, request)
        if not visit.may(page.right):
            raise HTTPException(403, "Your role does not allow this. Ask an admin.")
    if page.method == "POST":
        visit = Visit(request, desk, session, await _checked_form(page, request, session))
    return await page.answer(visit)


async def _checked_form(
    page: Page, request: Request, session: OperatorSession | None
) -> dict[str, str]:
    if not from_own_page(request.headers):
        raise HTTPException(403, "This request does not come from a page of the dashboard.")
    form = await read_form(request)
    if page.right is Right.OPEN:
        return form  # the way in: there is no session yet whose token could be asked
    if session is None or not token_matches(session.csrf_token, form.get("csrf", "")):
        raise HTTPException(403, "This form is out of date. Load the page again.")
    return form


def _to_login(page: Page, request: Request) -> Response:
    if page.passive:
        return Response(status_code=401)
    if page.method == "POST":
        return RedirectResponse("/login", 303)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/login" if here == "/" else f"/login?next={quote(here)}", 303)


def _refusal(desk: Desk, session: OperatorSession | None, status: int, detail: str) -> Response:
    title = _TITLES.get(status, "This did not work")
    return desk.pages.render("refused.html", session, status, title=title, detail=detail)


def _sealed(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("cache-control", "no-store")
    return response
