"""The page about testing a Slack bot of one's own: its example runs, what it names is there."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from supportbot.testing.fake_slack import FakeSlack

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page() -> str:
    return (ROOT / "docs" / "how-to" / "fake-slack.md").read_text(encoding="utf-8")


async def test_example_runs_as_it_stands_there(page: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "test_bot.py").write_text(example, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(tmp_path / "test_bot.py"),
        stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
    )
    _, said = await process.communicate()
    assert (process.returncode, b"Error" in said) == (0, False), said.decode()


def test_calls_that_are_named_exist(page: str) -> None:
    named = 0
    for row in re.findall(r"(?m)^\| (`slack.*?) \|", page):
        owner: Any = None
        for path in re.findall(r"`([\w.]+)`", row):
            if path.startswith("slack."):
                *way, name = path.split(".")[1:]
                owner = FakeSlack()
                for one in way:
                    owner = getattr(owner, one)
            else:
                name = path.removeprefix(".")
            assert callable(getattr(owner, name)), path
            named += 1
    assert named > 25
