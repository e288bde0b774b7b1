"""What a customer sees of every fault, and what the record says of it.

The faults really happen, through the real SDK against a server on loopback. The table stands in
`docs/reference/faults.md`; `make docs` writes it anew, and this test fails where it is not true.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.completions.choice import ModelChoice
from supportbot.completions.registry import build_completer
from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.completion import ToolCall
from supportbot.model.ticket import EventKind, Handler
from supportbot.orchestrator.answering.budgets import Budget, SpendingRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.policy.review import HANDOFF_NOTE
from supportbot.store.tables.answers import CompletionRow
from supportbot.testing import Fails, MemoryChannel, said
from supportbot.testing.fake_answers import Answer, Broken, How, Refused, Said, in_turn
from supportbot.testing.fake_model import FakeModel
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import Toolbox, gather

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "faults.md"
OK = "Send it back within 30 days."
HEAD = """# Faults

What happens when something fails, with the settings as they come: three tries, kb-extractive as the
last step, 60 seconds for a turn (here shortened). Written by `make docs` from faults that really
happened: `tests/integration/orchestrator/test_fault_table.py`.

| fault | calls on record | the customer sees | the ticket | the transcript says |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Fault:
    """Something that fails: in the model's answers, or in the channel's sends."""

    name: str
    answers: tuple[Answer, ...] = (OK,)
    sends: tuple[Exception, ...] = ()
    budgets: SpendingRules | None = None
    #: A question in another thread, asked before.
    earlier: str | None = None
    #: False: what kb-extractive would quote is not there either.
    quotes: bool = True
    findable: bool = True
    tools: tuple[str, ...] = ()
    rules: RespondRules = field(default_factory=lambda: RespondRules(turn_seconds=8.0))


SHORT = RespondRules(turn_seconds=1.0)
CALL = Said(tool_calls=(ToolCall("c1", "look_up", '{"order": "7"}'),))

FAULTS = (
    Fault("none", (OK,)),
    Fault("429 with Retry-After, then fine", (Refused(429, headers={"retry-after": "0"}), OK)),
    Fault("429 without Retry-After, then fine", (Refused(429), OK)),
    Fault("429 again and again", (Refused(429),)),
    Fault("429 insufficient_quota", (Refused(429, "insufficient_quota"),)),
    Fault("401 wrong key", (Refused(401, "invalid_api_key"),)),
    Fault(
        "the model is left alone after a 401", (Refused(401, "invalid_api_key"),), earlier="Yes?"
    ),
    Fault("403 of a firewall", (Refused(403),)),
    Fault("500, then fine", (Refused(500), OK)),
    Fault("503 again and again", (Refused(503),)),
    Fault("503 again and again, kb-extractive off", (Refused(503),), quotes=False),
    Fault("connection reset before the answer", (Broken(How.HANGS_UP), OK)),
    Fault("no answer until the turn's deadline", (Broken(How.SILENT),), rules=SHORT),
    Fault("stream stands still until the deadline", (Broken(How.STALLS),), rules=SHORT),
    Fault("stream cut", (Broken(How.CUT), OK)),
    Fault("stream cut again and again", (Broken(How.CUT),)),
    Fault("stream ends without finish_reason", (Broken(How.ENDS_EARLY), OK)),
    Fault("malformed chunk", (Broken(How.MALFORMED), OK)),
    Fault("error object in mid-stream", (Broken(How.ERROR_CHUNK), OK)),
    Fault("a web page with status 200", (Broken(How.HTML),)),
    Fault("an error object with status 200", (Broken(How.ERROR_BODY),)),
    Fault("no choices", (Broken(How.NO_CHOICES), OK)),
    Fault("empty answer, then fine", (Said(""), OK)),
    Fault("empty answer twice", (Said(""),)),
    Fault("refusal", (Said(refusal="I can't help with that."),)),
    Fault("content filter", (Said("Half an", finish_reason="content_filter"),)),
    Fault("cut off at the token limit", (Said("Half an", finish_reason="length"),)),
    Fault("prompt too long, then fits", (Refused(400, "context_length_exceeded"), OK)),
    Fault("prompt too long for good", (Refused(400, "context_length_exceeded"),)),
    Fault("tool call without index", (Said(tool_calls=CALL.tool_calls, indexed=False), OK)),
    Fault("tool call with broken JSON", (Said(tool_calls=(ToolCall("c1", "look_up", "{"),)), OK)),
    Fault("tool that raises", (CALL, OK), tools=("look_up",)),
    Fault("unknown tool", (Said(tool_calls=(ToolCall("c1", "rm", "{}"),)), OK)),
    Fault(
        "the day's budget is spent",
        budgets=SpendingRules(product=Budget(tokens=1)),
        earlier="Earlier question?",
    ),
    Fault("send refused for good", sends=(SendError("no such channel", permanent=True),)),
    Fault("send must be tried again", sends=(SendError("busy", permanent=False),)),
    Fault("answer to a send lost, it had arrived", sends=(DeliveryUnknown("cut"),)),
    Fault(
        "answer to a send lost, nobody can tell", sends=(DeliveryUnknown("cut"),), findable=False
    ),
)


def toolbox() -> Toolbox:
    @tool
    def look_up(order: str) -> str:
        """Look an order up."""
        raise KeyError(order)

    return gather([look_up]).toolbox


async def happen(fault: Fault, number: int, make_world: Any, clock: Any) -> str:
    """Let a fault happen to one customer, at a time of their own; return its line of the table."""
    async with FakeModel(in_turn(*fault.answers)) as model:
        choice = ModelChoice(
            name=f"model-{number}", base_url=model.url, api_key="key", quotes=fault.quotes
        )
        completer = build_completer(choice, clock=clock)
        channel = MemoryChannel(clock, key=f"memory:{number}")
        channel.findable = fault.findable
        arrived = "it had arrived" in fault.name
        channel.failures.extend(Fails(error, left=arrived) for error in fault.sends)
        world = await make_world(
            own_clock=clock,
            completer=completer,
            channel=channel,
            rules=fault.rules,
            budgets=fault.budgets,
            toolbox=toolbox(),
            tools=("look_up",),
            product=f"shop{number}",
        )
        try:
            return await _told(fault, world)
        finally:
            await completer.aclose()


async def _told(fault: Fault, world: Any) -> str:
    if fault.earlier:
        await _answered(world, fault.earlier, thread="t0")
    ticket = await _answered(world, "May I return it?", thread="t1")
    async with world.db.reading() as work:
        rows = await work.connection.execute(
            select(CompletionRow.error_kind, CompletionRow.endpoint)
            .where(CompletionRow.ticket_id == ticket.id)
            .order_by(CompletionRow.id)
        )
        calls = [
            (row.error_kind or "answered") + (" (kb)" if row.endpoint == "embedded" else "")
            for row in rows
        ]
    kinds = [event.kind for event in await world.events(ticket)]
    told = [kind.value for kind in kinds if kind is not EventKind.OPENED]
    counted = [f"{kind} x{n}" if n > 1 else kind for kind, n in Counter(told).items()]
    owner = "is with people" if ticket.handler is Handler.HUMAN else "stays with the bot"
    seen = " / ".join(_short(text) for text in world.channel.texts("t1")) or "nothing"
    return (
        f"| {fault.name} | {', '.join(calls) or 'none'} | {seen} | {owner} | {', '.join(counted)} |"
    )


async def _answered(world: Any, text: str, thread: str) -> Any:
    """Let a customer write, and settle what follows, retries of sends included."""
    accepted = await world.hear(said(text, by=f"ada-{world.channel.key}", thread=thread))
    ticket = await world.ticket(accepted.ticket)
    await world.settle_ticket(ticket.id)
    if world.channel.attempts and len(world.channel.attempts) > len(world.channel.sent):
        world.clock.advance(seconds=30)
        await world.settle_ticket(ticket.id)
    return await world.ticket(accepted.ticket)


def _short(text: str) -> str:
    if text == OK:
        return "the answer"
    if text == HANDOFF_NOTE:
        return "that a colleague takes over"
    return "an article of the knowledge, quoted" if "Source:" in text else text


async def test_the_table_of_faults_is_true(
    make_world: Any, clock: Any, request: pytest.FixtureRequest, store_url: str
) -> None:
    if not store_url.startswith("sqlite"):
        pytest.skip("faults of models and channels do not depend on the store")
    lines = await asyncio.gather(
        *(happen(one, n, make_world, type(clock)()) for n, one in enumerate(FAULTS))
    )
    page = HEAD + "\n".join(lines) + "\n"
    if request.config.getoption("--write-docs"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "run: make docs"
    silent = [line for line in lines if "| nothing |" in line]
    assert all("| is with people |" in line for line in silent)
