"""The page about Slack says what is so: its settings load, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import supportbot
from supportbot.channels.slack.manifest import COMMAND
from supportbot.settings.load import load
from supportbot.settings.table import describe

PACKAGE = Path(supportbot.__file__).parent


@pytest.fixture
def page(deploy: Path) -> Path:
    return deploy.parent / "docs" / "how-to" / "slack.md"


def test_examples_are_settings(page: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    text = "\n".join(re.sub(r"(?m)^ {2}(?=\S)", "", block) for block in blocks)
    (tmp_path / "supportbot.toml").write_text(text, encoding="utf-8")
    slack = load(tmp_path, {}).slack
    assert (slack.channels["C0456DEF"].listen, slack.prompts[0].product) == ("all", "hosting")


def test_settings_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"\[(slack|tickets)\] (\w+)", page.read_text(encoding="utf-8"))
    known = {setting.name for setting in describe()}
    assert named
    assert {".".join(one) for one in named} <= known


def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_reasons_that_are_explained_can_be_stored(page: Path) -> None:
    table = page.read_text(encoding="utf-8").partition("| reason | what |")[2]
    reasons = re.findall(r"`(\w+)`", "\n".join(re.findall(r"(?m)^\|([^|]+)\|", table)))
    source = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert reasons
    assert [reason for reason in reasons if f'"{reason}"' not in source] == []


def test_command_is_called_as_in_the_manifest(page: Path) -> None:
    assert f"`{COMMAND} [product] question`" in page.read_text(encoding="utf-8")
