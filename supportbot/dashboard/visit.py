"""One request of a signed-in (or not yet signed-in) person, as the pages see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from supportbot.dashboard.access import Access, Client
from supportbot.dashboard.deps import DashboardDeps
from supportbot.dashboard.rendering import Pages
from supportbot.dashboard.rights import Right, allows
from supportbot.store.operators import OperatorSession

_MAX_FORM_BYTES = 400_000
_MAX_FIELDS = 20
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Desk:
    """What all visits share: made once with the routes."""

    deps: DashboardDeps
    access: Access
    pages: Pages


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that passed the gate."""

    request: Request
    desk: Desk
    session: OperatorSession | None
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def signed_in(self) -> OperatorSession:
        """The login; the gate lets nobody without one reach a page that asks for it.

        Raises:
            HTTPException: 401, the route is open to everybody.
        """
        if self.session is None:
            raise HTTPException(401)
        return self.session

    @property
    def operator_id(self) -> int:
        """Number of the person who acts."""
        return self.signed_in.operator.id

    @property
    def client(self) -> Client:
        """Where the request comes from."""
        peer = self.request.client
        return Client(peer.host if peer else None, self.request.headers.get("user-agent"))

    def may(self, right: Right) -> bool:
        """Say whether this person has a right."""
        return self.session is not None and allows(self.session.operator.role, right)

    def path(self, name: str) -> str:
        """Return a part of the path; identifiers hold letters and digits only.

        Raises:
            HTTPException: 404, it holds something else.
        """
        part = str(self.request.path_params[name])
        if not (part.isascii() and part.isalnum()):
            raise HTTPException(404)
        return part

    def number(self, name: str) -> int:
        """Return a numeric part of the path.

        Raises:
            HTTPException: 404, no row can have such a number.
        """
        number = int(self.request.path_params[name])
        if number > _MAX_ID:
            raise HTTPException(404)
        return number


async def read_form(request: Request) -> dict[str, str]:
    """Read an urlencoded form: line ends become LF, and NUL goes, which PostgreSQL refuses.

    Raises:
        HTTPException: 413 when it is too large, 400 when it can't be read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400) from error
    return {name: value.replace("\r\n", "\n").replace("\x00", "\ufffd") for name, value in pairs}
