"""The fake model can be held, so that something happens while it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from supportbot.testing.fake_model import FakeModel

REQUEST = {"model": "test", "messages": [{"role": "user", "content": "Hello?"}]}


@pytest.fixture
def asked() -> asyncio.Semaphore:
    """Released by every request that arrives."""
    return asyncio.Semaphore(0)


@pytest.fixture
async def model(asked: asyncio.Semaphore) -> AsyncIterator[FakeModel]:
    def answer(_request: object) -> str:
        asked.release()
        return "abcdefgh"

    async with FakeModel(answer) as started:
        yield started


async def said(model: FakeModel, *, stream: bool = True) -> AsyncIterator[str]:
    """Ask; yield the pieces of the answer as they come."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer key"}) as session,
        session.post(f"{model.url}/chat/completions", json={**REQUEST, "stream": stream}) as answer,
    ):
        async for line in answer.content:
            if line.startswith(b'data: {"'):
                (choice,) = json.loads(line.removeprefix(b"data: "))["choices"]
                yield choice["delta"].get("content", "")
            elif not stream:
                yield json.loads(line)["choices"][0]["message"]["content"]


async def test_a_held_model_says_as_much_as_it_may(model: FakeModel) -> None:
    model.hold(2)
    answer = said(model)
    assert [await anext(answer) for _ in range(2)] == ["a", "b"]
    third = asyncio.ensure_future(anext(answer))
    model.hold(3)
    assert await third == "c"
    model.go_on()
    assert "".join([piece async for piece in answer]) == "defgh"


async def test_a_held_model_says_nothing_to_several_who_ask(
    model: FakeModel, asked: asyncio.Semaphore
) -> None:
    model.hold()
    asking = [asyncio.ensure_future(anext(said(model, stream=False))) for _ in range(2)]
    for _ in asking:
        await asked.acquire()
    assert not any(one.done() for one in asking)
    model.go_on()
    assert await asyncio.gather(*asking) == ["abcdefgh"] * 2


async def test_a_held_model_can_be_closed(model: FakeModel, asked: asyncio.Semaphore) -> None:
    model.hold()
    asking = asyncio.ensure_future(anext(said(model)))
    await asked.acquire()
    await model.__aexit__()
    with pytest.raises(aiohttp.ClientError):
        await asking
