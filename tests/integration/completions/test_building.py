"""The chain of a configuration, over real sockets: who is asked, with which key."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from supportbot.completions.base import Completer
from supportbot.completions.choice import Load, ModelAt, ModelChoice
from supportbot.completions.prices import PRICES, Price
from supportbot.completions.registry import build_completer, build_completers
from supportbot.errors import CompletionError
from supportbot.model.completion import ChatMessage, Completion, Passage, Prompt
from supportbot.model.fence import PASSAGE, QUESTION, fence
from supportbot.model.message import Role
from supportbot.testing.fake_answers import Refused, in_turn
from supportbot.testing.fake_model import FakeModel

TOKEN = "0123456789abcdef"
HELP = fence(PASSAGE, TOKEN, {"key": "k", "title": "Opening"}, "We open at nine.")
QUOTED = Prompt(
    (ChatMessage(Role.USER, f"{HELP}\n\n{fence(QUESTION, TOKEN, {}, 'When do you open?')}"),),
    passages=(Passage("k", "Opening", "We open at nine.", None, "v"),),
)
PROMPT = Prompt((ChatMessage(Role.USER, "Hello"),))


def now() -> datetime:
    return datetime.now(UTC)


async def answer(choice: ModelChoice, prompt: Prompt = PROMPT) -> Completion:
    completer = build_completer(choice, clock=now)
    try:
        return await whole(completer, prompt)
    finally:
        await completer.aclose()


async def whole(completer: Completer, prompt: Prompt = PROMPT) -> Completion:
    async with aclosing(completer.complete(prompt)) as events:
        async for event in events:
            if isinstance(event, Completion):
                return event
    raise AssertionError("no completion came")


async def test_fallback_answers_and_no_key_goes_to_a_stranger() -> None:
    async with FakeModel(in_turn(Refused(401))) as first, FakeModel(lambda _: "Hi.") as second:
        elsewhere = ModelAt("other", second.url)
        choice = ModelChoice("m", first.url, "secret", fallbacks=(elsewhere,), quotes=False)
        completion = await answer(choice)
        assert (completion.model, completion.endpoint) == ("other", second.url)
        assert (first.keys, second.keys) == (["secret"], ["not-needed"])


async def test_fallback_at_the_same_place_is_asked_with_the_same_key() -> None:
    async with FakeModel(in_turn(Refused(404), "Hi.")) as model:
        choice = ModelChoice("m", model.url, "secret", fallbacks=(ModelAt("other"),))
        assert (await answer(choice)).model == "other"
        assert [request["model"] for request in model.requests] == ["m", "other"]
        assert model.keys == ["secret", "secret"]


async def test_fallback_has_its_own_key() -> None:
    async with FakeModel(in_turn(Refused(404), "Hi.")) as model:
        choice = ModelChoice("m", model.url, "a", fallbacks=(ModelAt("other", api_key="b"),))
        await answer(choice)
        assert model.keys == ["a", "b"]


async def test_larger_model_takes_what_was_too_long() -> None:
    async with FakeModel(in_turn(Refused(400, "context_length_exceeded"), "Hi.")) as model:
        choice = ModelChoice("m", model.url, larger=ModelAt("big", context_tokens=100_000))
        completion = await answer(choice)
    assert (completion.model, completion.attempt) == ("big", 2)


async def test_passages_are_quoted_when_the_model_is_down() -> None:
    async with FakeModel(in_turn(Refused(503))) as model:
        choice = ModelChoice("m", model.url, attempts=1)
        completion = await answer(choice, QUOTED)
        assert (completion.model, completion.endpoint) == ("kb-extractive-1", "embedded")
        assert completion.text.startswith("We open at nine.")
        assert completion.cost_nusd == 0
        with pytest.raises(CompletionError):
            await answer(ModelChoice("m", model.url, attempts=1, quotes=False), QUOTED)


async def test_price_of_the_settings_counts() -> None:
    async with FakeModel(lambda _: "Hi.") as model:
        prices = PRICES.changed({"m": Price(1.0, 1.0)})
        completion = await answer(ModelChoice("m", model.url, prices=prices))
        unpriced = await answer(ModelChoice("m", model.url))
    used = completion.usage
    assert completion.cost_nusd == 1000 * (used.prompt + used.output)
    assert completion.price_version == prices.version
    assert (unpriced.cost_nusd, unpriced.price_version) == (None, None)


async def twice(completer: Completer, within_seconds: float) -> None:
    async with asyncio.timeout(within_seconds):
        await whole(completer)
        await whole(completer)


async def test_requests_per_minute_are_obeyed_by_all_models_of_a_key() -> None:
    async with FakeModel(in_turn("Hi.", Refused(404), "Hi.")) as model:
        load = Load(requests_per_minute=2)
        choice = ModelChoice("m", model.url, fallbacks=(ModelAt("other"),), quotes=False, load=load)
        completer = build_completer(choice, clock=now)
        try:
            with pytest.raises(TimeoutError):
                await twice(completer, within_seconds=0.5)
        finally:
            await completer.aclose()
        assert [request["model"] for request in model.requests] == ["m", "m"]


async def test_two_configurations_of_one_key_share_its_budget() -> None:
    async with FakeModel(lambda _: "Hi.") as model:
        choice = ModelChoice("m", model.url, quotes=False, load=Load(requests_per_minute=1))
        main, cheaper = build_completers([choice, replace(choice, name="small")], clock=now)
        await whole(main)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await whole(cheaper)
        await main.aclose()
        await cheaper.aclose()
        assert len(model.requests) == 1
