"""A model may say what neither store can hold; its turn must not fail for that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.completions.choice import ModelChoice
from supportbot.completions.registry import build_completer
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.handoff import HANDOFF_TOOL
from supportbot.store.tables.answers import CompletionRow
from supportbot.testing import said
from supportbot.testing.fake_answers import Said
from supportbot.testing.fake_model import FakeModel


def asks_for_a_person(note: str) -> Said:
    arguments = json.dumps({"reason": "asked", "message": note})
    return Said(tool_calls=(ToolCall("c1", HANDOFF_TOOL, arguments),))


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.DRAFT])
@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (Said("so \ud83d\ude00 ok"), "so \U0001f600 ok"),
        (Said("half \ud83d emoji"), "half \ufffd emoji"),
        (Said("nul \x00 here"), "nul  here"),
        (asks_for_a_person("half \ud83d, nul \x00"), "half \ufffd, nul \ufffd"),
        (Said("half \ud83d", finish_reason="length"), None),
    ],
)
async def test_broken_characters_do_not_fail_the_turn(
    make_world: Any, clock: Any, mode: Mode, answer: Said, kept: str | None
) -> None:
    async with FakeModel(lambda _body: answer) as model:
        choice = ModelChoice(name="model", base_url=model.url, api_key="key", quotes=False)
        completer = build_completer(choice, clock=clock)
        world = await make_world(completer=completer, mode=mode)
        try:
            ticket = await world.ask(said("hi"))
        finally:
            await completer.aclose()
    assert (ticket.attempts, ticket.answered_seq) == (0, ticket.asked_seq)
    async with world.db.reading() as work:
        kinds = await work.connection.execute(select(CompletionRow.error_kind))
    assert [row.error_kind for row in kinds] == [None]
    words = [m.text for m in await world.messages(ticket)] + [
        draft.text for draft in await world.drafts(ticket)
    ]
    if kept is not None and not (mode is Mode.DRAFT and answer.tool_calls):
        assert kept in words
