"""Socket Mode: web sockets, envelopes and acks.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.workspace import APP


class Sockets:
    """The open sockets of the app; events go to one of them in turn.

    A missing ack is an attempt that failed; one that comes too late is noted as a violation.
    """

    def __init__(
        self, ack_seconds: float, violations: list[str], changed: Callable[[], None]
    ) -> None:
        self._ack_seconds = ack_seconds
        self._violations = violations
        self._changed = changed
        self._tickets: set[str] = set()
        self._open: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._overdue: set[str] = set()
        self._stalled = False

    @property
    def count(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    def new_ticket(self) -> str:
        """Return a ticket that opens one socket once."""
        ticket = secrets.token_hex(8)
        self._tickets.add(ticket)
        return ticket

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        self._tickets.discard(ticket)
        # Pings are answered by hand, so that a stalled socket can stay silent.
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self._open.append(socket)
        await socket.send_json(self._hello())
        self._changed()
        try:
            async for message in socket:
                await self._receive(socket, message.type, message.data)
        finally:
            if socket in self._open:
                self._open.remove(socket)
            self._changed()
        return socket

    async def attempt(self, event: EventDelivery) -> str | None:
        """Send an envelope to a socket and wait for its ack."""
        if not self._open:
            return "no_socket"
        socket = self._open[event.attempts % len(self._open)]
        ack: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[event.envelope_id] = ack
        try:
            await socket.send_json(_envelope(event))
            event.response = await asyncio.wait_for(ack, self._ack_seconds)
        except TimeoutError:
            self._overdue.add(event.envelope_id)
            return "timeout"
        except ConnectionError:
            return "no_socket"
        finally:
            self._waiting.pop(event.envelope_id, None)
        return None

    async def ask_to_reconnect(self, reason: str = "refresh_requested") -> None:
        """Send the `disconnect` frame, as Slack does every few hours."""
        for socket in tuple(self._open):
            await socket.send_json({"type": "disconnect", "reason": reason})

    async def drop(self) -> None:
        """Cut all sockets without a word."""
        for socket in tuple(self._open):
            self._open.remove(socket)
            request = socket._req  # noqa: SLF001 - aiohttp has no way to leave without a close frame
            transport = request.transport if request else None
            if transport is not None:
                transport.abort()
        self._changed()

    def stall(self, *, on: bool = True) -> None:
        """Stop answering (pings too) while the sockets stay open: silent death."""
        self._stalled = on

    async def aclose(self) -> None:
        """Close all sockets in order."""
        for socket in tuple(self._open):
            await socket.close()

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "connection_info": {"app_id": APP},
            "debug_info": {"host": "fake", "approximate_connection_time": 18060},
        }

    async def _receive(self, socket: web.WebSocketResponse, kind: WSMsgType, data: Any) -> None:
        if self._stalled:
            return
        if kind is WSMsgType.PING:
            await socket.pong(data)
        elif kind is WSMsgType.TEXT:
            frame = json.loads(data)
            self._take_ack(str(frame.get("envelope_id")), frame.get("payload"))

    def _take_ack(self, envelope_id: str, payload: Any) -> None:
        waiting = self._waiting.get(envelope_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(payload)
        elif envelope_id in self._overdue:
            self._violations.append(f"ack later than {self._ack_seconds} s")


def _envelope(event: EventDelivery) -> dict[str, Any]:
    envelope = {
        "type": event.kind,
        "envelope_id": event.envelope_id,
        "payload": event.payload,
        "accepts_response_payload": event.kind != "events_api",
    }
    if event.kind == "events_api":
        envelope["retry_attempt"] = event.attempts - 1
        envelope["retry_reason"] = event.failures[-1] if event.failures else ""
    return envelope
