"""The same thing again and again: a sign of a machine that no rule about headers recognised."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from supportbot.model.caps import Restraint
from supportbot.model.inbound import CustomerMessage
from supportbot.model.ticket import Ticket
from supportbot.store import automatic, mail_failures
from supportbot.store.unit_of_work import UnitOfWork

#: People say shorter things again and again.
_TELLING_CHARS: Final = 40
#: Why a message is answered by nobody but people.
REPEATED: Final = "repeated"


async def restrained(
    work: UnitOfWork,
    restraint: Restraint,
    heard: CustomerMessage,
    known: Ticket | None,
    customer_id: int,
    at: datetime,
) -> CustomerMessage:
    """Forbid an answer to what came too often already, in the words or as a new ticket.

    Whoever writes is there: mail may go to them again.
    """
    await mail_failures.clear(work, heard.sender.external_id, at)
    since, again = at - restraint.repeat_window, 0
    if len(heard.text) >= _TELLING_CHARS:
        again = await automatic.said_before(work, customer_id, heard.text, since)
    if known is None and heard.subject:
        again = max(again, await automatic.opened_before(work, customer_id, heard.subject, since))
    if again < restraint.repeats:
        return heard
    reasons = (*heard.disposition.reasons, REPEATED)
    return replace(
        heard, disposition=replace(heard.disposition, reply_allowed=False, reasons=reasons)
    )
