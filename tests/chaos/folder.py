"""The bot folder of a chaos run, and what its processes are told by their environment."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from supportbot.cli.init import write_starter
from supportbot.testing.fake_slack import FakeSlack

_SETTINGS = """\
[model]
name = "chaos"
[database]
url = "{database_url}"
[slack]
mode = "{slack_mode}"
default_product = "hosting"
operators_channel = "{operators_channel}"
[tickets]
default_product = "hosting"
[email.listener]
port = {listener_port}
[[email.mailboxes]]
address = "help@desk.test"
product = "hosting"
outbox = "outbox"
[[email.mailboxes]]
address = "sales@desk.test"
product = "hosting"
smtp = "{smtp_url}"
"""
_POLICY_CHANGES = (
    ("default: draft", "default: auto"),
    ("cite: required", "cite: optional"),
    (
        "\nnever:",
        "\ntools: {look_up: {access: read}, book: {access: write}, post: {access: write}}\nnever:",
    ),
)


def write_folder(folder: Path, **values: object) -> Path:
    """Write a bot folder whose hosting product answers by itself.

    `values`: database_url, slack_mode, operators_channel, listener_port, smtp_url.
    """
    write_starter(folder)
    policy = folder / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8")
    for before, after in _POLICY_CHANGES:
        if before not in text:
            raise ValueError(f"{policy.name} of the starter no longer says {before!r}")
        text = text.replace(before, after)
    shutil.copyfile(Path(__file__).with_name("effects.py"), folder / "tools.py")
    policy.write_text(text, encoding="utf-8")
    (folder / "supportbot.toml").write_text(_SETTINGS.format(**values), encoding="utf-8")
    return folder


def environ(slack: FakeSlack, model_url: str, port: int) -> dict[str, str]:
    """Return the whole environment of a process."""
    return {
        "PATH": os.environ["PATH"],
        "SLACK_API_URL": slack.url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "OPENAI_BASE_URL": model_url,
        "OPENAI_API_KEY": "opens-nothing",
        "SUPPORTBOT_PORT": str(port),
    }


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
