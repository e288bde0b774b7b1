"""Tiny stories of tickets, played through the store's own functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from supportbot.model.inbound import Sender
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import (
    BOT,
    SYSTEM,
    Actor,
    ActorKind,
    EventKind,
    Handler,
    Status,
    Ticket,
)
from supportbot.reports.definitions import METRICS
from supportbot.reports.metric import LEAST_FOR_PERCENTILES, Unit
from supportbot.store import catalog, customers, threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.tickets import NewTicket
from supportbot.store.unit_of_work import UnitOfWork

OPENED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DURATIONS = {metric.name for metric in METRICS if metric.unit is Unit.SECONDS}

OPERATOR = Actor(ActorKind.OPERATOR, 7)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens so many minutes after the opening."""

    minute: float
    what: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A story, and what reports must say of it: metric name to (value, n for one copy)."""

    name: str
    steps: tuple[Step, ...]
    expected: Mapping[str, tuple[float | None, int]]
    channel: str = "web"
    eligible: bool = True
    status: Status | None = None

    @property
    def copies(self) -> int:
        """How often it is played: often enough for percentiles, where it expects any."""
        timed = any(
            name in DURATIONS and value is not None for name, (value, _n) in self.expected.items()
        )
        return LEAST_FOR_PERCENTILES if timed else 1


@dataclass
class Player:
    """Plays scenes into a database."""

    work: UnitOfWork
    _tickets: int = field(default=0)

    async def play(self, scene: Scene) -> None:
        ticket = await self._open(scene)
        for step in scene.steps:
            ticket = await tickets.get(self.work, ticket.id)
            await self._step(ticket, step, scene.eligible)
        if scene.status is Status.SPAM:
            await tickets.change(self.work, ticket.id, status=Status.SPAM)
        if scene.status is Status.MERGED:
            other = await self._open(Scene("other", (), {}, channel="console"))
            await tickets.change(
                self.work, ticket.id, status=Status.MERGED, merged_into_id=other.id
            )

    async def _open(self, scene: Scene) -> Ticket:
        self._tickets += 1
        work = self.work
        product = await catalog.ensure_product(work, "hosting", "Hosting")
        channel = await catalog.ensure_channel(
            work, f"{scene.channel}:main", scene.channel, OPENED_AT
        )
        sender = Sender(f"customer-{self._tickets}")
        customer_id = await customers.ensure_customer(work, scene.channel, sender, OPENED_AT)
        ticket = await tickets.open_ticket(
            work,
            NewTicket(
                public_id=f"{self._tickets:026}",
                product_id=product.id,
                channel_id=channel.id,
                customer_id=customer_id,
                thread_key=str(self._tickets),
                subject=None,
                target={},
                opened_at=OPENED_AT,
            ),
        )
        await self._say(ticket, Actor(ActorKind.CUSTOMER, customer_id), OPENED_AT)
        await self._head(ticket, asked_seq=1)
        data: dict[str, object] = {"eligible": scene.eligible}
        await self._event(ticket, EventKind.OPENED, SYSTEM, OPENED_AT, data=data)
        return ticket

    async def _step(self, ticket: Ticket, step: Step, eligible: bool) -> None:  # noqa: FBT001
        at = OPENED_AT + timedelta(minutes=step.minute)
        customer = Actor(ActorKind.CUSTOMER, ticket.customer_id)
        match step.what:
            case "asks":
                await self._say(ticket, customer, at)
                await self._head(ticket, status=Status.OPEN, asked_seq=ticket.last_seq + 1)
            case "bot replies":
                await self._say(ticket, BOT, at)
                await self._head(ticket, status=Status.PENDING, answered_seq=ticket.asked_seq)
                await self._event(ticket, EventKind.BOT_REPLIED, BOT, at)
            case "human replies":
                await self._say(ticket, OPERATOR, at)
                await self._head(ticket, status=Status.PENDING, answered_seq=ticket.asked_seq)
                await self._event(ticket, EventKind.HUMAN_REPLIED, OPERATOR, at)
            case "resolved":
                await self._event(ticket, EventKind.RESOLVED, SYSTEM, at, reason=step.why)
                await self._head(ticket, status=Status.RESOLVED)
            case "hands off":
                await self._head(ticket, handler=Handler.HUMAN, answered_seq=ticket.asked_seq)
                await self._event(ticket, EventKind.HANDOFF, BOT, at, reason=step.why)
                await self._say(ticket, BOT, at, notice=True)
            case "reopens":
                await threads.next_episode(self.work, ticket, at)
                await self._say(ticket, customer, at)
                again = await tickets.get(self.work, ticket.id)
                data: dict[str, object] = {"eligible": eligible}
                await self._event(again, EventKind.REOPENED, customer, at, data=data)
            case kind:
                await self._event(ticket, EventKind(kind), SYSTEM, at, reason=step.why)

    async def _head(self, ticket: Ticket, **values: object) -> None:
        await tickets.change(self.work, ticket.id, **values)

    async def _say(
        self, ticket: Ticket, author: Actor, at: datetime, *, notice: bool = False
    ) -> None:
        role = Role.USER if author.kind is ActorKind.CUSTOMER else Role.ASSISTANT
        data = {"notice": "handoff"} if notice else {}
        await threads.append_message(
            self.work, ticket.id, NewMessage(role=role, author=author, text="…", data=data), at
        )

    async def _event(
        self,
        ticket: Ticket,
        kind: EventKind,
        actor: Actor,
        at: datetime,
        *,
        reason: str | None = None,
        data: dict[str, object] | None = None,
    ) -> None:
        event = NewEvent(kind, actor, reason=reason, data=data)
        await threads.append_events(self.work, ticket, [event], at)


_DAY = 24 * 60

SCENES = (
    Scene(
        "a draft counts when it is sent",
        (Step(1, "drafted"), Step(30, "bot replies")),
        {
            "first_response": (1800, 1),
            "bot_first_response": (1800, 1),
            "bot_wait": (1800, 1),
            "answer_rate": (1, 1),
        },
    ),
    Scene(
        "a draft that is never sent is no answer",
        (Step(1, "drafted"), Step(9, "draft_discarded", "operator")),
        {"first_response": (None, 0), "involvement_rate": (1, 1), "answer_rate": (0, 1)},
    ),
    Scene(
        "the notice of a handoff is no reply",
        (Step(1, "hands off", "asked"),),
        {
            "first_response": (None, 0),
            "human_first_response": (None, 0),
            "bot_wait": (None, 0),
            "answer_rate": (0, 1),
            "handoff_rate": (1, 1),
        },
    ),
    Scene(
        "a human's first response starts at the handoff",
        (
            Step(1, "bot replies"),
            Step(9, "asks"),
            Step(10, "hands off", "asked"),
            Step(40, "human replies"),
            Step(50, "resolved", "human"),
        ),
        {
            "first_response": (60, 1),
            "human_first_response": (1800, 1),
            "human_wait": (31 * 60, 1),
            "resolution_time": (3000, 1),
            "human_resolution_time": (2400, 1),
            "assisted_rate": (1, 1),
            "automation_rate": (0, 1),
        },
    ),
    Scene(
        "a human who writes before the bot is measured from the opening",
        (Step(4, "takeover"), Step(5, "human replies")),
        {
            "human_first_response": (300, 1),
            "bot_first_response": (None, 0),
            "involvement_rate": (0, 1),
            "takeover_rate": (None, 0),
            "human_resolution_time": (None, 0),
        },
    ),
    Scene(
        "a take-over after an answer starts no clock",
        (Step(1, "bot replies"), Step(7, "takeover"), Step(8, "human replies")),
        {
            "human_first_response": (None, 0),
            "takeover_rate": (1, 1),
            "handoff_rate": (0, 1),
            "human_wait": (None, 0),
        },
    ),
    Scene(
        "claiming what was handed off is no take-over",
        (Step(1, "hands off", "policy"), Step(3, "takeover"), Step(4, "human replies")),
        {"takeover_rate": (0, 1), "handoff_rate": (1, 1), "human_first_response": (180, 1)},
    ),
    Scene(
        "a human who wrote before a later handoff is not counted backwards",
        (
            Step(2, "bot replies"),
            Step(5, "takeover"),
            Step(6, "human replies"),
            Step(7, "returned"),
            Step(20, "asks"),
            Step(21, "hands off", "low_confidence"),
            Step(31, "human replies"),
        ),
        {"human_first_response": (600, 1), "human_wait": (660, 1)},
    ),
    Scene(
        "a reopened ticket is a new episode with its own times",
        (
            Step(1, "bot replies"),
            Step(60, "resolved", "bot_assumed"),
            Step(2 * _DAY, "reopens"),
            Step(2 * _DAY + 1, "bot replies"),
            Step(2 * _DAY + 60, "resolved", "bot_confirmed"),
        ),
        {
            "episodes": (2, 2),
            "new_tickets": (1, 1),
            "customers": (1, 1),
            "resolved": (2, 2),
            "first_response": (60, 2),
            "resolution_time": (3600, 2),
            "reopen_rate": (0.5, 2),
            "durable_rate": (0.5, 2),
            "automation_rate": (1, 2),
            "confirmed_rate": (0.5, 2),
            "assumed_rate": (0.5, 2),
        },
    ),
    Scene(
        "a reopening after seven days does not count against the answer",
        (
            Step(1, "bot replies"),
            Step(60, "resolved", "bot_assumed"),
            Step(8 * _DAY, "reopens"),
        ),
        {"reopen_rate": (0, 1), "durable_rate": (1, 1), "episodes": (2, 2)},
    ),
    Scene(
        "a second resolve overwrites nothing",
        (
            Step(1, "bot replies"),
            Step(10, "resolved", "bot_confirmed"),
            Step(99, "resolved", "human"),
        ),
        {"resolution_time": (600, 1), "resolved": (1, 1), "confirmed_rate": (1, 1)},
    ),
    Scene(
        "silence after an answer is an assumed resolution",
        (Step(1, "bot replies"), Step(_DAY, "resolved", "bot_assumed")),
        {
            "automation_rate": (1, 1),
            "resolution_rate": (1, 1),
            "assumed_rate": (1, 1),
            "confirmed_rate": (0, 1),
            "autonomous_rate": (1, 1),
            "durable_rate": (1, 1),
            "bot_reopen_rate": (0, 1),
            "human_reopen_rate": (None, 0),
        },
    ),
    Scene(
        "several customer messages are one wait",
        (Step(2, "asks"), Step(3, "asks"), Step(10, "bot replies"), Step(11, "bot replies")),
        {"bot_wait": (600, 1), "human_wait": (None, 0), "episodes": (1, 1)},
    ),
    Scene(
        "a suppressed turn is not answered",
        (Step(0, "suppressed", "mode_shadow"), Step(30, "asks"), Step(31, "bot replies")),
        {"suppressed_turns": (1, 1), "bot_wait": (60, 1), "first_response": (1860, 1)},
    ),
    Scene(
        "two handoffs count once",
        (
            Step(1, "hands off", "policy"),
            Step(2, "returned"),
            Step(5, "asks"),
            Step(6, "hands off", "asked"),
        ),
        {"handoff_rate": (1, 1), "resolution_rate": (0, 1)},
    ),
    Scene(
        "where the bot is off it has no denominator",
        (
            Step(0, "suppressed", "mode_off"),
            Step(9, "human replies"),
            Step(20, "resolved", "human"),
        ),
        {
            "involvement_rate": (None, 0),
            "automation_rate": (None, 0),
            "human_first_response": (540, 1),
            "human_wait": (None, 0),
            "resolved": (1, 1),
        },
        eligible=False,
    ),
    Scene(
        "console tickets are left out",
        (Step(1, "bot replies"), Step(5, "resolved", "bot_confirmed")),
        {
            "episodes": (0, 0),
            "resolved": (0, 0),
            "automation_rate": (None, 0),
            "bot_wait": (None, 0),
        },
        channel="console",
    ),
    Scene(
        "spam is left out",
        (Step(1, "bot replies"),),
        {"episodes": (0, 0), "first_response": (None, 0), "backlog": (0, 0)},
        status=Status.SPAM,
    ),
    Scene(
        "merged sources are left out",
        (Step(1, "bot replies"),),
        {"episodes": (0, 0), "first_response": (None, 0), "backlog": (0, 0)},
        status=Status.MERGED,
    ),
)
