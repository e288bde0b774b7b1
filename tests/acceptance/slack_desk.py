"""The whole product beside a fake workspace and a fake model: the stage of acceptance stories.

    async def test_a_question_is_answered(d: Desk) -> None:
        question = d.slack.mention("support", "ada", "How do I export?")
        (answer,) = await d.slack.wait_for_replies(question)
        (ticket,) = await d.tickets()

`d` is a fixture of this folder, made by the fixture `plan`; a story that needs more opens its own:

    async with desk(transport, tmp_path, Plan(answer=lambda _request: "Open Settings.")) as d:

`transport` is a fixture too: whatever takes one of them is told over both ways.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from supportbot.app import House, application, running
from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import Transport
from supportbot.channels.slack.manifest import SCOPES
from supportbot.model.delivery import Delivery, DeliveryState
from supportbot.model.message import Message
from supportbot.model.ticket import Ticket, TicketEvent
from supportbot.settings.load import load
from supportbot.settings.tree import Settings
from supportbot.store import deliveries, threads, tickets
from supportbot.store.tables.intake import InboundRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.testing.fake_answers import Answering
from supportbot.testing.fake_model import FakeModel
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from supportbot.testing.fake_slack.views import FakeView
from tests.integration.channels.slack.listening import served

ANSWER = "Open **Settings > Export** and press *Start*."
_START_SECONDS = 30
#: Slack's three seconds, for acks and forms, are few for a machine that does much else. That acks
#: wait for nothing is shown by holding what they could wait for; their speed, by `make bench`.
_SLACK_SECONDS = 30.0


#: The workspace and the model that a product is connected to.
World = tuple[FakeSlack, FakeModel]


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs from the usual desk: one product, `rocket`, that answers by itself."""

    answer: Answering = lambda _request: ANSWER
    mode: str = "auto"
    #: Further lines of the product's front matter.
    front: str = ""
    #: File name → Markdown, in the product's one collection.
    knowledge: Mapping[str, str] = field(default_factory=dict)
    #: Lines of `[slack]`, such as `operators_channel = "C0DESK"`; tables of it may follow.
    slack: str = ""
    #: Lines of `[tickets]`.
    tickets: str = ""
    #: Further lines of `[model]`.
    model: str = ""
    #: Further tables of supportbot.toml.
    toml: str = ""
    #: tools.py of the bot folder.
    tools: str = ""
    #: Seconds before the model's first token, and between two pieces of its answer: for stories
    #: about paces. Where something is to happen meanwhile, `d.model.hold` lets it.
    first_token_seconds: float = 0.0
    seconds_per_chunk: float = 0.0
    #: Further variables; they are stronger than those of the workspace's tokens.
    environ: Mapping[str, str] = field(default_factory=dict)
    #: None: SQLite in the bot folder.
    database_url: str | None = None
    #: Prepares the workspace before the product connects to it.
    furnish: Callable[[FakeSlack], object] = lambda _slack: None
    #: Settings of the fake workspace, such as `strict=False`.
    workspace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """The running product, and the world around it."""

    slack: FakeSlack
    model: FakeModel
    house: House
    settings: Settings
    #: Where dashboard and web chat are, such as `http://127.0.0.1:8080`.
    origin: str

    @property
    def channel(self) -> SlackChannel:
        """The product's way to the workspace."""
        adapter = self.house.wiring.channels["slack:main"].adapter
        assert isinstance(adapter, SlackChannel)
        return adapter

    async def tickets(self) -> list[Ticket]:
        """Return all tickets, the oldest first."""
        async with self.house.wiring.db.reading() as work:
            ids = await work.connection.execute(select(TicketRow.id).order_by(TicketRow.id))
            return [await tickets.get(work, one) for one in ids.scalars()]

    async def messages(self, ticket: Ticket) -> list[Message]:
        """Return a ticket's thread."""
        async with self.house.wiring.db.reading() as work:
            return await threads.messages(work, ticket.id)

    async def events(self, ticket: Ticket) -> list[TicketEvent]:
        """Return what happened to a ticket."""
        async with self.house.wiring.db.reading() as work:
            return await threads.events(work, ticket.id)

    async def deliveries(self, ticket: Ticket) -> list[Delivery]:
        """Return what left for a ticket, or is to leave."""
        async with self.house.wiring.db.reading() as work:
            return [one for one, _sent in await deliveries.of_ticket(work, ticket.id)]

    async def inbounds(self) -> list[Any]:
        """Return the rows of what arrived, with outcome and reason."""
        async with self.house.wiring.db.reading() as work:
            return list(await work.connection.execute(select(InboundRow).order_by(InboundRow.id)))

    async def outcomes(self) -> list[tuple[str | None, str | None]]:
        """Return what became of everything that arrived, and why, once none of it waits.

        Names, also of strangers, are left out: they are looked up beside it, and arrive at a moment
        of their own.
        """

        async def read() -> list[tuple[str | None, str | None]] | None:
            rows = await self.inbounds()
            told = [row for row in rows if row.reason != "unknown_customer"]
            shown = [(row.outcome, row.reason) for row in told if row.outcome != "introduced"]
            return shown if all(outcome for outcome, _ in shown) else None

        await self.slack.settled()
        return await self.eventually(read)

    async def settled(self) -> None:
        """Wait until everything that arrived is understood and no ticket is owed anything."""
        await self.outcomes()

        async def quiet() -> bool:
            return not any(ticket.bot_owes for ticket in await self.tickets())

        await self.eventually(quiet)

    def answered(self, question: FakeMessage, count: int = 1) -> Callable[[], Any]:
        """Return what tells whether a question was answered where it stands, or in its thread."""

        async def look() -> bool:
            own = [m for m in self.slack.workspace.messages if m.user == self.slack.bot_user]
            beside = [m for m in own if m.channel == question.channel and m.ts > question.ts]
            return len(beside) >= count

        return look

    async def left(self) -> bool:
        """Tell whether every delivery has left, or has been given up."""
        waits = {DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.LIVE}
        owed = [one for ticket in await self.tickets() for one in await self.deliveries(ticket)]
        return not any(one.state in waits for one in owed)

    async def form(self, user: str) -> FakeView:
        """Wait until a form is open before somebody; return it."""

        async def look() -> FakeView | None:
            return self.slack.views.modal(user)

        shown: FakeView = await self.eventually(look)
        return shown

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until something that is seen in the workspace holds.

        Raises:
            TimeoutError: it does not.
        """

        async def look() -> Any:
            return holds()

        await self.eventually(look)

    async def eventually(self, look: Callable[[], Any], timeout_seconds: float = 30.0) -> Any:
        """Ask again until something true is given back; return it.

        Raises:
            TimeoutError: it was not.
        """
        async with asyncio.timeout(timeout_seconds):
            while not (seen := await look()):  # noqa: ASYNC110 - rows have no event
                await asyncio.sleep(0.02)
        return seen


@asynccontextmanager
async def desk(transport: Transport, folder: Path, plan: Plan | None = None) -> AsyncIterator[Desk]:
    """Run the product on a fake workspace until the block ends; a kept folder is used again.

    Raises:
        AssertionError: at the end, where Slack would have complained.
    """
    plan = plan or Plan()
    async with stage(plan) as world, product(world, transport, folder, plan) as ready:
        yield ready


@asynccontextmanager
async def stage(plan: Plan) -> AsyncIterator[World]:
    """Open the workspace and the model, for products that come and go.

    Raises:
        AssertionError: at the end, where Slack would have complained.
    """
    async with AsyncExitStack() as stack:
        workspace = {"ack_seconds": _SLACK_SECONDS, **plan.workspace}
        slack = await stack.enter_async_context(FakeSlack(**workspace))
        slack.views.triggers.seconds = _SLACK_SECONDS
        slack.scopes.granted = frozenset(SCOPES)
        plan.furnish(slack)
        model = FakeModel(
            plan.answer,
            first_token_seconds=plan.first_token_seconds,
            seconds_per_chunk=plan.seconds_per_chunk,
        )
        await stack.enter_async_context(model)
        yield slack, model


@asynccontextmanager
async def again(before: Desk, transport: Transport, plan: Plan) -> AsyncIterator[Desk]:
    """Run another process of the product on the same workspace, model and folder."""
    world = (before.slack, before.model)
    async with product(world, transport, before.settings.folder, plan) as after:
        yield after


@asynccontextmanager
async def product(
    world: World, transport: Transport, folder: Path, plan: Plan, *, healthy: bool = True
) -> AsyncIterator[Desk]:
    """Run one process of the product until the block ends; a kept folder is used again.

    `healthy`: wait until it is connected, which it may never be.
    """
    slack, model = world
    write(folder, transport, plan, world)
    settings = load(folder, {**environment(slack), **plan.environ})
    async with running(settings) as house, served(application(house).routes) as origin:
        ready = Desk(slack, model, house, settings, origin)
        if healthy:
            await ready.eventually(_connects(ready), _START_SECONDS)
        if healthy and transport is Transport.HTTP:
            await slack.use_http(f"{origin}/slack/events")
        yield ready


def _connects(ready: Desk) -> Callable[[], Any]:
    async def connected() -> bool:
        return ready.channel.healthy() is None

    return connected


def environment(slack: FakeSlack) -> dict[str, str]:
    """Return the variables that a product is connected to the workspace by."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
    }


def write(folder: Path, transport: Transport, plan: Plan, world: World) -> None:
    """Write the bot folder of a product."""
    slack, model = world
    products, pages = folder / "policies" / "products", folder / "knowledge" / "help"
    for made in (products, pages):
        made.mkdir(parents=True, exist_ok=True)
    (folder / "policies" / "org.md").write_text(_ORG, encoding="utf-8")
    policy = _POLICY.format(mode=plan.mode, front=plan.front.strip())
    (products / "rocket.md").write_text(policy.replace("\n\n---", "\n---"), encoding="utf-8")
    for name, text in plan.knowledge.items():
        (pages / name).write_text(text, encoding="utf-8")
    if plan.tools:
        (folder / "tools.py").write_text(plan.tools, encoding="utf-8")
    toml = _TOML.format(
        database=plan.database_url or "sqlite:///supportbot.db",
        model=model.url,
        model_lines=plan.model.strip(),
        mode=transport.value,
        slack=slack.url,
        lines=plan.slack.strip(),
        tickets=plan.tickets.strip(),
        tables=plan.toml.strip(),
    )
    (folder / "supportbot.toml").write_text(toml, encoding="utf-8")


_ORG = """---
schema: supportbot/policy.v1
id: org
name: Rocket Works
owner: support@rocket.example
canned:
  handoff: "A colleague will answer you here."
---
Be kind.
"""

_POLICY = """---
schema: supportbot/policy.v1
id: rocket
name: Rocket
extends: org
owner: rocket@rocket.example
delivery: {{default: {mode}}}
knowledge: {{collections: [help]}}
{front}

---
You support Rocket.
"""

_TOML = """
[database]
url = "{database}"

[model]
name = "test-model"
base_url = "{model}"
{model_lines}

[tickets]
default_product = "rocket"
{tickets}

[slack]
mode = "{mode}"
api_url = "{slack}"
default_product = "rocket"
{lines}

{tables}
"""
