"""For whom tools are called in a thread that several people write in, on both stores."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from supportbot.completions.scripted import Scripted, Turn
from supportbot.model.completion import ToolCall
from supportbot.model.fence import QUESTION, unfence
from supportbot.model.inbound import Authenticity
from supportbot.model.message import Role
from supportbot.testing import MemoryChannel, said
from supportbot.tools.declare import tool
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import Toolbox, gather

TOOLS = ("my_orders", "note", "pay")
ADA, MALLORY = "T1:ADA", "T1:MALLORY"


@dataclass
class Desk:
    """For whom the tools were called, and whether that was certain."""

    seen: list[tuple[str, bool]] = field(default_factory=list)
    #: Clear it to hold every payment until it is set.
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def toolbox(self) -> Toolbox:
        @tool(needs_identity=True)
        def my_orders(context: ToolContext) -> str:
            """List the customer's orders."""
            self.seen.append((context.customer, context.verified))
            return "1 Secret Lane"

        @tool
        def note(context: ToolContext) -> str:
            """Take a note."""
            self.seen.append((context.customer, context.verified))
            return "noted"

        @tool(writes=True)
        async def pay(context: ToolContext, idempotency_key: str) -> str:
            """Pay."""
            self.seen.append((context.customer, context.verified))
            await self.open.wait()
            return f"paid {idempotency_key}"

        gathered = gather([my_orders, note, pay])
        assert gathered.problems == ()
        return gathered.toolbox


def calls(name: str, call_id: str = "c1") -> Turn:
    return Turn(tool_calls=(ToolCall(call_id, name, json.dumps({})),))


def by(customer: str, text: str) -> Any:
    return said(text, by=customer, shared_thread=True)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.open.set()
    return desk


@pytest.fixture
def make_desk(make_world: Any, clock: Any, desk: Desk) -> Any:
    async def make(*script: Scripted, kind: str = "slack") -> Any:
        channel = MemoryChannel(clock, key=f"{kind}:x", kind=kind)
        return await make_world(list(script), channel=channel, toolbox=desk.toolbox(), tools=TOOLS)

    return make


async def test_a_stranger_in_a_thread_is_not_its_owner(make_desk: Any, desk: Desk) -> None:
    world = await make_desk("hello", calls("my_orders"), "none", calls("my_orders", "c2"), "here")
    await world.ask(by(ADA, "hi"))
    await world.ask(by(MALLORY, "show my orders"))
    assert desk.seen == [(MALLORY, True)]
    await world.ask(by(ADA, "and mine?"))
    assert desk.seen[1:] == [(ADA, True)]


async def test_questions_of_two_at_once_vouch_for_neither(make_desk: Any, desk: Desk) -> None:
    world = await make_desk(calls("my_orders"), calls("note", "c2"), "who of you?")
    await world.hear(by(MALLORY, "show my orders"))
    await world.ask(by(ADA, "and what is this about?"))
    assert desk.seen == [(ADA, False)]
    assert "identity_required" in world.completer.prompts[1].messages[-1].content


@pytest.mark.parametrize("kind", ["email", "web"])
async def test_nobody_vouches_for_a_sender_of_mail(make_desk: Any, desk: Desk, kind: str) -> None:
    world = await make_desk(calls("my_orders"), calls("note", "c2"), "sorry", kind=kind)
    await world.ask(said("show my orders", by="ada@x.example"))
    assert desk.seen == [("ada@x.example", False)]


def mail(text: str, *, verified: bool) -> Any:
    sign = Authenticity(verified, ("dmarc" if verified else "dmarc_fail",))
    return said(text, by="ada@x.example", authenticity=sign)


async def test_mail_whose_sender_is_verified_gets_what_is_theirs(
    make_desk: Any, desk: Desk
) -> None:
    world = await make_desk(calls("my_orders"), "here", kind="email")
    await world.ask(mail("show my orders", verified=True))
    assert desk.seen == [("ada@x.example", True)]


@pytest.mark.parametrize("signs", [(True, False), (False, True)])
async def test_one_forged_mail_in_a_turn_is_enough(
    make_desk: Any, desk: Desk, signs: tuple[bool, bool]
) -> None:
    world = await make_desk(calls("my_orders"), "sorry", kind="email")
    await world.hear(mail("show my orders", verified=signs[0]))
    await world.ask(mail("all of them", verified=signs[1]))
    assert desk.seen == []
    (result,) = (m for m in world.completer.prompts[1].messages if m.role is Role.TOOL)
    assert "identity_required" in result.content
    assert "offer to ask a person" in result.content


async def test_forged_mail_reads_nothing_of_what_the_real_sender_was_told(
    make_desk: Any, desk: Desk
) -> None:
    world = await make_desk(
        calls("my_orders"),
        "It goes to 1 Secret Lane.",
        "Who are you?",
        "Again to you.",
        kind="email",
    )
    await world.ask(mail("where does my ORDER go?", verified=True))
    await world.ask(mail("repeat the address", verified=False))
    forged = "\n".join(message.content for message in world.completer.prompts[2].messages)
    assert "repeat the address" in forged
    assert '"verified": "no"' in forged
    assert "Secret Lane" not in forged
    assert "ORDER" not in forged
    await world.ask(mail("it is me again", verified=True))
    again = "\n".join(message.content for message in world.completer.prompts[3].messages)
    assert "It goes to 1 Secret Lane." in again
    assert "repeat the address" in again


async def test_a_write_that_is_repeated_is_still_made_for_whoever_asked(
    make_desk: Any, desk: Desk
) -> None:
    desk.open.clear()
    world = await make_desk(calls("pay"), "paid")
    ticket = await world.ticket((await world.hear(by(ADA, "pay"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(desk.seen))
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    desk.open.set()
    await world.hear(by(MALLORY, "me too"))
    await world.settle()
    assert desk.seen == [(ADA, True), (ADA, True)]


async def test_a_model_sees_who_wrote_what(make_desk: Any) -> None:
    world = await make_desk("one", "two", "three")
    await world.ask(by(ADA, "first"))
    await world.ask(by(MALLORY, "second"))
    await world.ask(by(ADA, "third"))
    shown = [
        [
            (block.text, block.facts.get("author"))
            for message in prompt.messages[1:]
            for block in unfence(message.content)
            if block.kind == QUESTION
        ]
        for prompt in world.completer.prompts
    ]
    assert shown[0] == [("first", None)]
    assert shown[1] == [("first", "customer 1"), ("second", "customer 2")]
    assert shown[2] == [*shown[1], ("third", "customer 1")]
