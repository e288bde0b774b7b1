"""Visitors of the chat page: they repeat a message with the same `client_id` until it is heard."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import aiohttp

from tests.chaos.conversation import Conversation, Heard

_RETRY_SECONDS = 0.15
_TIMEOUT = aiohttp.ClientTimeout(total=5)


class WebWay:
    """The page of one product."""

    name = "web"
    look_seconds = 0.2

    def __init__(self, url: str) -> None:
        self._url = f"{url}/chat/api/hosting/messages"
        self._sessions: list[aiohttp.ClientSession] = []

    async def say(self, conversation: Conversation, text: str) -> None:
        """Post until it is acknowledged."""
        if not conversation.asked > 1:
            await self._patient(conversation, None)  # the page is opened first: it brings a cookie
        await self._patient(conversation, {"text": text, "client_id": str(uuid.uuid4())})

    async def look(self, conversation: Conversation) -> None:
        """Read the whole conversation."""
        shown = await self._once(conversation, None)
        if shown is not None:
            conversation.heard = [
                Heard(str(message["seq"]), message["text"])
                for message in shown["messages"]
                if message["author"] != "customer"
            ]

    async def aclose(self) -> None:
        """Close the visitors' connections."""
        await asyncio.gather(*(session.close() for session in self._sessions))

    async def _patient(self, conversation: Conversation, body: dict[str, str] | None) -> None:
        while await self._once(conversation, body) is None:  # noqa: ASYNC110 - another process answers
            await asyncio.sleep(_RETRY_SECONDS)

    async def _once(
        self, conversation: Conversation, body: dict[str, str] | None
    ) -> dict[str, Any] | None:
        """Post, or read; None when it has to be tried again."""
        session = self._session(conversation)
        method = "GET" if body is None else "POST"
        try:
            async with session.request(method, self._url, json=body) as answer:
                if answer.status in {429, 500, 502, 503, 504}:
                    return None
                if answer.status != 200:
                    raise RuntimeError(f"{method}: HTTP {answer.status} {await answer.text()}")
                read: dict[str, Any] = await answer.json()
                return read
        except (aiohttp.ClientError, TimeoutError):
            return None

    def _session(self, conversation: Conversation) -> aiohttp.ClientSession:
        if "session" not in conversation.place:
            session = aiohttp.ClientSession(
                cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=_TIMEOUT
            )
            self._sessions.append(session)
            conversation.place["session"] = session
        found: aiohttp.ClientSession = conversation.place["session"]
        return found
