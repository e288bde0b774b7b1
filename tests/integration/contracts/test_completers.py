from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from supportbot.completions.base import Completer
from supportbot.completions.embedded import embedded_completer
from supportbot.completions.scripted import ScriptedCompleter, Turn
from supportbot.errors import CompletionError
from supportbot.testing.contracts import CompleterContract


class TestScriptedCompleter(CompleterContract):
    @pytest.fixture
    async def completer(self, clock: Any) -> Completer:
        return ScriptedCompleter(lambda _prompt: "Within thirty days.", clock=clock)

    @pytest.fixture
    async def failing(self, clock: Any) -> Completer:
        refused = CompletionError("rate_limit", "slow down", permanent=False)
        return ScriptedCompleter(lambda _prompt: Turn(error=refused), clock=clock)


class TestEmbeddedCompleter(CompleterContract):
    """kb-extractive; it never refuses, so a script fails in its place."""

    @pytest.fixture
    async def completer(self, clock: Any) -> AsyncIterator[Completer]:
        made = embedded_completer(clock=clock)
        yield made
        await made.aclose()

    @pytest.fixture
    async def failing(self, clock: Any) -> Completer:
        return ScriptedCompleter([], clock=clock)
