"""Socket Mode: one web socket that is watched, and replaced when it dies in silence.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.config import SlackConfig
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.logs import vendor_logger
from supportbot.channels.slack.web import goes_direct

_log = structlog.get_logger(__name__)

_CONNECT_SECONDS = 15.0
_CLOSE_SECONDS = 5.0
#: The SDK reconnects by itself after at most four pings; we step in when it did not.
_PATIENCE_PINGS = 8

#: Is told None when connected, else what is wrong.
Report = Callable[[str | None], None]


class SocketLine:
    """One life of a socket after the other; ends only when cancelled or refused for good."""

    def __init__(self, config: SlackConfig, client: AsyncWebClient, report: Report) -> None:
        self._config = config
        self._client = client
        self._report = report

    async def live_once(self, bolt: AsyncApp) -> None:
        """Connect, stay while the socket lives, close it.

        Raises:
            SendError: Slack gave no address for a socket; `permanent` if the token is refused.
            TimeoutError: the socket did not open.
        """
        with translated("open a socket", may_repeat=True):
            address = await self._client.apps_connections_open(
                app_token=self._config.app_token or ""
            )
        handler = AsyncSocketModeHandler(
            bolt,
            self._config.app_token,
            logger=vendor_logger(),
            web_client=self._client,
            ping_interval=self._config.ping_seconds,
        )
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
