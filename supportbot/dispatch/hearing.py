"""Hears of wake-ups in any process, and tells whoever works on the ticket here."""

from __future__ import annotations

import asyncio

import psycopg
import structlog

from supportbot.dispatch.news import Listeners
from supportbot.dispatch.presence import AWAY

#: The PostgreSQL channel; the payload is a ticket's number.
CHANNEL = "supportbot_news"

_log = structlog.get_logger(__name__)
_PAUSE_SECONDS = 0.5
#: A line that is silent for so long is asked whether it still stands.
_SILENCE_SECONDS = 10.0


async def hear(conninfo: str, listeners: Listeners) -> None:
    """Listen until cancelled, and again after each loss of the connection."""
    while True:
        try:
            await _listen(conninfo, listeners)
        except AWAY as error:
            _log.warning("news_interrupted", error=type(error).__name__)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _listen(conninfo: str, listeners: Listeners) -> None:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}".encode())
        listeners.connected = True
        try:
            while True:
                async for notify in connection.notifies(timeout=_SILENCE_SECONDS):
                    listeners.tell(int(notify.payload))
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await connection.execute("SELECT 1")
        finally:
            listeners.connected = False
