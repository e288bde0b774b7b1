"""The two measured programs: supportbot on a bot folder, and the bare script."""

from __future__ import annotations

from pathlib import Path

from processes import Program, free_port

from supportbot.cli.init import write_starter
from supportbot.testing.fake_slack import FakeSlack

_SETTINGS = """\
[model]
name = "bench"
[slack]
mode = "http"
default_product = "hosting"
[tickets]
default_product = "hosting"
quiet_seconds = 0
"""


def write_bot_folder(folder: Path) -> Path:
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
    (folder / "supportbot.toml").write_text(_SETTINGS, encoding="utf-8")
    return folder


def supportbot(folder: Path, slack: FakeSlack, model_url: str) -> tuple[Program, str]:
    """Return `supportbot run` on a bot folder with SQLite, and its request URL for events."""
    port = free_port()
    program = Program(
        command=("-m", "supportbot", "run", "--config", str(folder)),
        environ={**_environ(slack, model_url), "SUPPORTBOT_PORT": str(port)},
        ready_url=f"http://127.0.0.1:{port}/readyz",
        ready_status=200,
        log=folder / "run.log",
    )
    return program, f"http://127.0.0.1:{port}/slack/events"


def bare_script(folder: Path, slack: FakeSlack, model_url: str) -> tuple[Program, str]:
    """Return the bare script and its request URL for events."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/slack/events"
    program = Program(
        command=(str(Path(__file__).with_name("bare_bot.py")),),
        environ={**_environ(slack, model_url), "PORT": str(port)},
        ready_url=url,
        ready_status=405,
        log=folder / "bare.log",
    )
    return program, url


def _environ(slack: FakeSlack, model_url: str) -> dict[str, str]:
    return {
        "SLACK_API_URL": slack.url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "OPENAI_BASE_URL": model_url,
        "OPENAI_API_KEY": "opens-nothing",
    }
