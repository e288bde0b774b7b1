"""Names that a channel learned."""

from __future__ import annotations

from supportbot.model.inbound import Introduced
from supportbot.orchestrator.telling.packet import tell_name
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import customers, operators, own_tickets, tickets
from supportbot.store.inbound import Outcome
from supportbot.store.unit_of_work import UnitOfWork


async def introduced(wiring: Wiring, work: UnitOfWork, kind: str, heard: Introduced) -> Outcome:
    """Call somebody by the name that the channel learned; who never did anything stays away.

    What operators were told of their open tickets names them so too.
    """
    is_operator = await operators.introduce(work, kind, heard.sender)
    known = await customers.named(work, kind, heard.sender)
    if known is not None:
        await _rename(wiring, work, *known, heard.sender.name)
    elif not is_operator:
        return Outcome("suppressed", reason="unknown_customer", keep_raw=False)
    return Outcome("introduced", keep_raw=False)


async def _rename(
    wiring: Wiring, work: UnitOfWork, customer_id: int, before: str | None, name: str
) -> None:
    if name == before:
        return
    # Their rows are held first, as by whoever writes: customers are changed behind their tickets.
    numbers = await own_tickets.open_of(work, customer_id)
    held = [await tickets.get(work, one, lock=True) for one in numbers]
    now = await customers.rename(work, customer_id, name)
    for ticket in held:
        if now is not None and await tell_name(wiring, work, ticket, before, now):
            await wiring.dispatcher.wake(work, ticket.id, 0)
