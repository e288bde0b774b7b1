"""The wired house: store, policies, knowledge, model, channels and the verbs between them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from supportbot.app.dispatching import build_dispatcher
from supportbot.app.minds import Answering, build_answering, calibrated, models
from supportbot.app.roles import Roles
from supportbot.app.tools import load_tools, tool_problems
from supportbot.app.ways_in import (
    anyone_steps_in,
    build_channels,
    notice_routes,
    patience,
    restraint,
    scored,
)
from supportbot.channels.base import Channel, ChannelParts
from supportbot.completions.base import Completer
from supportbot.dispatch.base import Dispatcher
from supportbot.dispatch.local import LocalDispatcher
from supportbot.errors import ConfigError
from supportbot.knowledge.importer import import_folder
from supportbot.model.catalog import Mode
from supportbot.model.policy import CompiledPolicy, PublishedPolicy
from supportbot.model.time import Clock, public_id
from supportbot.model.violation import Deadlines
from supportbot.orchestrator.deliver import Deliver, DeliverRules
from supportbot.orchestrator.hearing.backlog import Backlog
from supportbot.orchestrator.hearing.intake import Intake
from supportbot.orchestrator.hearing.understanding import IntakeRules, Understanding
from supportbot.orchestrator.people.takeover import Takeover
from supportbot.orchestrator.retention import RetentionRules
from supportbot.orchestrator.room import Room
from supportbot.orchestrator.settle import Settle
from supportbot.orchestrator.sweep import Sweep, SweepRules
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.policy.compile import compile_policies
from supportbot.policy.load import load_policies
from supportbot.settings.needs import missing_secrets, unknown_products
from supportbot.settings.secret import installation_secret
from supportbot.settings.tree import Settings
from supportbot.store import catalog, schema
from supportbot.store.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """The store and the operators' verbs; enough for the command line."""

    settings: Settings
    db: Database
    clock: Clock
    takeover: Takeover
    dispatcher: Dispatcher
    wiring: Wiring


@dataclass(frozen=True, slots=True)
class House:
    """Everything that answers customers, wired but not listening."""

    settings: Settings
    wiring: Wiring
    secret: str
    completer: Completer
    intake: Intake
    backlog: Backlog
    settle: Settle
    sweep: Sweep
    takeover: Takeover
    room: Room
    #: What this process does; nothing before it runs.
    roles: Roles = field(default_factory=lambda: Roles(frozenset()))
    #: Channels that are not running, and why; shown by `/readyz`.
    stopped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Parts:
    secret: str
    completer: Completer


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def new_id() -> str:
    """Make a new public id."""
    return public_id(now(), os.urandom(10))


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database; an empty one is created, an older schema is refused."""
    db = Database(settings.database.url)
    try:
        await schema.prepare(db)
        yield db
    finally:
        await db.aclose()


def deadlines(settings: Settings) -> Deadlines:
    """Return how long what may wait before it is listed as overdue."""
    tickets = settings.tickets
    return Deadlines(
        answer_minutes=tickets.overdue_minutes,
        draft_minutes=tickets.draft_minutes,
        inbound_minutes=tickets.overdue_minutes,
        delivery_minutes=tickets.overdue_minutes,
        person_minutes=tickets.human_minutes,
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Desk]:
    """Open the store with the operators' verbs. What they send leaves once `run` is running."""
    async with database(settings) as db:
        wiring = Wiring(
            db=db,
            clock=now,
            new_id=new_id,
            dispatcher=build_dispatcher(settings, db),
            channels={},
            products={},
            policies={},
            default_product="",
            scored=scored(settings),
            desk_url=settings.server.address,
        )
        yield Desk(settings, db, now, Takeover(wiring), wiring.dispatcher, wiring)


@asynccontextmanager
async def answering(
    settings: Settings, only: Channel | None = None, *, mode: Mode | None = None
) -> AsyncIterator[House]:
    """Wire everything that answers: policies published, knowledge imported, channels built.

    With `only`, that is the one channel (the console of `supportbot ask`), and no other is built.
    With `mode`, it is the mode of all products, whatever their policies say.

    Raises:
        ConfigError: the bot folder has a problem; the message names them all.
    """
    policies = _policies(settings)
    if mode is not None:
        policies = {key: replace(policy, mode=mode) for key, policy in policies.items()}
    gathered = load_tools(settings.folder)
    toolbox = gathered.toolbox
    _refuse(*gathered.problems)  # of tools that were not read, no policy can be said to lack them
    _refuse(*tool_problems(toolbox, policies, settings.folder))
    if only is None:
        _refuse(*missing_secrets(settings), *unknown_products(settings, policies))
    async with database(settings) as db:
        names = {key: policy.name for key, policy in policies.items()}
        secret = installation_secret(settings).get_secret_value()
        parts = ChannelParts(db, now, secret)
        channels = [only] if only else list(build_channels(settings, names, parts))
        # What `ask` asks is answered here: no other process has its console.
        dispatcher = LocalDispatcher() if only else build_dispatcher(settings, db)
        async with schema.alone(db):
            imported = await import_folder(db, settings.folder / "knowledge", now())
            _refuse(*imported.problems)
            wiring = await _wire(settings, db, policies, channels, dispatcher)
        calibration = await calibrated(db)
        async with models(settings, now) as chosen:
            answers = build_answering(settings, wiring, chosen, toolbox, calibration)
            yield _house(settings, wiring, answers, _Parts(secret, chosen.main))


def _policies(settings: Settings) -> Mapping[str, CompiledPolicy]:
    compiled = compile_policies(load_policies(settings.folder / "policies"))
    _refuse(*compiled.problems)
    return compiled.by_product


def _refuse(*problems: Exception) -> None:
    if problems:
        raise ConfigError("\n".join(str(problem) for problem in problems))


async def _wire(
    settings: Settings,
    db: Database,
    policies: Mapping[str, CompiledPolicy],
    channels: Sequence[Channel],
    dispatcher: Dispatcher,
) -> Wiring:
    async with db.writing() as work:
        products = {
            key: await catalog.ensure_product(work, key, policy.name)
            for key, policy in policies.items()
        }
        published = {
            key: PublishedPolicy(
                await catalog.publish_policy(work, products[key], policy, now()), policy
            )
            for key, policy in policies.items()
        }
        stored = {
            channel.key: await catalog.ensure_channel(work, channel.key, channel.kind, now())
            for channel in channels
        }
    return Wiring(
        db=db,
        clock=now,
        new_id=new_id,
        dispatcher=dispatcher,
        channels={
            c.key: ConnectedChannel(
                stored[c.key].id,
                c,
                patience(settings, c),
                anyone_steps_in(settings, c),
                restraint(settings, c),
            )
            for c in channels
        },
        products=products,
        policies=published,
        default_product=settings.tickets.default_product or min(policies),
        notice_routes=tuple(r for r in notice_routes(settings) if r.channel in stored),
        scored=scored(settings),
        desk_url=settings.server.address,
    )


def _house(settings: Settings, wiring: Wiring, answers: Answering, parts: _Parts) -> House:
    tickets, model = settings.tickets, settings.model
    sweep = SweepRules(
        overdue_minutes=tickets.overdue_minutes,
        assume_resolved_hours=tickets.assume_resolved_hours,
        human_minutes=tickets.human_minutes,
        grace_seconds=2 * model.turn_seconds,
        retention=RetentionRules(
            raw_days=settings.retention.raw_days,
            quarantine_days=settings.retention.quarantine_days,
            file_days=settings.retention.file_days,
        ),
    )
    rules = IntakeRules(
        reopen_days=tickets.reopen_days,
        conversation_minutes=tickets.conversation_minutes,
        customer_messages_per_minute=tickets.customer_messages_per_minute,
    )
    room = Room(wiring.db, settings.retention.most_megabytes * 1_000_000)
    understanding = Understanding(wiring, rules)
    backlog = Backlog(wiring, understanding)
    return House(
        settings=settings,
        wiring=wiring,
        secret=parts.secret,
        completer=parts.completer,
        intake=Intake(wiring, understanding, backlog, room),
        room=room,
        backlog=backlog,
        settle=Settle(wiring, answers.respond, Deliver(wiring, DeliverRules()), answers.summaries),
        sweep=Sweep(wiring, sweep, answers.rounds),
        takeover=Takeover(wiring),
    )
