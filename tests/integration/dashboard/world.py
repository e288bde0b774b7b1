"""A house around the dashboard for tests: a store with a past, and a browser with cookies."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx2
from starlette.applications import Starlette

from supportbot.dashboard.access import Access, link_path
from supportbot.dashboard.deps import DashboardDeps
from supportbot.dashboard.routes import dashboard_routes
from supportbot.dispatch.base import News, Periodic, Settle
from supportbot.model.catalog import Channel, Mode, Operator, OperatorRole, Product
from supportbot.model.completion import (
    ChatMessage,
    Completion,
    FinishReason,
    Passage,
    Prompt,
    Usage,
)
from supportbot.model.draft import DraftState
from supportbot.model.inbound import Attached, Referred, Sender
from supportbot.model.message import NewMessage, Role
from supportbot.model.overview import Figure, Overview, OverviewQuery, Share
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import BOT, Actor, ActorKind, EventKind, Ticket
from supportbot.model.time import public_id
from supportbot.orchestrator.people.takeover import Takeover
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import answers, catalog, customers, drafts, threads, tickets
from supportbot.store import files as stored_files
from supportbot.store.answers import Purpose
from supportbot.store.database import Database
from supportbot.store.drafts import NewDraft
from supportbot.store.threads import NewEvent
from supportbot.store.tickets import NewTicket
from supportbot.store.unit_of_work import UnitOfWork

BASE = "https://desk.test"


class MovableClock(Protocol):
    """A clock that stands still until it is moved."""

    def __call__(self) -> datetime: ...

    def advance(self, **change: float) -> datetime: ...


@dataclass
class RecordingDispatcher:
    """A dispatcher that only remembers whom it was asked to wake."""

    woken: list[int] = field(default_factory=list)

    async def start(self, settle: Settle, periodic: Sequence[Periodic]) -> None:
        raise AssertionError("the dashboard never starts a dispatcher")

    async def wake(
        self, work: UnitOfWork, ticket_id: int, upto: int, *, delay_seconds: float = 0.0
    ) -> None:
        work.after_commit(lambda: self.woken.append(ticket_id))

    def news(self, ticket_id: int) -> AbstractContextManager[News]:
        raise AssertionError("the dashboard works on no ticket")

    def problems(self) -> list[str]:
        return []

    async def stop(self, drain_seconds: float) -> None:
        raise AssertionError("the dashboard never stops a dispatcher")


async def some_overview(query: OverviewQuery) -> Overview:
    """Numbers that name what was asked."""
    return Overview(
        figures=(
            Figure("New tickets", "41", "Episodes opened on these days.", f"for {query.product}"),
            Figure("Automation", "62 %", "Resolved by the bot, of all it could.", "n = 41"),
        ),
        outcomes=(Share("Bot, confirmed", 3), Share("Human", 1), Share("Abandoned", 0)),
    )


@dataclass
class World:
    """The house around the dashboard: what a test changes and what it looks at."""

    db: Database
    clock: MovableClock
    dispatcher: RecordingDispatcher
    wiring: Wiring
    app: Starlette
    access: Access
    product: Product
    policy_id: int
    email: Channel
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def operator(self, role: OperatorRole = OperatorRole.OPERATOR) -> Operator:
        """Make an operator of this role."""
        name = f"{role.title()} {next(self._numbers)}"
        return await self.access.create_operator(
            f"{name.replace(' ', '.').lower()}@desk.test", name, role
        )

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """Open a browser that nobody has signed in."""
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app), base_url=BASE
        ) as client:
            yield Browser(client, self)

    @asynccontextmanager
    async def signed_in(self, role: OperatorRole = OperatorRole.OPERATOR) -> AsyncIterator[Browser]:
        """Open a browser in which somebody of this role is signed in."""
        operator = await self.operator(role)
        async with self.browser() as browser:
            await browser.enter(operator)
            yield browser

    async def ticket(
        self,
        text: str = "How do I export my data?",
        *,
        subject: str | None = "Export",
        customer: str = "Cora Customer",
        files: Sequence[Attached | Referred] = (),
    ) -> Ticket:
        """Open a ticket with one message of a customer, as intake does."""
        n, at = next(self._numbers), self.clock()
        async with self.db.writing() as work:
            sender = Sender(f"cora{n}@example.com", customer, "mail:example.com")
            customer_id = await customers.ensure_customer(work, "email", sender, at)
            ticket = await tickets.open_ticket(
                work,
                NewTicket(
                    public_id=public_id(at, n.to_bytes(10)),
                    product_id=self.product.id,
                    channel_id=self.email.id,
                    customer_id=customer_id,
                    thread_key=f"<{n}@example.com>",
                    subject=subject,
                    target={"to": f"cora{n}@example.com"},
                    opened_at=at,
                ),
            )
            author = Actor(ActorKind.CUSTOMER, customer_id)
            opened = NewEvent(EventKind.OPENED, author, data={"eligible": True})
            await threads.append_events(work, ticket, [opened], at)
            message = await threads.append_message(
                work, ticket.id, NewMessage(role=Role.USER, author=author, text=text), at
            )
            await stored_files.attach(work, message.id, files)
            await tickets.change(work, ticket.id, asked_seq=message.seq, waiting_since=at)
        return await self.reload(ticket)

    async def completion(self, ticket: Ticket) -> int:
        """Record a model call for a ticket."""
        passage = Passage(
            "help/export#0", "Exporting", "", "https://help.example/export", "f" * 64, score=4.25
        )
        prompt = Prompt(
            (
                ChatMessage(Role.SYSTEM, "You answer customers of Acme."),
                ChatMessage(Role.USER, "<<customer>> How do I export?"),
            ),
            (passage,),
        )
        completion = Completion(
            model="gpt-test",
            endpoint="https://api.example/v1",
            text="Open Settings.",
            finish_reason=FinishReason.STOP,
            started_at=self.clock(),
            latency_ms=321,
            usage=Usage(prompt=120, cached=20, output=9),
        )
        async with self.db.writing() as work:
            return await answers.add_completion(
                work, ticket, Purpose(self.policy_id), prompt, completion
            )

    async def draft(self, ticket: Ticket, text: str = "Open **Settings**, then Export.") -> int:
        """Let a draft wait on a ticket, as an answer in draft mode does."""
        completion_id = await self.completion(ticket)
        async with self.db.writing() as work:
            new = NewDraft(
                upto_seq=ticket.asked_seq,
                text=text,
                state=DraftState.OPEN,
                policy_version_id=self.policy_id,
                completion_id=completion_id,
                reason="mode_draft",
            )
            draft_id = await drafts.add(work, ticket, new, self.clock())
            drafted = NewEvent(EventKind.DRAFTED, BOT, "mode_draft", {"draft": draft_id})
            await threads.append_events(work, ticket, [drafted], self.clock())
            await tickets.cover(work, ticket, ticket.asked_seq)
        return draft_id

    async def reload(self, ticket: Ticket) -> Ticket:
        """Read a ticket's head again."""
        async with self.db.reading() as work:
            return await tickets.get(work, ticket.id)


@dataclass
class Browser:
    """A client that keeps cookies, reads forms and does not follow redirects by itself."""

    client: httpx2.AsyncClient
    world: World

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=headers)

    async def post(
        self, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> httpx2.Response:
        """Send a form as a browser does from one of our own pages."""
        sent = {"sec-fetch-site": "same-origin", "origin": BASE, **headers}
        return await self.client.post(path, data=form or {}, headers=sent)

    async def act(self, path: str, **form: str) -> httpx2.Response:
        """Send a form with this login's token."""
        return await self.post(path, {"csrf": await self.csrf(), **form})

    async def csrf(self) -> str:
        page = await self.get("/account")
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert found, page.status_code
        return found[1]

    async def enter(self, operator: Operator) -> None:
        """Sign in by a one-time link."""
        token = await self.world.access.login_link(operator.id)
        response = await self.post(link_path(token))
        assert response.status_code == 303, response.text


async def build_world(db: Database, clock: MovableClock) -> World:
    """Build a house on an empty database."""
    policy = CompiledPolicy(
        product="acme",
        name="Acme",
        mode=Mode.DRAFT,
        system="You answer customers of Acme.",
        sha256="a" * 64,
        canonical=(
            '{"product":"acme","name":"Acme","mode":"draft","collections":["help"],'
            '"cite_required":false,"tools":{},"never":["refund <b>now</b>"],'
            '"canned":{},"system":"You answer customers of Acme."}'
        ),
    )
    async with db.writing() as work:
        product = await catalog.ensure_product(work, "acme", "Acme")
        email = await catalog.ensure_channel(work, "email:help@acme.test", "email", clock())
        policy_id = await catalog.publish_policy(work, product, policy, clock())
    dispatcher = RecordingDispatcher()
    wiring = Wiring(
        db=db,
        clock=clock,
        new_id=lambda: public_id(clock(), bytes(10)),
        dispatcher=dispatcher,
        channels={},
        products={product.key: product},
        policies={},
        default_product=product.key,
    )
    deps = DashboardDeps(
        db=db,
        takeover=Takeover(wiring),
        clock=clock,
        overview=some_overview,
        products=(product,),
        time_zone="Europe/Vienna",
        version="0.0.test",
        secure_cookies=True,
    )
    app = Starlette(routes=list(dashboard_routes(deps)))
    return World(db, clock, dispatcher, wiring, app, Access(db, clock), product, policy_id, email)
