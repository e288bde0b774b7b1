"""How long it takes: metrics of response and resolution, bot and human apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from supportbot.model.episode import Episode
from supportbot.reports.metric import Basis, Measured, Metric, Sample, Unit, durations
from supportbot.store.facts import TurnKind

_UNANSWERED = "What has no such reply yet is left out; see backlog and oldest wait."
_COMMITTED = "A reply counts from the moment it is committed; a draft counts when it is sent."


def between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """Return the time from one moment to another; None while either is missing."""
    return end - start if start and end else None


def first_response(episode: Episode) -> timedelta | None:
    """Return the time to the first public words of bot or human."""
    return between(episode.opened_at, episode.first_reply_at)


def first_was_human(episode: Episode) -> bool:
    """Tell whether a person, not the bot, gave the first reply."""
    return episode.first_reply_at == episode.first_human_reply_at


def _opened(of: Callable[[Episode], timedelta | None]) -> Callable[[Sample], Measured]:
    def measure(sample: Sample) -> Measured:
        found = (of(fact.episode) for fact in sample.opened)
        return durations([length for length in found if length is not None])

    return measure


def _resolved(since: Callable[[Episode], datetime | None]) -> Callable[[Sample], Measured]:
    def measure(sample: Sample) -> Measured:
        episodes = (fact.episode for fact in sample.resolved)
        found = (between(since(episode), episode.resolved_at) for episode in episodes)
        return durations([length for length in found if length is not None])

    return measure


def _waits(ended_by: TurnKind) -> Callable[[Sample], Measured]:
    def measure(sample: Sample) -> Measured:
        ended = (wait for wait in sample.waits if wait.ended_by is ended_by)
        return durations([wait.ended_at - wait.began_at for wait in ended])

    return measure


FIRST_RESPONSE = Metric(
    name="first_response",
    title="First response",
    unit=Unit.SECONDS,
    basis=Basis.COHORT,
    definition="From the opening of an episode to the first public reply of bot or human.",
    edge_cases=(
        "Notices (such as the word about a handoff) and typing do not count.",
        _COMMITTED,
        _UNANSWERED,
    ),
    measure=_opened(first_response),
)

BOT_FIRST_RESPONSE = Metric(
    name="bot_first_response",
    title="First response by the bot",
    unit=Unit.SECONDS,
    basis=Basis.COHORT,
    definition="First response, where the bot gave it.",
    edge_cases=(
        "A draft sent unchanged is the bot's reply; one that was edited is the operator's.",
        _COMMITTED,
    ),
    measure=_opened(lambda e: None if first_was_human(e) else first_response(e)),
)

HUMAN_FIRST_RESPONSE = Metric(
    name="human_first_response",
    title="First response by a human",
    unit=Unit.SECONDS,
    basis=Basis.COHORT,
    definition=(
        "From the handoff to the first public reply of a person after it; from the opening where "
        "a person wrote before the bot had said anything."
    ),
    edge_cases=(
        "The bot never satisfies it, and the word about the handoff does not either.",
        "Of several handoffs the first counts; a reopened ticket starts anew.",
        "A take-over after an answer of the bot starts no clock: nobody had been asked.",
        _UNANSWERED,
    ),
    measure=_opened(lambda e: between(e.human_asked_at, e.human_answered_at)),
)

BOT_WAIT = Metric(
    name="bot_wait",
    title="Wait ended by the bot",
    unit=Unit.SECONDS,
    basis=Basis.FLOW,
    definition="From the customer message that begins a wait to the next public reply, the bot's.",
    edge_cases=(
        "Several customer messages in a row are one wait; the first of them counts.",
        "Counts on the day the wait began.",
        _UNANSWERED,
    ),
    measure=_waits(TurnKind.BOT),
    of_waits=True,
)

HUMAN_WAIT = Metric(
    name="human_wait",
    title="Wait ended by a human",
    unit=Unit.SECONDS,
    basis=Basis.FLOW,
    definition="From the customer message that begins a wait to the next public reply, a person's.",
    edge_cases=(
        "A handoff does not end the wait: the customer is still waiting.",
        "Several customer messages in a row are one wait; the first of them counts.",
        _UNANSWERED,
    ),
    measure=_waits(TurnKind.HUMAN),
    of_waits=True,
)

RESOLUTION_TIME = Metric(
    name="resolution_time",
    title="Resolution time",
    unit=Unit.SECONDS,
    basis=Basis.FLOW,
    definition="From the opening of an episode to its resolution.",
    edge_cases=(
        "It holds the time that the bot waited for the customer.",
        "A second resolve changes nothing; a reopened ticket is a new episode.",
        "Open tickets are left out, so look at the backlog beside it.",
    ),
    measure=_resolved(lambda e: e.opened_at),
)

HUMAN_RESOLUTION_TIME = Metric(
    name="human_resolution_time",
    title="Resolution time after handoff",
    unit=Unit.SECONDS,
    basis=Basis.FLOW,
    definition="From the first handoff of an episode to its resolution.",
    edge_cases=("Episodes without a handoff are left out, not counted as 0.",),
    measure=_resolved(lambda e: e.handoff_at),
)
