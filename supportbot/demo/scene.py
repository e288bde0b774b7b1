"""A scene of the scripted day: what a customer does, and what must come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx2

from supportbot.demo.ledger import Case, Ledger
from supportbot.demo.mail_client import Letter
from supportbot.demo.stage import Stage
from supportbot.demo.visitor import Visitor
from supportbot.errors import SupportbotError
from supportbot.testing.fake_slack import EventDelivery, FakeMessage


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation and whether it held."""

    name: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Take:
    """How a scene went; `before` is the case as it was when the scene began."""

    happened: str
    checks: tuple[Check, ...]
    case: Case | None = None
    before: Case | None = None

    @property
    def held(self) -> bool:
        """True when every expectation held, and there was one."""
        return bool(self.checks) and all(check.holds for check in self.checks)


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command as its author sees it; `channel` is an id."""

    user: str
    channel: str
    ts: str
    text: str
    delivery: EventDelivery


@dataclass(slots=True)
class Day:
    """The stage, and what later scenes build on."""

    stage: Stage
    ledger: Ledger
    #: How long a turn may take.
    patience_seconds: float
    visitors: list[Visitor] = field(default_factory=list)
    #: Slash commands so far.
    typed: list[Typed] = field(default_factory=list)
    #: The first question in Slack, and the payload it travelled in.
    question: FakeMessage | None = None
    #: The first answer by mail.
    answer: Letter | None = None

    def command(self, user: str, text: str, channel: str) -> Typed:
        """Type a slash command as a person (by handle) in a channel (by id)."""
        slack = self.stage.slack
        name, _, rest = text.partition(" ")
        delivery = slack.requests.command(user, rest.strip(), channel=channel, command=name)
        typed = Typed(user, channel, slack.workspace.next_ts(), text, delivery)
        self.typed.append(typed)
        return typed


class Unplayable(SupportbotError):
    """A scene needs what an earlier scene did not bring about."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene; `play` acts as the customer, waits, and tells what happened."""

    title: str
    place: str
    product: str
    expected: str
    play: Callable[[Day], Awaitable[Take]]


async def perform(scene: Scene, day: Day) -> Take:
    """Play a scene; whatever goes wrong on the customer's side is a scene that failed."""
    try:
        return await scene.play(day)
    except TimeoutError:
        problem = f"nothing happened within {day.patience_seconds:.0f} s"
    except (SupportbotError, httpx2.HTTPError, OSError) as error:
        problem = str(error) or type(error).__name__
    return Take(problem, (Check(problem, holds=False),))
