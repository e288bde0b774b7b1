"""The page about testing a Slack bot of one's own: its examples run, what it names is there."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from supportbot.cli.init import write_starter
from supportbot.testing.fake_slack import FakeSlack

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page() -> str:
    return (ROOT / "docs" / "how-to" / "fake-slack.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [0, 1])
async def test_examples_run_as_they_stand_there(page: str, tmp_path: Path, number: int) -> None:
    write_starter(tmp_path / "mybot")
    policy = tmp_path / "mybot" / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("{default: draft}", "{default: auto}"), encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    (tmp_path / "test_bot.py").write_text(examples[number], encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(tmp_path / "test_bot.py"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
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
