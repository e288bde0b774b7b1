"""Answers that grow: a model that speaks and does not end by itself, and what is seen meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from supportbot.completions.scripted import Turn
from supportbot.model.completion import ToolCall
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.testing import said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import gather

QUICK = RespondRules(live=LiveRules(start_seconds=0.0, flush_seconds=0.01, lease_seconds=8.0))
ANSWER = "Open the page. Then press Export. Done now."
LOOK_UP = (ToolCall("c1", "find_order", '{"number": "7"}'),)


def spoken(text: str = ANSWER) -> tuple[Turn, asyncio.Event]:
    """Make an answer that is spoken, and ends only when its gate is opened."""
    gate = asyncio.Event()
    return Turn(text, end_gate=gate), gate


def endless() -> Turn:
    """Make an answer that is spoken and never ends."""
    return spoken()[0]


def order_desk(looked: asyncio.Event) -> dict[str, Any]:
    """Return what a world needs for a tool that finds an order once it `looked`."""

    @tool
    async def find_order(number: str) -> str:
        """Find an order."""
        await looked.wait()
        return f"{number} was shipped"

    return {"toolbox": gather([find_order]).toolbox, "tools": ("find_order",)}


async def started(world: Any, *, text: str = "how?") -> tuple[Any, asyncio.Task[None]]:
    """Let a customer ask; return the ticket, and the task that answers it."""
    ticket = await world.ticket((await world.hear(said(text))).ticket)
    return ticket, asyncio.create_task(world.settle_ticket(ticket.id))


async def until_seen(world: Any, text: str) -> None:
    """Wait until a growing reply showed this."""
    await world.until(
        lambda: any(text in seen for texts in world.channel.grown.values() for seen in texts)
    )
