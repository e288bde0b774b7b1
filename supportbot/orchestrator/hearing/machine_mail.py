"""Machine mail: filed to its ticket or set aside, and what reports tell of our mails is booked.

It opens no ticket, is never answered and reopens nothing by itself. What was said to a customer and
did not arrive is put before people; only what proves to be about a delivery of ours, and names
somebody it was written to, is held against an address.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from supportbot.model.delivery import Audience, Delivery, DeliveryKind, NewDelivery
from supportbot.model.delivery_report import DeliveryReport, Fate, MailFailure, Reported
from supportbot.model.inbound import CustomerMessage, DispositionKind, Inbound
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, EventKind, Status, Ticket
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.orchestrator.telling.in_question import BadEnd, put_in_question
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import deliveries, mail_failures, threads, tickets
from supportbot.store.inbound import Outcome
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)
#: Ends the keys of notices that tell of a notice that came back.
_OF_A_NOTICE = "-came-back"


async def machine_mail(
    wiring: Wiring,
    work: UnitOfWork,
    ticket: Ticket | None,
    inbound: Inbound,
    heard: CustomerMessage,
) -> Outcome:
    """File machine mail to its ticket, or set it aside, with the names of the rules that hit."""
    disposition = heard.disposition
    delivery = await _delivery(work, ticket, heard.report)
    if delivery is not None and (ticket is None or ticket.id != delivery.ticket_id):
        ticket = await tickets.get(work, delivery.ticket_id, lock=True)
    if ticket is not None:
        await _file(wiring, work, ticket, delivery, heard)
    if ticket is not None and delivery is not None and heard.report is not None:
        await _Booking(wiring, work, ticket, delivery).book(heard.report)
    elif ticket is not None and _may_have_failed(heard) and ticket.status is not Status.RESOLVED:
        handoff = Handoff(HandoffReason.DELIVERY, summary="A mail to the customer came back.")
        await hand_off(wiring, work, ticket, handoff, SYSTEM)
    return Outcome(
        "suppressed",
        reason=disposition.kind,
        ticket_id=ticket.id if ticket else None,
        meta={**inbound.meta, "rules": ",".join(disposition.reasons)},
    )


async def _delivery(
    work: UnitOfWork, ticket: Ticket | None, report: DeliveryReport | None
) -> Delivery | None:
    """Return the delivery that a report is about, where it proves to be."""
    if report is None or not report.about:
        return None
    return await mail_failures.reported(work, report.about, ticket.id if ticket else None)


async def _file(
    wiring: Wiring,
    work: UnitOfWork,
    ticket: Ticket,
    delivery: Delivery | None,
    heard: CustomerMessage,
) -> None:
    kind = heard.disposition.kind
    data: dict[str, object] = {"kind": kind, "rules": list(heard.disposition.reasons)}
    if delivery is not None:
        data["delivery"] = delivery.key
    if heard.report is not None:
        data["reported"] = [
            {"fate": one.fate, "status": one.status, "permanent": one.permanent}
            for one in heard.report.recipients
        ]
    event = NewEvent(EventKind.MACHINE_MAIL, SYSTEM, reason=kind, data=data)
    await threads.append_events(work, ticket, [event], wiring.clock())


def _may_have_failed(heard: CustomerMessage) -> bool:
    """Tell whether a mail may say that one of ours did not arrive. Pure."""
    if heard.disposition.kind is not DispositionKind.BOUNCE:
        return False
    return heard.report is None or any(one.fate is Fate.FAILED for one in heard.report.recipients)


@dataclass(frozen=True, slots=True)
class _Booking:
    """Books a report to the delivery that it proves to be about; each recipient counts once."""

    wiring: Wiring
    work: UnitOfWork
    #: Its row is held.
    ticket: Ticket
    delivery: Delivery

    async def book(self, report: DeliveryReport) -> None:
        failed = [one for one in report.recipients if one.fate is Fate.FAILED]
        named = [(address, one) for one in failed if (address := self._written_to(one))]
        for address, one in named:
            if await self._hold_against(address, one) and not self._is_main(address):
                await self._happened(one)
        main = [one for address, one in named if self._is_main(address)]
        if not named and not any(self._written_to(one) for one in report.recipients):
            main = failed  # it was passed on, and came back from there
        if main:
            await self._did_not_arrive(main[0])

    def _written_to(self, one: Reported) -> str | None:
        """Return the address that the delivery was written to, of those that a report gives."""
        target = self.delivery.target
        ours = {target.get("to", "").lower(), *target.get("cc", "").lower().split()}
        return next((address for address in one.addresses if address in ours), None)

    def _is_main(self, address: str) -> bool:
        return address == self.delivery.target.get("to", "").lower()

    async def _hold_against(self, address: str, one: Reported) -> bool:
        failure = MailFailure(
            address, one.status, one.permanent, one.diagnostic, self.wiring.clock()
        )
        return await mail_failures.add(self.work, self.delivery, failure)

    async def _happened(self, one: Reported) -> None:
        data: dict[str, object] = {"delivery": self.delivery.key, "copy": True}
        event = NewEvent(EventKind.BOUNCED, SYSTEM, one.status or None, data)
        await threads.append_events(self.work, self.ticket, [event], self.wiring.clock())

    async def _did_not_arrive(self, one: Reported) -> None:
        status = f" ({one.status})" if one.status else ""
        error = f"it came back{status}: {one.diagnostic or 'no reason is given'}"
        if not await mail_failures.came_back(self.work, self.delivery, error):
            return
        if self.delivery.audience is Audience.OPERATORS:
            await self._tell_others(status)
        summary = f"A mail to the customer came back{status}."
        bad = BadEnd(EventKind.BOUNCED, summary, reason=one.status or None)
        await put_in_question(self.wiring, self.work, self.ticket, self.delivery, bad)

    async def _tell_others(self, status: str) -> None:
        """Tell the other places of operators that a notice did not arrive at one of them."""
        came_back = self.delivery
        _log.warning("notice_came_back", delivery=came_back.id, ticket=self.ticket.public_id)
        if came_back.key.partition(_OF_A_NOTICE)[1]:
            return
        here = (came_back.channel, dict(came_back.target))
        for number, route in enumerate(self.wiring.notice_routes):
            if (route.channel, dict(route.target)) == here:
                continue
            notice = NewDelivery(
                key=f"{came_back.key}{_OF_A_NOTICE}-{number}",
                channel=route.channel,
                audience=Audience.OPERATORS,
                kind=DeliveryKind.NOTICE,
                target=route.target,
                text=f"**A notice did not arrive**{status}: `{self.ticket.public_id}`",
                subject=came_back.subject,
            )
            await deliveries.add_once(self.work, self.ticket.id, notice, self.wiring.clock())
        await self.wiring.dispatcher.wake(self.work, self.ticket.id, 0)
