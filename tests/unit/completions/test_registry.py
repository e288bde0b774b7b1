from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from supportbot.completions.choice import ModelChoice
from supportbot.completions.connection import VENDOR_URL
from supportbot.completions.registry import build_completer
from supportbot.errors import ConfigError


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


async def test_neither_key_nor_base_url_means_kb_extractive() -> None:
    completer = build_completer(ModelChoice(name="ignored", api_key=""), clock=now)
    assert (completer.model, completer.endpoint) == ("kb-extractive-1", "embedded")
    await completer.aclose()


async def test_key_alone_means_the_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/not-this")
    completer = build_completer(ModelChoice(name="m", api_key="k"), clock=now)
    assert (completer.model, completer.endpoint) == ("m", VENDOR_URL)
    await completer.aclose()


async def test_password_in_a_base_url_is_not_shown() -> None:
    choice = ModelChoice(name="m", base_url="http://user:secret@127.0.0.1:1234/v1")
    completer = build_completer(choice, clock=now)
    assert completer.endpoint == "http://127.0.0.1:1234/v1"
    await completer.aclose()


@pytest.mark.parametrize(
    "choice", [ModelChoice(api_key="k"), ModelChoice(base_url="http://127.0.0.1:1/v1")]
)
def test_missing_name_is_named(choice: ModelChoice) -> None:
    with pytest.raises(ConfigError, match=r"`\[model\] name` is missing"):
        build_completer(choice, clock=now)


def test_base_url_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="must begin with http"):
        build_completer(ModelChoice(name="m", base_url="localhost:1234"), clock=now)


def test_registry_does_not_load_the_sdk() -> None:
    code = "import sys, supportbot.completions.registry; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
