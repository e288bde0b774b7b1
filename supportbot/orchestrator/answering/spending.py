"""Watches what model calls cost, and says on which step of the ladder a turn is answered.

The sums come from the completion rows, so they outlive a restart and count every process. A call
counts when it is over, and what other processes spend is seen seconds later: a budget is overspent
by the calls in flight and by what the others spend in that time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from supportbot.model.completion import Completion
from supportbot.model.delivery import Audience, DeliveryKind, NewDelivery
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, EventKind, Ticket
from supportbot.model.time import Clock
from supportbot.orchestrator.answering.budgets import (
    Budget,
    Plan,
    Scope,
    SpendingRules,
    Step,
    Unit,
    Use,
    plan,
    uses,
)
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import deliveries, spending
from supportbot.store.database import Database
from supportbot.store.spending import Spent
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

#: The sums by product are read again after so long.
_FRESH = timedelta(seconds=5)
#: Calls that began longer ago are read once: by then a turn's deadline and its commit are past.
_LATE = timedelta(minutes=15)

_NOW_DOES = {
    Step.SHORT_HISTORY: "answers are written from a shorter history",
    Step.CHEAPER_MODEL: "answers are written by the cheaper model, from a shorter history",
    Step.DRAFT: "answers are drafted and wait for an operator",
    Step.HANDOFF: "no model is asked any more: people answer",
}


class Spending:
    """The spending of one installation, as one process sees it."""

    def __init__(self, clock: Clock, rules: SpendingRules) -> None:
        self._clock = clock
        self._rules = rules
        self._zone = ZoneInfo(rules.timezone)
        self._products = _Products()

    async def step(self, db: Database, ticket: Ticket) -> Plan:
        """Say on which step a ticket's next turn is answered.

        Reads in transactions of its own, mostly none: one that was open before would not show what
        was committed since.
        """
        rules = self._rules
        if Budget() == rules.product == rules.customer == rules.installation:
            return Plan()
        now = self._clock()
        day = now.astimezone(self._zone).date()
        since = datetime.combine(day, time(), self._zone).astimezone(UTC)
        await self._products.refresh(db, since, now)
        found = [*self._of_products(ticket, day)]
        if self._may_matter(rules.customer):
            async with db.reading() as work:
                spent = await spending.of_customer(work, ticket.customer_id, since)
            key = str(ticket.customer_id)
            found += uses(Scope.CUSTOMER, key, day, spent, rules.customer)
        return plan(found, rules.ladder)

    def spent(self, ticket: Ticket, completions: Sequence[Completion]) -> None:
        """Count calls at once; called when they are committed."""
        for completion in completions:
            self._products.add(ticket.product, completion)

    def _of_products(self, ticket: Ticket, day: date) -> Iterator[Use]:
        product = self._products.of(ticket.product)
        yield from uses(Scope.PRODUCT, ticket.product, day, product, self._rules.product)
        total = self._products.total()
        yield from uses(Scope.INSTALLATION, "", day, total, self._rules.installation)

    def _may_matter(self, budget: Budget) -> bool:
        """Tell whether a customer may have reached a step: nobody spends more than all together.

        Spares the query on quiet days, and always where only kb-extractive answers.
        """
        total, ladder = self._products.total(), self._rules.ladder
        whole = uses(Scope.CUSTOMER, "", date.min, total, budget)
        return any(ladder.step(use.share) for use in whole)


class _Products:
    """What the day's calls cost so far by product, kept in three parts."""

    def __init__(self) -> None:
        self._reading = asyncio.Lock()
        self._since = self._edge = self._read_at = datetime.min.replace(tzinfo=UTC)
        #: Calls that began before the edge: no more will be recorded.
        self._settled: dict[str, Spent] = {}
        #: Calls since, as they were last read.
        self._recent: Mapping[str, Spent] = {}
        #: Calls of this process that the last reading may have missed.
        self._own: dict[str, Spent] = {}

    async def refresh(self, db: Database, since: datetime, now: datetime) -> None:
        """Read what is new, unless it was read just now; whoever comes meanwhile waits for it."""
        async with self._reading:
            set_back = now < self._read_at
            anew = since != self._since or set_back
            if not anew and now - self._read_at < _FRESH:
                return
            begin = since if anew else self._edge
            edge = max(begin, now - _LATE)
            own, self._own = self._own, {}
            try:
                # Opened after the calls of our own were put away: what commits meanwhile counts
                # twice rather than not at all.
                async with db.reading() as work:
                    found = await spending.by_product(work, begin, edge)
            except BaseException:
                self._own = _sum(own, self._own)
                raise
            self._settled = _sum({} if anew else self._settled, found.before)
            self._recent = found.after
            self._since, self._edge, self._read_at = since, edge, now

    def add(self, product: str, completion: Completion) -> None:
        """Count a call of this process."""
        if completion.started_at >= self._since:
            self._own[product] = self._own.get(product, Spent()) + spending.cost(completion)

    def of(self, product: str) -> Spent:
        """Return what a product's calls cost today."""
        parts = (self._settled, self._recent, self._own)
        return sum((part.get(product, Spent()) for part in parts), Spent())

    def total(self) -> Spent:
        """Return what all calls cost today."""
        return sum(map(self.of, {*self._settled, *self._recent, *self._own}), Spent())


def _sum(one: Mapping[str, Spent], other: Mapping[str, Spent]) -> dict[str, Spent]:
    return {key: one.get(key, Spent()) + other.get(key, Spent()) for key in {*one, *other}}


def degraded(taken: Plan) -> list[NewEvent]:
    """Say in the transcript which step was taken and why; nothing where none was."""
    use = taken.use
    if taken.step is None or use is None:
        return []
    data: dict[str, object] = {"scope": use.scope, "key": use.key, "setting": use.setting}
    data |= {"unit": use.unit, "spent": use.spent, "budget": use.budget}
    return [NewEvent(EventKind.DEGRADED, SYSTEM, reason=taken.step, data=data)]


def out_of_budget(taken: Plan) -> Handoff:
    """Return the decision of a turn that no model may be asked about."""
    told = f": {taken.use.told}" if taken.use else ""
    return Handoff(HandoffReason.LIMIT, summary=f"The day's budget is spent{told}.")


async def tell_operators(wiring: Wiring, work: UnitOfWork, ticket: Ticket, taken: Plan) -> None:
    """Write a notice about a step, once for each day, budget and step, whoever gets there first.

    It leaves with the ticket's other deliveries. Safe in two transactions at once.
    """
    if taken.step is None or taken.use is None:
        return
    use = taken.use
    for number, route in enumerate(wiring.notice_routes):
        notice = NewDelivery(
            key=f"budget-{use.day}-{use.scope}-{use.key}-{taken.step}-operators-{number}",
            channel=route.channel,
            audience=Audience.OPERATORS,
            kind=DeliveryKind.NOTICE,
            target=route.target,
            text=_notice(ticket, use, taken.step),
            subject=f"[supportbot] {use.share:.0%} of the budget of {_whose(ticket, use)} is spent",
        )
        await deliveries.add_once(work, ticket.id, notice, wiring.clock())


def _notice(ticket: Ticket, use: Use, step: Step) -> str:
    priced = ", or give the model a price in `[model.prices]`" if use.unit is Unit.TOKENS else ""
    return (
        f"**Budget** of {_whose(ticket, use)}: {use.told} are spent on {use.day}"
        f" ({use.share:.0%}).\n"
        f"Until the day ends {_NOW_DOES[step]}. Change it with `[budget] {use.setting}`{priced}."
    )


def _whose(ticket: Ticket, use: Use) -> str:
    match use.scope:
        case Scope.PRODUCT:
            return f"product {use.key}"
        case Scope.CUSTOMER:
            return f"customer {use.key} (ticket {ticket.public_id})"
        case Scope.INSTALLATION:
            return "the whole installation"
