from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supportbot.model.catalog import Mode
from supportbot.model.message import Message, Role
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import BOT, Actor, ActorKind

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def make_message() -> Callable[..., Message]:
    def make(seq: int, text: str, **changes: Any) -> Message:
        role = changes.pop("role", Role.USER)
        facts: dict[str, Any] = {
            "id": seq,
            "ticket_id": 1,
            "seq": seq,
            "episode_n": 1,
            "role": role,
            "author": Actor(ActorKind.CUSTOMER, 1) if role is Role.USER else BOT,
            "text": text,
            "created_at": AT,
        }
        return Message(**{**facts, **changes})

    return make


@pytest.fixture
def make_policy() -> Callable[..., CompiledPolicy]:
    def make(**changes: Any) -> CompiledPolicy:
        facts: dict[str, Any] = {
            "product": "shop",
            "name": "Shop",
            "mode": Mode.AUTO,
            "system": "Be kind.",
            "sha256": "0" * 64,
            "canonical": "{}",
        }
        return CompiledPolicy(**{**facts, **changes})

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Write policy files; keys are paths below the folder, `__` stands for a slash."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/") + ".md")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return tmp_path

    return write
