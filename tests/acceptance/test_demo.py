"""The demo as a newcomer sees it: the day is played, printed, and judged honestly."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

import httpx2
import pytest

import supportbot.cli
from supportbot.demo.cast import HOSTING_HELP
from supportbot.demo.show import show
from supportbot.errors import ConfigError
from supportbot.settings.load import SettingsProblems
from supportbot.testing.fake_model import FakeModel

README = Path(__file__).parents[2] / "README.md"
STARTER = Path(supportbot.cli.__file__).parent / "starter"


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("OPENAI_", "SUPPORTBOT_", "SLACK_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def model_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTBOT_MODEL_NAME", "test-model")


async def _demo(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-X", "dev", "-m", "supportbot", "demo", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_day_goes_as_expected_and_ends_with_zero() -> None:
    process = await _demo("--port", "0")  # no terminal: it ends by itself
    out, err = await process.communicate()
    shown = out.decode()
    assert err.decode() == ""
    assert process.returncode == 0
    assert "No language model is configured." in shown
    assert "kb-extractive" in shown
    assert "11 of 11 scenes went as expected." in shown
    assert "messages in: 11 · answered: 7 · handed off: 2 · drafts: 2 · suppressed: 1" in shown
    assert "Traceback" not in shown
    printed = {_timeless(line) for line in shown.splitlines()}
    assert [line for line in _readme_excerpt() if _timeless(line) not in printed] == []


def _readme_excerpt() -> list[str]:
    """Return what the README says the demo prints; `...` stands for what it leaves out."""
    (excerpt,) = re.findall(r"```text\n(\.\.\.\n.*?)```", README.read_text("utf-8"), re.DOTALL)
    return [line for line in excerpt.splitlines() if line.strip() != "..."]


def _timeless(line: str) -> str:
    """Leave out what differs from run to run: times, durations and ids."""
    return re.sub(r"\d\d:\d\d:\d\d|\d+\.\d+ s\b|…\w{6}", "", line).rstrip()


async def test_it_can_be_interrupted_in_the_middle() -> None:
    process = await _demo("--once", "--port", "0")
    assert process.stdout is not None
    await process.stdout.readuntil(b"1  A question with a mention")
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert err.decode() == ""
    assert process.returncode == 1  # the day was not over


async def test_at_a_terminal_it_serves_until_it_is_interrupted() -> None:
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "supportbot", "demo", "--port", "0"),
        stdout=theirs,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(theirs)
    shown = await asyncio.to_thread(_read_until, ours, "Ctrl-C ends the demo.")
    (lab,) = re.findall(r"http://127\.0\.0\.1:\d+/lab", shown)
    (link,) = re.findall(r"http://\S+/login/link/\S{43}", shown)
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.get(lab)).status_code == 200
        surfaces = (await client.get(f"{lab}/api/surfaces")).json()
        origin = lab.removesuffix("/lab")
        await client.post(link, headers={"origin": origin})
        # Only admins see this page.
        assert (await client.get(f"{origin}/operators")).status_code == 200
    assert len(surfaces["web"]) == 2
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    os.close(ours)
    assert err.decode() == ""
    assert process.returncode == 0


def _read_until(terminal: int, words: str) -> str:
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 65536).decode(errors="replace")
    return shown


async def test_a_model_that_says_nothing_fails_the_day(
    model_named: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeModel(lambda _: "") as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        assert await show(starter=STARTER, once=True, keep=None, port=0) == 1
    shown = capsys.readouterr().out
    assert "scenes FAILED." in shown
    assert "handed off (error)" in shown


async def test_with_a_model_structure_alone_counts(
    model_named: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = "Open Websites > Backups, as 'Restore a backup' says."
    async with FakeModel(lambda _: answer) as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        assert await show(starter=STARTER, once=True, keep=None, port=0) == 0
        asked = [request["messages"][-1]["content"] for request in model.requests]
    shown = capsys.readouterr().out
    assert "Answers are written by test-model." in shown
    assert "No language model" not in shown
    assert "11 of 11 scenes went as expected." in shown
    assert any("How do I restore a backup?" in text for text in asked)


async def test_a_kept_folder_is_a_bot_folder_that_can_be_played_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kept"
    assert await show(starter=STARTER, once=True, keep=folder, port=0) == 0
    policy = folder / "policies" / "products" / "hosting.md"
    policy.write_text(policy.read_text() + "\nBe brief.\n")
    assert await show(starter=STARTER, once=True, keep=folder, port=0) == 0
    assert policy.read_text().endswith("Be brief.\n")
    assert f'{HOSTING_HELP.id} = "hosting"' in (folder / "supportbot.toml").read_text()
    assert (folder / "supportbot.db").stat().st_size > 0
    assert capsys.readouterr().out.count("11 of 11 scenes") == 2


async def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "supportbot.toml").write_text("[web]\nenabled = true\n")
    with pytest.raises(ConfigError, match="a bot folder of yours"):
        await show(starter=STARTER, once=True, keep=tmp_path, port=0)
    assert _names(tmp_path) == ["supportbot.toml"]


async def test_a_busy_port_is_said_and_another_one_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert await show(starter=STARTER, once=True, keep=None, port=port) == 0
    assert f"Port {port} is busy; using " in capsys.readouterr().out


async def test_a_base_url_without_a_model_name_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(SettingsProblems, match="SUPPORTBOT_MODEL_NAME"):
        await show(starter=STARTER, once=True, keep=None, port=0)
