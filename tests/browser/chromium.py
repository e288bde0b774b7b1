"""A headless Chromium, driven by its DevTools protocol; no dependency for a few pages.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_START_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A window without a mouse, as it is there, would show what appears under one.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4",
    "--remote-debugging-port=0",
)
_MEDIA = [
    {"name": "prefers-color-scheme", "value": "light"},
    {"name": "prefers-reduced-motion", "value": "reduce"},
]


def program() -> str | None:
    """Return the path of an installed Chromium."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@dataclass(slots=True)
class Page:
    """The one tab of a browser."""

    _socket: aiohttp.ClientWebSocketResponse
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method of the protocol.

        Raises:
            RuntimeError: it failed.
        """
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": arguments})
        while (answer := json.loads(await self._socket.receive_str())).get("id") != number:
            pass  # events
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        found: dict[str, Any] = answer["result"]
        return found

    async def visit(self, url: str, width: int, height: int) -> None:
        """Open an address in a window of this size, in light colours."""
        await self.resize(width, height)
        await self.call("Emulation.setEmulatedMedia", features=_MEDIA)
        await self.call("Page.navigate", url=url)

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page.

        Raises:
            AssertionError: it threw something.
        """
        answer = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        thrown = answer.get("exceptionDetails")
        assert thrown is None, f"{script}: {thrown}"
        return answer["result"].get("value")

    async def until(self, script: str, seconds: float = 30.0) -> Any:
        """Evaluate an expression until it is true; return its value.

        Raises:
            TimeoutError: it was not.
        """
        async with asyncio.timeout(seconds):
            while True:
                value = await self.evaluate(script)
                if value:
                    return value
                await asyncio.sleep(_LOOK_SECONDS)

    async def point_at(self, selector: str) -> None:
        """Move the mouse over an element."""
        box = await self._box(selector)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    async def click(self, selector: str) -> None:
        """Press an element once it is there."""
        found = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{found} !== null")
        await self.evaluate(f"{found}.click()")

    async def press(self, text: str) -> None:
        """Press the last button in sight that says this, once there is one."""
        buttons = "[...document.querySelectorAll('button')].filter((b) => b.offsetParent)"
        found = f"{buttons}.findLast((b) => b.textContent === {json.dumps(text)})"
        await self.until(f"{found} !== undefined")
        await self.evaluate(f"{found}.click()")

    async def type_into(self, selector: str, text: str) -> None:
        """Write into a field."""
        field = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{field} !== null")
        await self.evaluate(f"{field}.value = {json.dumps(text)}")

    async def choose(self, selector: str, value: str) -> None:
        """Choose a value of a drop-down list."""
        field = f"document.querySelector({json.dumps(selector)})"
        await self.evaluate(
            f"{field}.value = {json.dumps(value)}; {field}.dispatchEvent(new Event('change'))"
        )

    async def shows(self, selector: str, text: str) -> None:
        """Wait until an element shows this text."""
        inside = f"document.querySelector({json.dumps(selector)})?.innerText"
        await self.until(f"{inside}?.includes({json.dumps(text)})")

    async def picture(self, selector: str) -> bytes:
        """Return an element as PNG."""
        clip = {**await self._box(selector), "scale": 1}
        taken = await self.call("Page.captureScreenshot", format="png", clip=clip)
        return base64.b64decode(taken["data"])

    async def _box(self, selector: str) -> dict[str, float]:
        found: dict[str, float] = await self.evaluate(
            f"(({{x, y, width, height}}) => ({{x, y, width, height}}))"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        return found


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """Run a browser until the block ends.

    Raises:
        FileNotFoundError: none is installed.
    """
    path = program()
    if path is None:
        raise FileNotFoundError("no Chromium found; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            path,
            *_FLAGS,
            f"--user-data-dir={folder}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with aiohttp.ClientSession() as session:
                url = await _tab(session, Path(folder) / "DevToolsActivePort")
                async with session.ws_connect(url, max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            process.terminate()
            await process.wait()


async def _tab(session: aiohttp.ClientSession, port_file: Path) -> str:
    """Return the address of the tab that is open from the start."""
    async with asyncio.timeout(_START_SECONDS):
        while True:
            targets = await _targets(session, _port(port_file))
            for target in targets:
                if target["type"] == "page":
                    return str(target["webSocketDebuggerUrl"])
            await asyncio.sleep(_LOOK_SECONDS)


async def _targets(session: aiohttp.ClientSession, port: int | None) -> list[dict[str, Any]]:
    if port is None:
        return []
    async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
        found: list[dict[str, Any]] = await answer.json(content_type=None)
        return found


def _port(port_file: Path) -> int | None:
    """Read the port that the browser has chosen; its file is written line by line."""
    try:
        return int(port_file.read_text(encoding="utf-8").split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
