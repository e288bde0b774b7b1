"""A customer who calls without a word is greeted, and told what can be asked."""

from __future__ import annotations

from supportbot.model.catalog import Mode
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import BOT, Ticket
from supportbot.orchestrator.telling.saying import NOTICE, say
from supportbot.orchestrator.wiring import Wiring
from supportbot.store.unit_of_work import UnitOfWork

#: Told to the customer where the policy has no words for it (`canned: {greeting: ...}`).
GREETING = (
    "Hello! Ask me about {product}, right here in this thread: there is no need to mention me "
    "again. I answer from the documentation, and I can pass you on to a person."
)


def may_greet(wiring: Wiring, product: str) -> bool:
    """Tell whether anything may be said to customers of a product."""
    return wiring.mode(product) not in {Mode.OFF, Mode.SHADOW}


async def greet(wiring: Wiring, work: UnitOfWork, ticket: Ticket) -> None:
    """Say hello in a ticket that has just been opened."""
    canned = wiring.policy(ticket.product).policy.canned
    text = canned.get("greeting") or GREETING.format(product=wiring.products[ticket.product].name)
    note = NewMessage(role=Role.ASSISTANT, author=BOT, text=text, data={"notice": "greeting"})
    await say(wiring, work, ticket, note, NOTICE)
