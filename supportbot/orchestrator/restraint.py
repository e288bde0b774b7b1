"""What is kept from leaving where customers may be machines, or addresses that are no more.

Caps bind what the bot writes by itself; an address that mail comes back from is left alone by all.
"""

from __future__ import annotations

from datetime import datetime

from supportbot.model.caps import Cap
from supportbot.model.delivery import Audience, Delivery
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.store import automatic, mail_failures


async def reached(wiring: Wiring, ticket: Ticket) -> Cap | None:
    """Return the cap that keeps the bot from answering a ticket, if any.

    Raises:
        StoreUnavailable: nobody knows; so nothing may be answered.
    """
    caps = _caps(wiring.channels.get(ticket.channel))
    if not caps:
        return None
    async with wiring.db.reading() as work:
        return await automatic.reached(work, caps, ticket.id, _counted(wiring), wiring.clock())


async def why_not(wiring: Wiring, delivery: Delivery) -> str | None:
    """Say why a delivery may not leave: mail came back from its address, or a cap is reached.

    Raises:
        StoreUnavailable: nobody knows; so it may not leave.
    """
    channel = wiring.channels.get(delivery.channel)
    if channel is None or channel.restraint is None:
        return None
    now = wiring.clock()
    async with wiring.db.reading() as work:
        to = delivery.target.get("to", "").lower()
        address = (await mail_failures.of_addresses(work, [to], now)).get(to)
        if address and address.avoided_until:
            return _avoided(address.avoided_until, address.failures[0].status)
        mine = delivery.audience is Audience.CUSTOMER
        if not mine or not await automatic.wrote_by_itself(work, delivery):
            return None
        number, counted = delivery.ticket_id, _counted(wiring)
        caps = channel.restraint.caps
        cap = await automatic.reached(work, caps, number, counted, now, before=delivery)
    return f"the cap is reached: {cap.told}" if cap else None


def _avoided(until: datetime, status: str) -> str:
    code = f" ({status})" if status else ""
    return (
        f"mail to this address came back{code}, and none goes there before {until:%Y-%m-%d}; see"
        " `supportbot email addresses`"
    )


def held_back(cap: Cap) -> Handoff:
    """Return the decision of a turn that may not be answered by itself any more."""
    summary = f"No answer leaves by itself, which looks like a loop: {cap.told}."
    return Handoff(HandoffReason.LIMIT, summary=summary, rules=(f"cap_{cap.scope}",), silent=True)


def _caps(channel: ConnectedChannel | None) -> tuple[Cap, ...]:
    return channel.restraint.caps if channel and channel.restraint else ()


def _counted(wiring: Wiring) -> list[int]:
    return [one.id for one in wiring.channels.values() if one.restraint]
