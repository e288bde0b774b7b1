"""A visitor of the web chat: a browser without a window, with a cookie jar of its own."""

from __future__ import annotations

import uuid
from types import TracebackType
from typing import Any, Self

import httpx2


class Visitor:
    """Talks to `/chat/api/<product>` as the chat page does.

    Every method raises `httpx2.HTTPError` where the server refuses or cannot be reached.
    """

    def __init__(self, origin: str, product: str, name: str) -> None:
        self.product = product
        self.name = name
        #: Names the conversation on the lab page; the server knows the visitor by cookie only.
        self.id = uuid.uuid4().hex[:12]
        # trust_env: a proxy of the user's must not stand between us and loopback.
        self._client = httpx2.AsyncClient(
            base_url=f"{origin}/chat/api/{product}/", trust_env=False, timeout=10
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def write(self, text: str) -> str:
        """Send a message; return the public id of its ticket."""
        answer = await self._post("messages", text=text)
        return str(answer["ticket"])

    async def escalate(self) -> None:
        """Press "Talk to a person"."""
        await self._post("escalate")

    async def rate(self, reply: str, value: int) -> None:
        """Press a thumb under an answer: 1 or -1."""
        await self._post("feedback", reply=reply, value=value)

    async def conversation(self) -> dict[str, Any]:
        """Return what the page shows: ticket, status, handler, waiting, messages."""
        response = await self._client.get("messages")
        response.raise_for_status()
        shown: dict[str, Any] = response.json()
        return shown

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _post(self, path: str, **body: object) -> dict[str, Any]:
        response = await self._client.post(path, json={**body, "client_id": str(uuid.uuid4())})
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer
