"""Reports of mail systems about what a bot in memory sent."""

from __future__ import annotations

from typing import Any

from supportbot.model.delivery import Delivery
from supportbot.model.delivery_report import DeliveryReport, Fate, Reported
from supportbot.model.inbound import CustomerMessage, Disposition, DispositionKind, Sender
from supportbot.testing import said

ADDRESS = "ada@cust.example"
BOUNCE = Disposition(DispositionKind.BOUNCE, reply_allowed=False, reasons=("delivery_report",))
GONE = Reported((ADDRESS,), Fate.FAILED, "5.1.1", permanent=True, diagnostic="550 no such user")
FULL = Reported((ADDRESS,), Fate.FAILED, "5.2.2", diagnostic="552 mailbox full")
DELAYED = Reported((ADDRESS,), Fate.DELAYED, "4.4.1")
ARRIVED = Reported((ADDRESS,), Fate.ARRIVED, "2.0.0")


def asks(text: str = "Where is it?", thread: str = "m1", **changes: Any) -> CustomerMessage:
    """A customer who is known by an address writes."""
    target = {"to": ADDRESS, "cc": "eve@cust.example"}
    return said(text, by=ADDRESS, thread=thread, **{"target": target, **changes})


def report(*told: Reported, about: Delivery | None, thread: str = "stray") -> CustomerMessage:
    """A mail system reports; without `about` it proves nothing."""
    name = f"memory-{about.key}" if about else ""
    return said(
        "Sorry.",
        thread=thread,
        sender=Sender("", "Mail Delivery System"),
        disposition=BOUNCE,
        report=DeliveryReport(told, name),
    )
