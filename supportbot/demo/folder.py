"""The demo's bot folder: the starter's policies and knowledge, and settings for this machine.

`hosting` answers by itself and lets answers grow, `retail` stays in draft mode. A folder of an
earlier demo is used again with its policies as they are now; any other folder that holds something
is refused.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from supportbot.demo.cast import (
    MAIL_PLACES,
    OPERATORS,
    PROMPTS,
    SLACK_PLACES,
    SUPPORT_TEAM,
    SlackPlace,
)
from supportbot.errors import ConfigError

OUTBOX = "outbox"
LOG = "supportbot.log"

_MARK = "# Written by `supportbot demo`; it writes this file again each time it starts here.\n"
_SETTINGS = "supportbot.toml"
#: What the user's own environment may say in the demo: which model answers.
_MODEL_VARIABLES = ("OPENAI_", "SUPPORTBOT_MODEL_")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen on 127.0.0.1, and where the fake Slack's Web API is."""

    http: int
    smtp: int
    slack_url: str


def prepare(folder: Path, starter: Path) -> None:
    """Fill a new or empty folder from the starter; leave the folder of an earlier demo as it is.

    Raises:
        ConfigError: the folder holds something else, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _SETTINGS).is_file():
            _refuse_foreign(folder)
            return
        if any(folder.iterdir()):
            raise ConfigError("is not empty; name a new folder for the demo", path=folder)
        for name in ("policies", "knowledge"):
            shutil.copytree(starter / name, folder / name)
        _let_hosting_answer(folder / "policies" / "products" / "hosting.md")
    except OSError as error:
        raise ConfigError(f"cannot be used ({error.strerror})", path=folder) from error


def write_settings(folder: Path, ports: Ports) -> None:
    """Write supportbot.toml."""
    (folder / _SETTINGS).write_text(_MARK + _toml(ports), encoding="utf-8")


def demo_environment(environ: Mapping[str, str], slack_tokens: Mapping[str, str]) -> dict[str, str]:
    """Return the variables the demo's settings see: the model's, and the fake Slack's tokens."""
    model = {k: v for k, v in environ.items() if k.startswith(_MODEL_VARIABLES)}
    return model | dict(slack_tokens)


def _refuse_foreign(folder: Path) -> None:
    if not (folder / _SETTINGS).read_text(encoding="utf-8").startswith(_MARK):
        raise ConfigError("is a bot folder of yours; name a new folder for the demo", path=folder)


#: What the demo changes in a policy of the starter: answers leave by themselves, and grow as they
#: are written, which those that must name a source cannot.
_LIVE = (("default: draft", "default: auto"), ("cite: required", "cite: optional"))


def _let_hosting_answer(policy: Path) -> None:
    text = policy.read_text(encoding="utf-8")
    for before, after in _LIVE:
        if before not in text:
            raise ConfigError(f"does not say {before!r} as the demo expects", path=policy)
        text = text.replace(before, after, 1)
    policy.write_text(text, encoding="utf-8")


def _toml(ports: Ports) -> str:
    channels = "".join(_channel(place) for place in SLACK_PLACES if place.product)
    operators = ", ".join(f'"{person.slack_user}"' for person in OPERATORS)
    prompts = "".join(
        f'\n[[slack.prompts]]\ntitle = "{title}"\nmessage = "{message}"\nproduct = "{product}"\n'
        for title, message, product in PROMPTS
    )
    mailboxes = "".join(
        f'\n[[email.mailboxes]]\naddress = "{p.address}"\nproduct = "{p.product}"\n'
        f'outbox = "{OUTBOX}"\n'
        for p in MAIL_PLACES
    )
    return f"""
[database]
url = "sqlite:///supportbot.db"

[server]
port = {ports.http}

[tickets]
default_product = "hosting"

[slack]
mode = "socket"
api_url = "{ports.slack_url}"
default_product = "hosting"
operators = [{operators}]
operators_channel = "{SUPPORT_TEAM.id}"

[slack.channels]
{channels}{prompts}{mailboxes}
[email.listener]
port = {ports.smtp}

[web]
enabled = true
"""


def _channel(place: SlackPlace) -> str:
    """Return a channel's line of `[slack.channels]`."""
    if place.listens_to_all:
        return f'{place.id} = {{product = "{place.product}", listen = "all"}}\n'
    return f'{place.id} = "{place.product}"\n'
