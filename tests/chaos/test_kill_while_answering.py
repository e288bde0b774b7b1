"""kill -9 of the whole product in the middle of an answer: after a restart it is answered once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from supportbot.cli.init import write_starter
from supportbot.testing.fake_model import FakeModel

_ANSWER = "Open Websites > Backups and choose a day."


@pytest.fixture
def bot_folder(tmp_path: Path) -> Path:
    """A starter folder whose hosting product answers by itself."""
    folder = tmp_path / "bot"
    write_starter(folder)
    policy = folder / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8").replace("default: draft", "default: auto")
    text = text.replace("cite: required", "cite: optional")
    policy.write_text(text, encoding="utf-8")
    return folder


@asynccontextmanager
async def _running(folder: Path, model: FakeModel, port: int) -> AsyncIterator[int]:
    """Run the product as a process; gives its pid once it is ready, kills it at the end."""
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("SUPPORTBOT_", "OPENAI_"))},
        "OPENAI_BASE_URL": model.url,
        "SUPPORTBOT_MODEL_NAME": "test",
        "SUPPORTBOT_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "supportbot", "run", "-c", str(folder), env=environ
    )
    try:
        await _ready(port)
        yield process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ready(port: int) -> None:
    async with httpx2.AsyncClient() as client, asyncio.timeout(20):
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)


async def _replies(client: httpx2.AsyncClient) -> list[str]:
    found = (await client.get("/chat/api/hosting/messages")).json()["messages"]
    return [message["text"] for message in found if message["author"] == "bot"]


async def _until_replied(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while not await _replies(client):  # noqa: ASYNC110 - another process answers
            await asyncio.sleep(0.05)


async def _until_asked(model: FakeModel, times: int) -> None:
    async with asyncio.timeout(20):
        while len(model.requests) < times:  # noqa: ASYNC110 - another process asks
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("at_token", [0, 1], ids=["before the first token", "in mid-stream"])
async def test_a_killed_answer_is_given_once_after_the_restart(
    bot_folder: Path, unused_tcp_port: int, at_token: int
) -> None:
    async with (
        FakeModel(lambda _: _ANSWER, first_token_seconds=0.4, seconds_per_chunk=0.1) as model,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client,
    ):
        async with _running(bot_folder, model, unused_tcp_port) as pid:
            asked = {"text": "How do I restore a backup?", "client_id": _client_id(1)}
            posted = await client.post("/chat/api/hosting/messages", json=asked)
            assert posted.status_code == 200
            await _until_asked(model, 1)
            await asyncio.sleep(0.6 * at_token)
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.2)
        async with _running(bot_folder, model, unused_tcp_port):
            await _until_replied(client)
            await asyncio.sleep(2.5)  # the sweep looks every second: nothing may come twice
            assert await _replies(client) == [_ANSWER]
            repeated = await client.post("/chat/api/hosting/messages", json=asked)
            assert repeated.json()["duplicate"] is True
            await asyncio.sleep(1.0)
            assert await _replies(client) == [_ANSWER]
    assert len(model.requests) == 2  # the killed call and the one that was heard


def _client_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"
