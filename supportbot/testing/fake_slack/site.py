"""What the workspaces of one app share: the server, the app's credentials, events on their way."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from supportbot.testing.fake_slack.access import Access, Tokens
from supportbot.testing.fake_slack.faults import Faults
from supportbot.testing.fake_slack.files import FileServer
from supportbot.testing.fake_slack.oauth import App
from supportbot.testing.fake_slack.outbox import EventDelivery, Outbox
from supportbot.testing.fake_slack.requests import Responses
from supportbot.testing.fake_slack.sockets import Sockets
from supportbot.testing.fake_slack.trouble import Order
from supportbot.testing.fake_slack.web_api import WebApi
from supportbot.testing.fake_slack.webhooks import Webhooks
from supportbot.testing.fake_slack.workspace import Workspace

_MAX_REQUEST_BYTES = 8_000_000


class Site:
    """One app's side of Slack, on loopback."""

    def __init__(
        self, app_token: str, ack_seconds: float, retry_delays_seconds: tuple[float, ...]
    ) -> None:
        self.violations: list[str] = []
        self.faults = Faults()
        self.tokens = Tokens({app_token: Access(None)})
        self.app = App(self.tokens, self.violations)
        self.ack_seconds = ack_seconds
        self.sockets = Sockets(ack_seconds, self.violations, self.notify)
        self.outbox = Outbox(retry_delays_seconds, self.notify)
        self.webhooks: Webhooks | None = None
        own = {"apps.connections.open": self._open_socket, "oauth.v2.access": self.app.access}
        self.api = WebApi(self.faults, self.tokens, own)
        self.responses = Responses()
        self.order = Order()
        self.files = FileServer(self.tokens)
        self.origin = ""
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._numbers = iter(range(1, 1_000_000_000))
        # Event ids are unique for ever: a bot's database may outlive this server.
        self._event_prefix = f"Ev{secrets.token_hex(4).upper()}"

    @property
    def is_open(self) -> bool:
        """Whether it serves."""
        return self._runner is not None

    async def open(self) -> None:
        """Begin to serve."""
        app = web.Application(client_max_size=_MAX_REQUEST_BYTES)
        app.router.add_route("*", "/api/{method}", self.api.handle)
        app.router.add_get("/link", self.sockets.handle)
        app.router.add_post("/response/{number}", self.responses.handle)
        app.router.add_get("/oauth/v2/authorize", self.app.consent_page)
        app.router.add_get("/files-pri/{id}/{name}", self.files.handle)
        app.router.add_get("/signin", self.files.sign_in)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        self.origin = f"127.0.0.1:{port}"
        self.responses.base = f"http://{self.origin}/response"
        self.files.origin = self.origin

    async def aclose(self) -> None:
        """Give up what is under way, and end."""
        await self.outbox.aclose()
        await self.sockets.aclose()
        if self._runner is not None:
            await self._runner.cleanup()

    def number(self) -> int:
        """Return a number that was not used before."""
        return next(self._numbers)

    def event_id(self) -> str:
        """Return the id of a new event."""
        return f"{self._event_prefix}{self.number():06d}"

    def send(self, kind: str, payload: dict[str, Any]) -> EventDelivery:
        """Send a payload to the request URL where there is one, else to a socket."""
        event = EventDelivery(kind, payload, secrets.token_hex(16))
        self.order.take(event, self._send)
        return event

    def _send(self, event: EventDelivery) -> None:
        self.outbox.send(event, self.webhooks or self.sockets)

    def notify(self) -> None:
        """Wake whoever waits for something."""
        self._changed.set()

    async def until(self, holds: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: it does not.
        """
        async with asyncio.timeout(timeout_seconds):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def _open_socket(self, workspace: Workspace, arguments: Mapping[str, Any]) -> dict[str, Any]:
        del workspace, arguments
        return {"url": f"ws://{self.origin}/link?ticket={self.sockets.new_ticket()}"}
