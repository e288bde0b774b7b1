"""How much there is: metrics of volume and backlog."""

from __future__ import annotations

from supportbot.reports.metric import Basis, Measured, Metric, Sample, Unit, share
from supportbot.store.facts import EpisodeFact

_GOOD_SCORE = 4


def first_cycle(fact: EpisodeFact) -> bool:
    """Tell whether an episode is its ticket's first."""
    return fact.episode.n == 1


def _count(count: int) -> Measured:
    return Measured(count, count)


def _customers(sample: Sample) -> Measured:
    return _count(len({fact.customer_id for fact in sample.opened}))


def _oldest_wait(sample: Sample) -> Measured:
    since = [ticket.waiting_since for ticket in sample.standing if ticket.waiting_since]
    age = (sample.as_of - min(since)).total_seconds() if since else None
    return Measured(age, len(since))


def _satisfaction(sample: Sample) -> Measured:
    good = sum(score >= _GOOD_SCORE for score in sample.scores)
    return share(good, len(sample.scores))


EPISODES = Metric(
    name="episodes",
    title="Volume",
    unit=Unit.COUNT,
    basis=Basis.COHORT,
    definition="Episodes opened: new tickets and reopened ones.",
    edge_cases=(
        "A ticket that is resolved and reopened counts once for each time.",
        "Further messages in an open ticket add nothing.",
    ),
    measure=lambda sample: _count(len(sample.opened)),
)

NEW_TICKETS = Metric(
    name="new_tickets",
    title="New tickets",
    unit=Unit.COUNT,
    basis=Basis.COHORT,
    definition="Episodes opened that are their ticket's first.",
    edge_cases=("A message too late to reopen its ticket opens a new, linked one.",),
    measure=lambda sample: _count(sum(map(first_cycle, sample.opened))),
)

CUSTOMERS = Metric(
    name="customers",
    title="Customers",
    unit=Unit.COUNT,
    basis=Basis.COHORT,
    definition="Different customers behind the episodes opened.",
    edge_cases=("Customers of single days do not add up to those of the period.",),
    measure=_customers,
)

RESOLVED = Metric(
    name="resolved",
    title="Resolved",
    unit=Unit.COUNT,
    basis=Basis.FLOW,
    definition="Episodes resolved, whenever they were opened.",
    edge_cases=("Resolving a resolved ticket again changes nothing.",),
    measure=lambda sample: _count(len(sample.resolved)),
)

BACKLOG = Metric(
    name="backlog",
    title="Backlog",
    unit=Unit.COUNT,
    basis=Basis.NOW,
    definition="Tickets that are not resolved now: waiting on the bot, on us or on the customer.",
    edge_cases=(
        "The dates of the report do not matter.",
        "A ticket whose draft waits for an operator waits on us.",
        "A snoozed ticket waits on us.",
    ),
    measure=lambda sample: _count(len(sample.standing)),
)

OLDEST_WAIT = Metric(
    name="oldest_wait",
    title="Oldest wait",
    unit=Unit.SECONDS,
    basis=Basis.NOW,
    definition="Time since the first unanswered customer message of the ticket that waits longest.",
    edge_cases=("Only tickets where the customer spoke last; n is how many they are.",),
    measure=_oldest_wait,
)

SATISFACTION = Metric(
    name="csat",
    title="Satisfaction",
    unit=Unit.SHARE,
    basis=Basis.FLOW,
    definition="Scores of 4 or 5 / all scores given.",
    edge_cases=(
        "The last answer of an episode wins; earlier ones are kept but do not count.",
        "Thumbs under single answers are not scores.",
    ),
    measure=_satisfaction,
)

SUPPRESSED_TURNS = Metric(
    name="suppressed_turns",
    title="Suppressed turns",
    unit=Unit.COUNT,
    basis=Basis.FLOW,
    definition="Customer turns that the bot left unanswered on purpose, with a named reason.",
    edge_cases=(
        "They are neither answered nor handed off; the customer's wait ends without counting.",
        "Machine mail never becomes a turn; the suppressed report counts it as an arrival.",
    ),
    measure=lambda sample: _count(sum(tally.count for tally in sample.suppressed)),
)
