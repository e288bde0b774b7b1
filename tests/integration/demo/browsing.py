"""A browser without a window, for the lab page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass
class Browser:
    """Asks the lab's endpoints as its page does."""

    client: httpx2.AsyncClient

    async def see(self, path: str = "surfaces") -> Any:
        response = await self.client.get(f"/lab/api/{path}")
        assert response.status_code == 200, response.text
        return response.json()

    async def act(self, path: str, **body: object) -> httpx2.Response:
        return await self.client.post(f"/lab/api/{path}", json=body)

    async def until(self, found: Callable[[Any], Any], path: str = "surfaces") -> Any:
        """Look until something is found, and return it."""
        async with asyncio.timeout(15):
            while True:
                value = found(await self.see(path))
                if value:
                    return value
                await asyncio.sleep(0.05)
