"""Anonymous visitors: a signed cookie names a browser, nothing else is known about it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "supportbot_visitor"

_MAX_AGE = timedelta(days=180)
_ID_BYTES = 16
_ID = re.compile(rf"[0-9a-f]{{{_ID_BYTES * 2}}}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks; `known` = the browser showed our cookie."""

    id: str
    known: bool


class Visitors:
    """Reads and writes the cookie. The secret is the only thing that makes an id ours."""

    def __init__(self, secret: str, *, secure: bool) -> None:
        self._signer = TimestampSigner(secret, salt="supportbot.web.visitor")
        self._secure = secure

    def recognise(self, request: Request) -> Visitor:
        """Return the visitor of the cookie, or a new one where there is no valid cookie."""
        try:
            found = self._signer.unsign(
                request.cookies.get(COOKIE, ""), max_age=int(_MAX_AGE.total_seconds())
            ).decode("ascii", "replace")
        except BadSignature:
            found = ""
        if _ID.fullmatch(found):
            return Visitor(found, known=True)
        return Visitor(secrets.token_hex(_ID_BYTES), known=False)

    def remember(self, response: Response, visitor: Visitor) -> None:
        """Set (or renew) the cookie on a response."""
        response.set_cookie(
            COOKIE,
            self._signer.sign(visitor.id).decode(),
            max_age=int(_MAX_AGE.total_seconds()),
            path="/chat",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
