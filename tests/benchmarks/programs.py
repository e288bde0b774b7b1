"""The measured programs: supportbot on a bot folder, and the bare script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from supportbot.cli.init import write_starter
from supportbot.testing.fake_slack import FakeSlack
from tests.benchmarks.processes import Program, Running, free_port, started
from tests.benchmarks.swift_model import Speaking
from tests.benchmarks.traffic import Traffic, traffic

_SETTINGS = """\
[model]
name = "bench"
[slack]
mode = "http"
default_product = "hosting"
[tickets]
default_product = "hosting"
customer_messages_per_minute = 1000000
parallel = {parallel}
[budget]
product_tokens_per_day = 1000000000
customer_tokens_per_day = 1000000000
"""
_ROOT = Path(__file__).parents[2]

#: Makes a program; gives it and its request URL for events.
Make = Callable[[Path, FakeSlack, str], tuple[Program, str]]


@dataclass(frozen=True, slots=True)
class Served:
    """A program under traffic."""

    customers: Traffic
    running: Running
    url: str


def write_bot_folder(folder: Path, *, parallel: int = 200) -> Path:
    """Write the starter's two products; hosting answers by itself, without having to cite."""
    write_starter(folder)
    policy = folder / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8")
    for before, after in (
        ("default: draft", "default: auto"),
        ("cite: required", "cite: optional"),
    ):
        if before not in text:
            raise ValueError(f"{policy.name} of the starter no longer says {before!r}")
        text = text.replace(before, after)
    policy.write_text(text, encoding="utf-8")
    (folder / "supportbot.toml").write_text(_SETTINGS.format(parallel=parallel), encoding="utf-8")
    return folder


def supportbot(folder: Path, slack: FakeSlack, model_url: str) -> tuple[Program, str]:
    """Return `supportbot run` on a bot folder with SQLite."""
    return _supportbot(folder, slack, model_url, ("-m", "supportbot", "run"), {})


def on_postgres(database_url: str, only: Sequence[str] = ()) -> Make:
    """Return what makes `supportbot run` on this database; `only` these roles."""
    roles = [part for role in only for part in ("--only", role)]

    def make(folder: Path, slack: FakeSlack, model_url: str) -> tuple[Program, str]:
        told = {"SUPPORTBOT_DATABASE_URL": database_url}
        return _supportbot(folder, slack, model_url, ("-m", "supportbot", "run", *roles), told)

    return make


def profiled(result: Path) -> Make:
    """Return what makes `supportbot run` with a sampler that writes to `result` at the end."""

    def make(folder: Path, slack: FakeSlack, model_url: str) -> tuple[Program, str]:
        command = ("-m", "tests.benchmarks.sampled", str(result), "run")
        return _supportbot(folder, slack, model_url, command, {})

    return make


def bare_script(folder: Path, slack: FakeSlack, model_url: str) -> tuple[Program, str]:
    """Return the bare script."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/slack/events"
    program = Program(
        command=("-m", "tests.benchmarks.bare_bot"),
        environ={**_environ(slack, model_url), "PORT": str(port)},
        ready_url=url,
        ready_status=405,
        log=folder / "bare.log",
    )
    return program, url


@asynccontextmanager
async def under_traffic(
    make: Make, folder: Path, speaking: Speaking | None = None, patience_seconds: float = 30.0
) -> AsyncIterator[Served]:
    """Run one program, a workspace and a model of its own, for the length of the block."""
    async with traffic(speaking, patience_seconds) as customers:
        program, url = make(folder, customers.slack, customers.model.url)
        async with started(program) as running:
            yield Served(customers, running, url)


def _supportbot(
    folder: Path, slack: FakeSlack, model_url: str, command: Sequence[str], told: dict[str, str]
) -> tuple[Program, str]:
    port = free_port()
    program = Program(
        command=(*command, "--config", str(folder)),
        environ={**_environ(slack, model_url), "SUPPORTBOT_PORT": str(port), **told},
        ready_url=f"http://127.0.0.1:{port}/readyz",
        ready_status=200,
        log=folder / "run.log",
    )
    return program, f"http://127.0.0.1:{port}/slack/events"


def _environ(slack: FakeSlack, model_url: str) -> dict[str, str]:
    return {
        "PYTHONPATH": str(_ROOT),
        "SLACK_API_URL": slack.url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "OPENAI_BASE_URL": model_url,
        "OPENAI_API_KEY": "opens-nothing",
    }
