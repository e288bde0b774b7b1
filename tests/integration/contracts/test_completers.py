from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from supportbot.completions.base import Completer
from supportbot.completions.choice import ModelChoice
from supportbot.completions.embedded import embedded_completer
from supportbot.completions.registry import build_completer
from supportbot.completions.scripted import ScriptedCompleter, Turn
from supportbot.errors import CompletionError
from supportbot.testing.contracts import CompleterContract
from supportbot.testing.fake_answers import Refused, in_turn
from supportbot.testing.fake_model import FakeModel


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


class TestChain(CompleterContract):
    """What a configured model is asked through, over real sockets."""

    @pytest.fixture
    async def completer(self, clock: Any) -> AsyncIterator[Completer]:
        async with FakeModel(lambda _: "Within thirty days.") as model:
            made = build_completer(ModelChoice(name="m", base_url=model.url), clock=clock)
            yield made
            await made.aclose()

    @pytest.fixture
    async def failing(self, clock: Any) -> AsyncIterator[Completer]:
        async with FakeModel(in_turn(Refused(429, "insufficient_quota"))) as model:
            choice = ModelChoice(name="m", base_url=model.url, quotes=False)
            made = build_completer(choice, clock=clock)
            yield made
            await made.aclose()
