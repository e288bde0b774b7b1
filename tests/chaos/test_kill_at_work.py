"""kill -9 while Slack shows that an answer is being made: the next process takes that away."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.testing.fake_model import FakeModel
from supportbot.testing.fake_slack import FakeSlack
from tests.acceptance.slack_desk import ANSWER, Plan, environment, stage, write
from tests.benchmarks.processes import clean_environ

pytestmark = pytest.mark.timeout(120)
_START_SECONDS = 40.0


@asynccontextmanager
async def running(
    folder: Path, slack: FakeSlack, model: FakeModel, port: int
) -> AsyncIterator[None]:
    """Run the product as a process until the block ends; it is killed then."""
    write(folder, Transport.SOCKET, Plan(), (slack, model))
    environ = {**clean_environ(), **environment(slack), "SUPPORTBOT_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "supportbot", "run", "-c", str(folder), env=environ
    )
    try:
        await slack.connected(_START_SECONDS)
        yield
    finally:
        process.kill()
        await process.wait()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until another process has done something."""
    async with asyncio.timeout(_START_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def test_a_session_that_a_killed_process_left_at_work_rests_with_the_answer(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    """The second process answers at once, so it shows no status itself."""
    never = FakeModel(lambda _request: ANSWER, first_token_seconds=600.0)
    async with stage(Plan()) as (slack, model), never:
        async with running(tmp_path, slack, never, unused_tcp_port):
            question = slack.direct("ada", "How do I export?")
            await until(lambda: slack.streams.session(question) == "processing")
        assert slack.streams.session(question) == "processing"
        async with running(tmp_path, slack, model, unused_tcp_port):
            await slack.wait_for_replies(question, timeout_seconds=_START_SECONDS)
            await until(lambda: slack.streams.session(question) == "active")
        assert len(slack.replies(question)) == 1
