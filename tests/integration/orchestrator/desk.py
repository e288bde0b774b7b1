"""Operators at work beside a channel in memory: what they press and write, and what they see."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from supportbot.model.delivery import Audience, Delivery
from supportbot.model.inbound import (
    Accepted,
    Action,
    ActionKind,
    CustomerMessage,
    OperatorMessage,
    Sender,
)
from supportbot.model.ticket import Ticket
from supportbot.testing import said

ADA = Sender("ada", "Ada")
#: No two messages are written in one moment.
_SECONDS = itertools.count(1_700_000_000)
BOB, GRACE, KIM = Sender("bob", "Bob"), Sender("grace", "Grace"), Sender("kim", "Kim")


async def press(
    world: Any, kind: ActionKind, sender: Sender, below: Delivery | str | None, **changes: Any
) -> Accepted:
    """Press a button below a delivery; `sender` is an operator unless `by_operator` says no."""
    key = below.key if isinstance(below, Delivery) else below
    values = {"by_operator": True, "thread_keys": ("desk",), **changes}
    accepted: Accepted = await world.hear(Action(kind, sender, delivery_key=key, **values))
    await world.settle()
    return accepted


async def customer_presses(
    world: Any, kind: ActionKind, below: Delivery | None = None, **changes: Any
) -> Accepted:
    """Press a button as ada, in her thread."""
    values = {"by_operator": False, "thread_keys": ("t1",), **changes}
    return await press(world, kind, ADA, below, **values)


async def escalated(world: Any, text: str = "hi") -> tuple[Ticket, Delivery]:
    """Let ada ask and want a person; return her ticket and the packet as it stands."""
    await world.ask(said(text))
    accepted = await customer_presses(world, ActionKind.ESCALATE)
    return await world.ticket(accepted.ticket), packet(world)


def packet(world: Any) -> Delivery:
    """Return the newest notice in the operators' place as it is shown."""
    notices: list[Delivery] = world.channel.shown("operators")
    return [one for one in notices if one.below is None][-1]


def writes(sender: Sender, text: str, *, thread: str = "desk", **changes: Any) -> OperatorMessage:
    """Make an operator's message; `below` is the id of the message in whose thread it stands."""
    own = {name: changes.pop(name) for name in ("below", "aside") if name in changes}
    values = {
        "addressed": False,
        "shared_thread": True,
        "sender": sender,
        "sent_at": datetime.fromtimestamp(next(_SECONDS), UTC),
        **changes,
    }
    return OperatorMessage(said(text, thread=thread, **values), **own)


async def write(world: Any, sender: Sender, text: str, key: str = "", **changes: Any) -> Accepted:
    """Let an operator write, and settle."""
    accepted: Accepted = await world.hear(writes(sender, text, **changes), *filter(None, [key]))
    await world.settle()
    return accepted


def by_ada(text: str, **changes: Any) -> CustomerMessage:
    """Make words of the customer in a thread that others share."""
    return said(text, **{"shared_thread": True, "addressed": False, **changes})


def by_bob(text: str, **changes: Any) -> CustomerMessage:
    """Make words of somebody else in that thread."""
    return by_ada(text, **{"by": "bob", **changes})


async def asked(world: Any, text: str = "hi") -> Ticket:
    """Let ada ask in a thread that others share; return her ticket."""
    ticket: Ticket = await world.ask(by_ada(text, addressed=True))
    return ticket


def under(notice: Delivery) -> str:
    """Return the provider's id of the message of a notice."""
    return f"memory-{(notice.replaces or notice).key}"


async def to_customer(world: Any, ticket: Ticket) -> list[Delivery]:
    """Return the deliveries to the customer, without what only changes them."""
    deliveries = await world.deliveries(ticket)
    return [d for d in deliveries if d.audience is Audience.CUSTOMER and d.replaces is None]
