"""A whole bot around a channel in memory, on both stores; nothing runs unless a test says so."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.completions.prices import PRICES
from supportbot.completions.scripted import Scripted, ScriptedCompleter
from supportbot.completions.tokens import Calibration
from supportbot.dispatch.local import LocalDispatcher
from supportbot.model.catalog import Mode
from supportbot.model.completion import Passage, Prompt
from supportbot.model.delivery import Delivery
from supportbot.model.draft import Draft
from supportbot.model.inbound import Accepted, Heard
from supportbot.model.message import Message
from supportbot.model.policy import CompiledPolicy, PublishedPolicy
from supportbot.model.question import Question
from supportbot.model.ticket import Ticket, TicketEvent
from supportbot.model.time import public_id
from supportbot.orchestrator.answering.budgets import SpendingRules
from supportbot.orchestrator.answering.files import FileRules, SharedFiles
from supportbot.orchestrator.answering.mind import Mind
from supportbot.orchestrator.answering.respond import Respond, RespondRules
from supportbot.orchestrator.answering.spending import Spending
from supportbot.orchestrator.answering.summary import Summaries, SummaryRules
from supportbot.orchestrator.answering.tool_rounds import ToolRounds
from supportbot.orchestrator.deliver import Deliver, DeliverRules
from supportbot.orchestrator.hearing.backlog import Backlog
from supportbot.orchestrator.hearing.intake import Intake
from supportbot.orchestrator.hearing.understanding import IntakeRules, Understanding
from supportbot.orchestrator.people.takeover import Takeover
from supportbot.orchestrator.room import Room
from supportbot.orchestrator.settle import Settle
from supportbot.orchestrator.sweep import Sweep, SweepRules
from supportbot.orchestrator.wiring import ConnectedChannel, NoticeRoute, Patience, Wiring
from supportbot.policy.compose import Window
from supportbot.policy.review import RULES
from supportbot.store import catalog, deliveries, drafts, due, threads, tickets
from supportbot.store.database import Database
from supportbot.store.tables.intake import InboundRow
from supportbot.testing import MemoryChannel
from supportbot.tools.toolbox import Toolbox

ROUTES = (NoticeRoute("memory:test", {"to": "operators"}),)
PASSAGE = Passage(
    key="help/returns#0",
    title="Returns",
    text="Send it back within 30 days.",
    url="https://help.example/returns",
    version="v1",
)


class FakeRetriever:
    """Finds the same passage for every question, and remembers the questions."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    async def search(self, question: Question, limit: int) -> Sequence[Passage]:
        self.questions.append(question)
        return [PASSAGE][:limit]


@dataclass
class World:
    """The verbs around one channel, and short ways to look at what they left."""

    wiring: Wiring
    channel: Any
    completer: ScriptedCompleter
    retriever: FakeRetriever
    intake: Intake
    backlog: Backlog
    deliver: Deliver
    settle_ticket: Settle
    sweep: Sweep
    rounds: ToolRounds
    takeover: Takeover
    dispatcher: LocalDispatcher
    clock: Any
    db: Database = field(repr=False)

    async def hear(self, heard: Heard, *keys: str, deferred: bool = False) -> Accepted:
        """Let the channel hear something."""
        return await self.intake.accept(self.channel.inbound(heard, *keys, deferred=deferred))

    async def settle(self) -> None:
        """Settle every ticket that has work due."""
        async with self.db.reading() as work:
            owing = await due.owing(work, self.clock())
        for ticket_id in owing:
            await self.settle_ticket(ticket_id)

    async def ask(self, heard: Heard) -> Ticket:
        """Let a customer write, settle, and return the ticket."""
        accepted = await self.hear(heard)
        await self.settle()
        return await self.ticket(accepted.ticket)

    async def ticket(self, public: str | None) -> Ticket:
        assert public is not None
        async with self.db.reading() as work:
            return await tickets.by_public_id(work, public)

    async def all_tickets(self) -> list[Ticket]:
        async with self.db.reading() as work:
            ids = (await work.connection.execute(select(tickets.TicketRow.id))).scalars()
            return [await tickets.get(work, one) for one in sorted(ids)]

    async def messages(self, ticket: Ticket) -> list[Message]:
        async with self.db.reading() as work:
            return await threads.messages(work, ticket.id)

    async def events(self, ticket: Ticket) -> list[TicketEvent]:
        async with self.db.reading() as work:
            return await threads.events(work, ticket.id)

    async def kinds(self, ticket: Ticket) -> list[str]:
        return [event.kind.value for event in await self.events(ticket)]

    async def deliveries(self, ticket: Ticket) -> list[Delivery]:
        async with self.db.reading() as work:
            return [one for one, _sent in await deliveries.of_ticket(work, ticket.id)]

    async def drafts(self, ticket: Ticket) -> list[Draft]:
        async with self.db.reading() as work:
            return await drafts.of_ticket(work, ticket.id)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true; pytest's own time limit ends it otherwise."""
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)

    async def inbounds(self) -> list[Any]:
        async with self.db.reading() as work:
            rows = await work.connection.execute(select(InboundRow).order_by(InboundRow.id))
            return list(rows)


def policy(mode: Mode, **changes: Any) -> CompiledPolicy:
    """Make a compiled policy of the product `shop`."""
    fields: dict[str, Any] = {
        "product": "shop",
        "name": "Shop",
        "mode": mode,
        "system": "Be kind.",
        "canonical": f'{{"mode":"{mode}"}}',
        "collections": ("help",),
        **changes,
    }
    return CompiledPolicy(sha256=hashlib.sha256(fields["canonical"].encode()).hexdigest(), **fields)


MakeWorld = Callable[..., Awaitable[World]]


def _answers() -> Callable[[Prompt], Scripted]:
    numbers = itertools.count(1)
    return lambda _prompt: f"answer {next(numbers)}"


@pytest.fixture
async def make_world(db: Database, clock: Any) -> AsyncIterator[MakeWorld]:
    """Build a bot; `script` are the model's answers, `answer 1`, `answer 2`... by default."""
    shared_clock = clock
    made: list[World] = []

    async def make(
        script: Iterable[Scripted] | Callable[[Prompt], Scripted] | None = None,
        *,
        mode: Mode = Mode.AUTO,
        channel: Any = None,
        rules: RespondRules | None = None,
        attempts: int = 8,
        patience: Patience | None = None,
        anyone_steps_in: bool = False,
        scored: bool = False,
        desk_url: str | None = None,
        toolbox: Toolbox | None = None,
        budgets: SpendingRules | None = None,
        completer: Any = None,
        own_clock: Any = None,
        file_rules: FileRules | None = None,
        room_bytes: int | None = None,
        more_channels: Sequence[Any] = (),
        **policy_changes: Any,
    ) -> World:
        clock = own_clock or shared_clock
        channel = channel or MemoryChannel(clock)
        completer = completer or ScriptedCompleter(script or _answers(), clock=clock)
        wiring = await _wiring(db, clock, channel, policy(mode, **policy_changes))
        connected = replace(wiring.channels[channel.key], anyone_steps_in=anyone_steps_in)
        if patience is not None:
            connected = replace(connected, patience=patience)
        wiring = replace(
            wiring,
            channels={channel.key: connected, **await _connected(db, clock, more_channels)},
            scored=frozenset({channel.key} if scored else ()),
            desk_url=desk_url,
        )
        retriever = FakeRetriever()
        window = Window(budget_tokens=100_000, count=lambda text: len(text) // 3)
        mind = Mind(
            completer=completer,
            retriever=retriever,
            rounds=ToolRounds(wiring, toolbox or Toolbox({})),
            window=window,
            review_rules=RULES,
            prices=PRICES,
            calibration=Calibration(),
            files=SharedFiles(wiring, file_rules or FileRules()),
        )
        summaries = Summaries(wiring, completer, window, SummaryRules(history_tokens=0))
        spending = Spending(clock, budgets or SpendingRules())
        respond = Respond(wiring, mind, spending, summaries, rules or RespondRules())
        deliver = Deliver(wiring, DeliverRules(attempts=attempts))
        assert isinstance(wiring.dispatcher, LocalDispatcher)
        understanding = Understanding(wiring, IntakeRules(reopen_days=7))
        backlog = Backlog(wiring, understanding)
        world = World(
            wiring=wiring,
            channel=channel,
            completer=completer,
            retriever=retriever,
            intake=Intake(
                wiring,
                understanding,
                backlog,
                None if room_bytes is None else Room(db, room_bytes),
            ),
            backlog=backlog,
            deliver=deliver,
            settle_ticket=Settle(wiring, respond, deliver, summaries),
            sweep=Sweep(wiring, SweepRules(), mind.rounds),
            rounds=mind.rounds,
            takeover=Takeover(wiring),
            dispatcher=wiring.dispatcher,
            clock=clock,
            db=db,
        )
        made.append(world)
        return world

    yield make
    for world in made:
        await world.wiring.working.aclose()


async def _connected(
    db: Database, clock: Any, channels: Sequence[Any]
) -> dict[str, ConnectedChannel]:
    async with db.writing() as work:
        return {
            one.key: ConnectedChannel(
                (await catalog.ensure_channel(work, one.key, one.kind, clock())).id, one
            )
            for one in channels
        }


async def _wiring(db: Database, clock: Any, channel: Any, compiled: CompiledPolicy) -> Wiring:
    async with db.writing() as work:
        product = await catalog.ensure_product(work, compiled.product, "Shop")
        stored = await catalog.ensure_channel(work, channel.key, channel.kind, clock())
        version = await catalog.publish_policy(work, product, compiled, clock())
    numbers = itertools.count(stored.id * 1_000_000 + 1)
    return Wiring(
        db=db,
        clock=clock,
        new_id=lambda: public_id(clock(), next(numbers).to_bytes(10)),
        dispatcher=LocalDispatcher(),
        channels={channel.key: ConnectedChannel(stored.id, channel)},
        products={compiled.product: product},
        policies={compiled.product: PublishedPolicy(version, compiled)},
        default_product=compiled.product,
        notice_routes=ROUTES if channel.key == "memory:test" else (),
    )


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """A bot in auto mode that answers `answer 1`, `answer 2`..."""
    return await make_world()
