"""All metrics, in the order in which they are read."""

from __future__ import annotations

from supportbot.reports import outcome_metrics, time_metrics, volume_metrics
from supportbot.reports.metric import Metric

#: The six numbers at the top of everything.
HEADLINE: tuple[Metric, ...] = (
    volume_metrics.EPISODES,
    outcome_metrics.AUTOMATION_RATE,
    outcome_metrics.DURABLE_RATE,
    time_metrics.HUMAN_FIRST_RESPONSE,
    volume_metrics.SATISFACTION,
    volume_metrics.BACKLOG,
)

VOLUME: tuple[Metric, ...] = (
    volume_metrics.EPISODES,
    volume_metrics.NEW_TICKETS,
    volume_metrics.CUSTOMERS,
    volume_metrics.RESOLVED,
)

OUTCOMES: tuple[Metric, ...] = (
    outcome_metrics.INVOLVEMENT_RATE,
    outcome_metrics.ANSWER_RATE,
    outcome_metrics.RESOLUTION_RATE,
    outcome_metrics.CONFIRMED_RATE,
    outcome_metrics.ASSUMED_RATE,
    outcome_metrics.AUTOMATION_RATE,
    outcome_metrics.AUTONOMOUS_RATE,
    outcome_metrics.ASSISTED_RATE,
    outcome_metrics.DURABLE_RATE,
    outcome_metrics.HANDOFF_RATE,
    outcome_metrics.TAKEOVER_RATE,
    outcome_metrics.REOPEN_RATE,
    outcome_metrics.BOT_REOPEN_RATE,
    outcome_metrics.HUMAN_REOPEN_RATE,
)

TIMES: tuple[Metric, ...] = (
    time_metrics.FIRST_RESPONSE,
    time_metrics.BOT_FIRST_RESPONSE,
    time_metrics.HUMAN_FIRST_RESPONSE,
    time_metrics.BOT_WAIT,
    time_metrics.HUMAN_WAIT,
    time_metrics.RESOLUTION_TIME,
    time_metrics.HUMAN_RESOLUTION_TIME,
)

_NOW = (volume_metrics.OLDEST_WAIT, volume_metrics.SUPPRESSED_TURNS)

#: What the overview report shows: the headline, and who is waiting or was left unanswered.
OVERVIEW: tuple[Metric, ...] = HEADLINE + _NOW

METRICS: tuple[Metric, ...] = tuple(dict.fromkeys((*OVERVIEW, *VOLUME, *OUTCOMES, *TIMES)))
