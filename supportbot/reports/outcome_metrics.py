"""How it ends: shares of episodes by what bot and humans achieved.

Resolutions are a partition (exactly one for each episode), stored when the episode ended and never
guessed when it is read, so that shares of them sum to the whole.
"""

from __future__ import annotations

from collections.abc import Callable

from supportbot.model.episode import Episode
from supportbot.model.ticket import Resolution
from supportbot.reports.episodes import (
    ASSUMED_AFTER,
    REOPEN_WITHIN,
    answered,
    assisted,
    assumed,
    autonomous,
    bot_resolved,
    confirmed,
    eligible,
    handed_off,
    involved,
    reopened,
    taken_over,
    younger,
)
from supportbot.reports.metric import Basis, Measured, Metric, Sample, Unit, share

_Rule = Callable[[Episode], bool]

_ELIGIBLE = "Eligible: the bot was enabled for the product when the episode began."
_INVOLVED = "Involved: eligible, and the bot answered, drafted or handed off."
_ASSUMED = "An assumption needs 24 h of silence, so open episodes of the last day are immature."


def _share(hit: _Rule, among: _Rule) -> Callable[[Sample], Measured]:
    """Measure how many of some episodes are a hit; those still open and young are immature."""

    def measure(sample: Sample) -> Measured:
        episodes = [fact.episode for fact in sample.opened if among(fact.episode)]
        young = [
            episode
            for episode in episodes
            if episode.resolved_at is None
            and younger(episode.opened_at, ASSUMED_AFTER, sample.as_of)
        ]
        return share(sum(map(hit, episodes)), len(episodes), len(young))

    return measure


def _reopen_rate(among: _Rule) -> Callable[[Sample], Measured]:
    def measure(sample: Sample) -> Measured:
        episodes = [
            fact.episode
            for fact in sample.opened
            if fact.episode.resolved_at is not None and among(fact.episode)
        ]
        young = [e for e in episodes if younger(e.resolved_at, REOPEN_WITHIN, sample.as_of)]
        return share(sum(map(reopened, episodes)), len(episodes), len(young))

    return measure


def _durable(sample: Sample) -> Measured:
    episodes = [fact.episode for fact in sample.opened if autonomous(fact.episode)]
    old = [e for e in episodes if not younger(e.resolved_at, REOPEN_WITHIN, sample.as_of)]
    lasted = sum(not reopened(episode) for episode in old)
    return share(lasted, len(old), len(episodes) - len(old))


def _metric(
    name: str,
    title: str,
    definition: str,
    measure: Callable[[Sample], Measured],
    *edge_cases: str,
) -> Metric:
    return Metric(name, title, Unit.SHARE, Basis.COHORT, definition, edge_cases, measure)


INVOLVEMENT_RATE = _metric(
    "involvement_rate",
    "Involvement",
    "Episodes with an attempt of the bot / eligible episodes.",
    _share(involved, eligible),
    _ELIGIBLE,
    "What the bot only did in shadow mode is no attempt.",
)

ANSWER_RATE = _metric(
    "answer_rate",
    "Answered by the bot",
    "Episodes with an answer of the bot / involved episodes.",
    _share(answered, involved),
    _INVOLVED,
    "A draft that was never sent is no answer, nor is the word about a handoff.",
)

CONFIRMED_RATE = _metric(
    "confirmed_rate",
    "Resolved by the bot, confirmed",
    "Episodes that the customer resolved after the bot's answer, no person involved / involved "
    "episodes.",
    _share(confirmed, involved),
    _INVOLVED,
)

ASSUMED_RATE = _metric(
    "assumed_rate",
    "Resolved by the bot, assumed",
    "Episodes whose customer stayed silent after the bot's answer / involved episodes.",
    _share(assumed, involved),
    _INVOLVED,
    _ASSUMED,
    "Silence may also be annoyance: read it beside the confirmed part and durable resolutions.",
)

RESOLUTION_RATE = _metric(
    "resolution_rate",
    "Resolved by the bot",
    "Episodes resolved by the bot, confirmed or assumed / involved episodes.",
    _share(bot_resolved, involved),
    _INVOLVED,
    _ASSUMED,
)

AUTOMATION_RATE = _metric(
    "automation_rate",
    "Automation",
    "Episodes resolved by the bot, confirmed or assumed / eligible episodes.",
    _share(bot_resolved, eligible),
    _ELIGIBLE,
    _ASSUMED,
    "It equals involvement x resolution. Episodes nobody answered do not count for the bot.",
)

AUTONOMOUS_RATE = _metric(
    "autonomous_rate",
    "Autonomous",
    "Episodes resolved by the bot without a public word of a person / involved episodes.",
    _share(autonomous, involved),
    _INVOLVED,
    _ASSUMED,
)

ASSISTED_RATE = _metric(
    "assisted_rate",
    "Assisted",
    "Episodes resolved by a person after the bot had answered / involved episodes.",
    _share(assisted, involved),
    _INVOLVED,
)

DURABLE_RATE = _metric(
    "durable_rate",
    "Durable resolutions",
    "Autonomous resolutions not reopened within 7 days / autonomous resolutions at least 7 days "
    "old.",
    _durable,
    "Younger resolutions are left out; their number is shown as immature.",
)

HANDOFF_RATE = _metric(
    "handoff_rate",
    "Handed off",
    "Episodes with a handoff / involved episodes.",
    _share(handed_off, involved),
    _INVOLVED,
    "Several handoffs of one episode count once, under the first one's reason.",
    "A handed-off episode is never resolved by the bot, so both shares sum to at most 100 %.",
)

TAKEOVER_RATE = _metric(
    "takeover_rate",
    "Taken over",
    "Episodes that a person took from the bot without a handoff / involved episodes.",
    _share(taken_over, involved),
    _INVOLVED,
    "Claiming a ticket that the bot handed off is no take-over; discarding a draft is one.",
)

REOPEN_RATE = _metric(
    "reopen_rate",
    "Reopened",
    "Episodes followed by a next one within 7 days / resolved episodes.",
    _reopen_rate(lambda _episode: True),
    "Episodes resolved less than 7 days ago are immature.",
)

BOT_REOPEN_RATE = _metric(
    "bot_reopen_rate",
    "Reopened after the bot",
    "The reopen rate of episodes resolved by the bot.",
    _reopen_rate(bot_resolved),
    "Episodes resolved less than 7 days ago are immature.",
)

HUMAN_REOPEN_RATE = _metric(
    "human_reopen_rate",
    "Reopened after a human",
    "The reopen rate of episodes resolved by a person.",
    _reopen_rate(lambda episode: episode.resolution is Resolution.HUMAN),
    "Episodes resolved less than 7 days ago are immature.",
)
