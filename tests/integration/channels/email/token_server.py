"""A server that gives access tokens, as those of Google and Microsoft do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class TokenServer:
    """Numbers access tokens; `rotates`: refresh tokens too, each of which can be spent once."""

    url: str = ""
    rotates: bool = False
    expires_in: Any = 3600
    valid: set[str] = field(default_factory=lambda: {"first"})
    asked: list[dict[str, str]] = field(default_factory=list)
    #: Status and body that stand instead of a token.
    failure: tuple[int, dict[str, str] | str] | None = None

    async def give(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.asked.append(form)
        if self.failure is not None:
            status, body = self.failure
            if isinstance(body, str):
                return web.Response(status=status, text=body)
            return web.json_response(body, status=status)
        if form["refresh_token"] not in self.valid:
            return web.json_response({"error": "invalid_grant"}, status=400)
        number = len(self.asked)
        answer = {"access_token": f"access-{number}", "expires_in": self.expires_in}
        if self.rotates:
            self.valid = {f"refresh-{number}"}
            answer["refresh_token"] = f"refresh-{number}"
        return web.json_response(answer)


@asynccontextmanager
async def token_server() -> AsyncIterator[TokenServer]:
    """Serve on a free port of this machine."""
    here = TokenServer()
    app = web.Application()
    app.router.add_post("/token", here.give)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    here.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
    try:
        yield here
    finally:
        await runner.cleanup()
