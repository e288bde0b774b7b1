"""Hears of wake-ups in any process, and tells whoever works on the ticket here."""

from __future__ import annotations

import asyncio

import psycopg

from supportbot.dispatch.news import Listeners
from supportbot.dispatch.outage import Outage
from supportbot.dispatch.presence import AWAY

#: The PostgreSQL channel; the payload is a ticket's number.
CHANNEL = "supportbot_news"

_PAUSE_SECONDS = 0.5
#: A line that is silent for so long is asked whether it still stands.
_SILENCE_SECONDS = 10.0


async def hear(conninfo: str, listeners: Listeners) -> None:
    """Listen until cancelled, and again after each loss of the connection."""
    outage = Outage("news")
    while True:
        try:
            await _listen(conninfo, listeners, outage)
        except AWAY as error:
            outage.begins(error)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _listen(conninfo: str, listeners: Listeners, outage: Outage) -> None:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}".encode())
        listeners.connected = True
        outage.ends()
        try:
            while True:
                async for notify in connection.notifies(timeout=_SILENCE_SECONDS):
                    if notify.payload.isdecimal():  # anybody may write into the channel
                        listeners.tell(int(notify.payload))
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await connection.execute("SELECT 1")
        finally:
            listeners.connected = False
