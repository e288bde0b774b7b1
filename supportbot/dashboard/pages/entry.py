"""The way in and out: login form, one-time links, logout, static files."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from supportbot.dashboard.access import LONGEST, SignedIn
from supportbot.dashboard.assets import Asset
from supportbot.dashboard.gate import cookie_name
from supportbot.dashboard.origin import safe_next
from supportbot.dashboard.visit import Visit
from supportbot.dashboard.wording import SAID
from supportbot.errors import AccessError, TooManyAttempts
from supportbot.store import operators


async def home(_visit: Visit) -> Response:
    """Go to the inbox; the gate sends strangers to the login."""
    return RedirectResponse("/inbox", 303)


async def login_form(visit: Visit) -> Response:
    """Show the login form, or go on for somebody who is in already."""
    target = visit.request.query_params.get("next", "")
    if visit.session is not None:
        return RedirectResponse(safe_next(target), 303)
    said = SAID.get(visit.request.query_params.get("said", ""))
    return visit.desk.pages.render(
        "login.html", None, target=target, email="", problem=None, said=said
    )


async def login(visit: Visit) -> Response:
    """Log in by password."""
    email, target = visit.form.get("email", ""), visit.form.get("next", "")
    try:
        signed_in = await visit.desk.access.sign_in(
            email, visit.form.get("password", ""), visit.client
        )
    except AccessError as error:
        status = 429 if isinstance(error, TooManyAttempts) else 401
        return visit.desk.pages.render(
            "login.html", None, status, target=target, email=email, problem=str(error), said=None
        )
    return with_cookie(visit, signed_in, RedirectResponse(safe_next(target), 303))


async def link_form(visit: Visit) -> Response:
    """Show a button: scanners of mail and chat open links, but press no buttons."""
    return visit.desk.pages.render("link.html", None, problem=None)


async def use_link(visit: Visit) -> Response:
    """Log in by a one-time link; whoever has no password yet is asked to set one."""
    token = str(visit.request.path_params["token"])
    try:
        signed_in = await visit.desk.access.sign_in_by_link(token, visit.client)
    except AccessError as error:
        return visit.desk.pages.render("link.html", None, 410, problem=str(error))
    async with visit.desk.deps.db.reading() as work:
        known = await operators.password_hash(work, signed_in.session.operator.id)
    target = "/inbox" if known else "/account?said=welcome"
    return with_cookie(visit, signed_in, RedirectResponse(target, 303))


async def logout(visit: Visit) -> Response:
    """End this login."""
    await visit.desk.access.sign_out(visit.signed_in)
    response = RedirectResponse("/login?said=out", 303)
    secure = visit.desk.deps.secure_cookies
    response.delete_cookie(cookie_name(secure=secure), secure=secure, httponly=True)
    return response


def with_cookie(visit: Visit, signed_in: SignedIn, response: Response) -> Response:
    """Hand the secret of a login to the browser."""
    secure = visit.desk.deps.secure_cookies
    response.set_cookie(
        cookie_name(secure=secure),
        signed_in.cookie,
        max_age=int(LONGEST.total_seconds()),
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return response


class StaticFiles:
    """Serves the package's own files; a name holds the digest of its content."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = assets

    async def serve(self, visit: Visit) -> Response:
        """Answer with a file that browsers may keep for ever."""
        asset = self._assets.get(str(visit.request.path_params["name"]))
        if asset is None or asset.digest != visit.request.path_params["digest"]:
            raise HTTPException(404)
        return Response(
            asset.content,
            media_type=asset.content_type,
            headers={"cache-control": "public, max-age=31536000, immutable"},
        )
