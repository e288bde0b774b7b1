"""`supportbot run` as a process: it drains when it is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest

from supportbot.cli.init import write_starter
from supportbot.store.database import Database
from supportbot.testing.fake_model import FakeModel


def _bot_folder(tmp_path: Path) -> Path:
    """A starter folder whose hosting product answers by itself."""
    write_starter(tmp_path / "bot")
    policy = tmp_path / "bot" / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8").replace("default: draft", "default: auto")
    policy.write_text(text.replace("cite: required", "cite: optional"), encoding="utf-8")
    return tmp_path / "bot"


async def _run(folder: Path, port: int, model_url: str) -> asyncio.subprocess.Process:
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("SUPPORTBOT_", "OPENAI_"))},
        "OPENAI_BASE_URL": model_url,
        "SUPPORTBOT_MODEL_NAME": "test",
        "SUPPORTBOT_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "supportbot", "run", "-c", str(folder), env=environ
    )
    async with httpx2.AsyncClient() as client, asyncio.timeout(30):
        while True:
            try:
                await client.get(f"http://127.0.0.1:{port}/healthz")
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
            else:
                return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_answer_that_is_being_written_still_arrives_after_the_signal_to_end(
    tmp_path: Path, unused_tcp_port: int, number: signal.Signals
) -> None:
    folder = _bot_folder(tmp_path)
    async with FakeModel(lambda _: "Choose a day.", first_token_seconds=1.5) as model:
        process = await _run(folder, unused_tcp_port, model.url)
        asked = {"text": "How do I restore a backup?", "client_id": str(uuid.uuid4())}
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client:
            await client.post("/chat/api/hosting/messages", json=asked)
            async with asyncio.timeout(20):
                while not model.requests:  # noqa: ASYNC110 - another process asks
                    await asyncio.sleep(0.01)
        process.send_signal(number)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    assert await _deliveries(folder) == ["sent"]


async def _deliveries(folder: Path) -> list[Any]:
    database = Database(f"sqlite:///{folder / 'supportbot.db'}")
    try:
        async with database.reading() as work:
            states = await work.connection.exec_driver_sql("SELECT state FROM delivery")
            return list(states.scalars())
    finally:
        await database.aclose()
