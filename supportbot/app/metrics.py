"""What `/metrics` shows; `METRICS` is the whole list, for the page and for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from supportbot.model.load import Load


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at the installation found."""

    #: None: the database did not answer.
    load: Load | None
    #: What is overdue, by kind.
    violations: Mapping[str, int]
    #: The channels that listen in this process, and whether they are connected.
    channels: Mapping[str, bool]
    roles: Iterable[str]
    #: The models this process asks, and whether their breakers are closed.
    models: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: a number, or one for each value of a label."""

    name: str
    help: str
    label: str
    #: Values by the label's value; without a label by the empty text.
    values: Callable[[Seen], Mapping[str, float]]


def _of_load(number: Callable[[Load], float]) -> Callable[[Seen], Mapping[str, float]]:
    return lambda seen: {} if seen.load is None else {"": number(seen.load)}


def _each_of_load(
    numbers: Callable[[Load], Mapping[str, float]],
) -> Callable[[Seen], Mapping[str, float]]:
    return lambda seen: {} if seen.load is None else numbers(seen.load)


METRICS = (
    Gauge(
        "supportbot_up",
        "1 while the database answers; else 0, and what is counted there is missing.",
        "",
        lambda seen: {"": float(seen.load is not None)},
    ),
    Gauge(
        "supportbot_build_info",
        "Always 1; the label is the version.",
        "version",
        lambda _seen: {version("supportbot"): 1.0},
    ),
    Gauge(
        "supportbot_role",
        "1 for each role of this process.",
        "role",
        lambda seen: dict.fromkeys(sorted(seen.roles), 1.0),
    ),
    Gauge(
        "supportbot_channel_connected",
        "1 while a channel that listens in this process is connected, else 0.",
        "channel",
        lambda seen: {key: float(connected) for key, connected in seen.channels.items()},
    ),
    Gauge(
        "supportbot_model_usable",
        "1 while a model of this process is asked; 0 while its breaker keeps it from being asked.",
        "model",
        lambda seen: {model: float(usable) for model, usable in seen.models.items()},
    ),
    Gauge(
        "supportbot_tickets_owed",
        "Tickets whose customer waits for the bot's answer.",
        "",
        _of_load(lambda load: load.owed.count),
    ),
    Gauge(
        "supportbot_oldest_owed_seconds",
        "How long the oldest message the bot has not answered waits; 0: none does.",
        "",
        _of_load(lambda load: load.owed.oldest_seconds),
    ),
    Gauge(
        "supportbot_inbound_unsettled",
        "What arrived and has no outcome yet.",
        "",
        _of_load(lambda load: load.inbound.count),
    ),
    Gauge(
        "supportbot_oldest_inbound_seconds",
        "How long the oldest of what arrived waits for its outcome; 0: none does.",
        "",
        _of_load(lambda load: load.inbound.oldest_seconds),
    ),
    Gauge(
        "supportbot_mail_quarantined",
        "Mails that could not be understood, as `supportbot email quarantine` lists them.",
        "",
        _of_load(lambda load: float(load.quarantined)),
    ),
    Gauge(
        "supportbot_deliveries_unsent",
        "Replies and notices that have not left.",
        "state",
        _each_of_load(lambda load: load.unsent),
    ),
    Gauge(
        "supportbot_deliveries_ended_badly_last_day",
        "Replies and notices of the last 24 hours that failed, or of which nobody knows.",
        "state",
        _each_of_load(lambda load: load.ended_badly),
    ),
    Gauge(
        "supportbot_violations",
        "What waits longer than its deadline, as `supportbot tickets violations` lists it.",
        "kind",
        lambda seen: seen.violations,
    ),
    Gauge(
        "supportbot_completions_last_hour",
        "Model calls of the last hour by kind of error; `none` is those that ended well.",
        "error",
        _each_of_load(lambda load: load.completions),
    ),
    Gauge(
        "supportbot_jobs_runnable",
        "PostgreSQL: jobs that could begin now and have not.",
        "",
        _of_load(lambda load: load.queue.runnable.count),
    ),
    Gauge(
        "supportbot_oldest_runnable_job_seconds",
        "PostgreSQL: how long the oldest of them waits. Alert on this: it stays below a second "
        "unless there are too few workers or the queue stalls.",
        "",
        _of_load(lambda load: load.queue.runnable.oldest_seconds),
    ),
    Gauge(
        "supportbot_dead_letters",
        "PostgreSQL: jobs that failed too often, as `supportbot db dead-letters` lists them.",
        "",
        _of_load(lambda load: load.queue.dead_letters),
    ),
    Gauge(
        "supportbot_workers",
        "PostgreSQL: worker processes that are alive.",
        "",
        _of_load(lambda load: load.queue.workers),
    ),
)


def rendered(seen: Seen) -> bytes:
    """Return the page in Prometheus' text format, with this process's memory and CPU."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collected(seen))
    return generate_latest(registry)


class _Collected:
    """One look in the words of the client library."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        for gauge in METRICS:
            labels = [gauge.label] if gauge.label else []
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=labels)
            for value, number in gauge.values(self._seen).items():
                family.add_metric([value] if labels else [], number)
            yield family
