"""Socket Mode: one web socket that is watched, and replaced when it dies in silence.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.config import SlackConfig
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.logs import vendor_logger
from supportbot.channels.slack.transport.http import Ready
from supportbot.channels.slack.transport.shape import readable
from supportbot.channels.slack.web import goes_direct
from supportbot.errors import SupportbotError

_log = structlog.get_logger(__name__)

_CONNECT_SECONDS = 15.0
_CLOSE_SECONDS = 5.0
#: The SDK reconnects by itself after at most four pings; we step in when it did not.
_PATIENCE_PINGS = 8

#: Is told None when connected, else what is wrong.
Report = Callable[[str | None], None]


class _Handler(AsyncSocketModeHandler):
    """Hands envelopes to Bolt; what it cannot read is committed and acknowledged all the same."""

    def __init__(self, ready: Ready, config: SlackConfig, client: AsyncWebClient) -> None:
        super().__init__(
            ready.bolt,
            config.app_token,
            logger=vendor_logger(),
            web_client=client,
            ping_interval=config.ping_seconds,
        )
        self._hearing = ready.hearing

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override] # as the SDK's own
        """Answer one envelope; without an ack Slack sends it again."""
        begun_at = time.time()
        request = readable(req.payload, build_headers(req), "socket_mode")
        if request is not None:
            answer = await self.app.async_dispatch(request)
        else:
            answer = await self._unreadable(req)
        await send_async_response(client, req, answer, begun_at)

    async def _unreadable(self, req: SocketModeRequest) -> BoltResponse:
        raw = json.dumps(req.payload).encode()
        try:
            await self._hearing.hear_unreadable(raw)
        except SupportbotError as error:
            _log.error("slack_event_not_committed", error=type(error).__name__)
            return BoltResponse(status=500)
        return BoltResponse(status=200)


class SocketLine:
    """One life of a socket after the other; ends only when cancelled or refused for good."""

    def __init__(self, config: SlackConfig, client: AsyncWebClient, report: Report) -> None:
        self._config = config
        self._client = client
        self._report = report

    async def live_once(self, ready: Ready) -> None:
        """Connect, stay while the socket lives, close it.

        Raises:
            SendError: Slack gave no address for a socket; `permanent` if the token is refused.
            TimeoutError: the socket did not open.
        """
        with translated("open a socket", may_repeat=True):
            address = await self._client.apps_connections_open(
                app_token=self._config.app_token or ""
            )
        handler = _Handler(ready, self._config, self._client)
        if goes_direct(self._config.api_url):
            handler.client.proxy = None
        # The first address is ours: asked for here, a refused token is not tried for ever.
        handler.client.wss_uri = address["url"]
        try:
            connecting = handler.connect_async()  # type: ignore[no-untyped-call] # the SDK has no type here
            await asyncio.wait_for(connecting, _CONNECT_SECONDS)
            await self._watch(handler.client)
        finally:
            await _close(handler.client)

    async def _watch(self, socket: SocketModeClient) -> None:
        """Return once the socket has been down for so long that the SDK must have given up."""
        down_checks = 0
        interval_seconds = self._config.ping_seconds / 2
        while down_checks < _PATIENCE_PINGS * 2:
            connected = await socket.is_connected()
            down_checks = 0 if connected else down_checks + 1
            self._report(None if connected else "Slack's socket is down, reconnecting")
            await asyncio.sleep(interval_seconds)
        _log.warning("slack_socket_dead")


async def _close(socket: SocketModeClient) -> None:
    # Closing can hang on a dead peer; what the SDK started is cancelled and awaited in any case.
    try:
        closing = socket.close()  # type: ignore[no-untyped-call] # the SDK has no type here
        await asyncio.wait_for(closing, _CLOSE_SECONDS)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        _log.warning("slack_socket_close_failed", error=type(error).__name__)
    tasks = [
        task
        for task in (
            socket.message_processor,
            socket.message_receiver,
            socket.current_session_monitor,
        )
        if task is not None
    ]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await socket.aiohttp_client_session.close()
