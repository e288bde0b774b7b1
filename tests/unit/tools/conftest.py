"""Tools and contexts to try them with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.model.catalog import Mode
from supportbot.model.policy import CompiledPolicy
from supportbot.tools.tool import ToolContext


@pytest.fixture
def context() -> ToolContext:
    """A call by a customer whom the channel knows."""
    return make_context()


def make_context(**changes: Any) -> ToolContext:
    fields: dict[str, Any] = {
        "ticket": "T1",
        "product": "shop",
        "channel_kind": "slack",
        "customer": "T1:U1",
        "verified": True,
        "idempotency_key": "T1-1-0-0",
        "now": datetime(2026, 3, 2, tzinfo=UTC),
    }
    return ToolContext(**{**fields, **changes})


@pytest.fixture
def policy_with() -> Callable[..., CompiledPolicy]:
    """Make a policy that allows the named tools."""

    def make(*tools: str, read_only: tuple[str, ...] = ()) -> CompiledPolicy:
        return CompiledPolicy(
            "shop", "Shop", Mode.AUTO, "", "", "", tools=tools, read_only_tools=read_only
        )

    return make
