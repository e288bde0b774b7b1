"""What is kept for each workspace beside its token: its people, and what may be asked of Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from supportbot.channels.slack.config import SlackConfig
from supportbot.channels.slack.directory import Directory, Watched
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.installing.workspaces import Workspaces
from supportbot.channels.slack.parsing.people import Person
from supportbot.channels.slack.replies.allowance import Allowance
from supportbot.channels.slack.replies.live import Growth
from supportbot.channels.slack.replies.status import Statuses
from supportbot.channels.slack.surfaces.home import Home, TicketsOf
from supportbot.channels.slack.surfaces.surfaces import Surfaces
from supportbot.channels.slack.web import SlackWeb, WebSession
from supportbot.model.time import Clock

_log = structlog.get_logger(__name__)

#: So long the members of groups are waited for before anything is heard.
_GROUPS_SECONDS = 5.0

#: What is told of an operator where they are not at home: see `Directory.facts`.
_OF_OPERATORS = ("operator", "name", "email")

#: Is told the name of a person that was looked up, and who we are where they were heard.
IntroduceAt = Callable[[Person, str, Identity], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Branch:
    """One workspace: its Web API, and what is counted and remembered of it apart from others."""

    web: SlackWeb
    directory: Directory
    surfaces: Surfaces
    growth: Growth
    statuses: Statuses


class Branches:
    """The branch of each workspace, opened when it is first needed."""

    def __init__(
        self,
        config: SlackConfig,
        session: WebSession,
        workspaces: Workspaces,
        clock: Clock,
        tickets_of: TicketsOf,
    ) -> None:
        self._config = config
        self._session = session
        self._workspaces = workspaces
        self._clock = clock
        self._tickets_of = tickets_of
        self._open: dict[str, Branch] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._introduce: IntroduceAt | None = None

    def of(self, owner: str) -> Branch:
        """Return the branch of whom a delivery goes to; with one token there is one."""
        owner = owner if self._config.oauth else ""
        branch = self._open.get(owner)
        if branch is None:
            branch = self._open[owner] = self._opened(owner)
        return branch

    def facts(
        self, person: Person, own: Identity, place: str | None = None, *, of_any_team: bool = False
    ) -> Mapping[str, str]:
        """Return what is known of a person who was heard in a channel; see `Directory.facts`.

        Operators of another workspace than this one may be met in a shared channel. Where somebody
        may be of any team (see `people.is_of_any_team`), `operators_team` tells that of operators.
        """
        known, home = self.of(own.owner).directory.facts(person, place), self._config.operators_team
        if not home or own.owner == home or not (of_any_team or person.team == home):
            return known
        at_home = self.of(home).directory.facts(replace(person, team=home), place)
        told = {name: at_home[name] for name in _OF_OPERATORS if name in at_home}
        if "operator" in told:
            return {**known, **told, "operators_team": home}
        in_doubt = at_home.get("operator_unknown")
        return {**known, "operator_unknown": in_doubt} if in_doubt else known

    def begin(self, introduce: IntroduceAt) -> None:
        """Let names be looked up wherever somebody is heard, until `aclose`."""
        self._introduce = introduce

    async def look_around(self, own: Identity) -> None:
        """Learn who is in which group there, before anything is heard; then who operators are.

        Where Slack takes its time, hearing does not wait for it.
        """
        directory = self.of(own.owner).directory
        try:
            async with asyncio.timeout(_GROUPS_SECONDS):
                await directory.load_groups()
        except TimeoutError:
            _log.warning("slack_groups_unknown", team=own.team)
        directory.expect_operators(own.team)

    def heard_from(self, own: Identity) -> Branch:
        """Return the branch that somebody was heard in; names are looked up there from now on."""
        branch, tell = self.of(own.owner), self._introduce
        if tell is not None and own.owner not in self._looking:

            async def introduce(person: Person, name: str) -> None:
                await tell(person, name, own)

            self._looking[own.owner] = asyncio.create_task(branch.directory.run(introduce))
        return branch

    def leave(self, own: Identity) -> None:
        """Look nothing up any more where the app was removed, until somebody is heard there."""
        task = self._looking.pop(own.owner, None)
        if task is not None:
            task.cancel()

    async def aclose(self) -> None:
        """Leave what is under way in all branches."""
        self._introduce, looking = None, tuple(self._looking.values())
        self._looking.clear()
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
        for branch in self._open.values():
            await branch.surfaces.aclose()

    def _opened(self, owner: str) -> Branch:
        config, web = self._config, SlackWeb(self._session, self._workspaces.tokens(owner))
        allowance = Allowance(config.allowance)
        statuses = Statuses(web, allowance)
        home = Home(web, config.rulebook, self._tickets_of)
        return Branch(
            web,
            Directory(web, self._watched(owner), self._clock, config.directory),
            Surfaces(web, config.rulebook, statuses, home),
            Growth(config, web, statuses, lambda: self._workspaces.who(owner)),
            statuses,
        )

    def _watched(self, owner: str) -> Watched:
        """Say whose members are kept: operators are at home in one workspace."""
        config = self._config
        groups = config.rulebook.groups
        if config.oauth and owner != config.operators_team:
            return Watched(groups=groups)
        return Watched(config.operators, groups, config.operators_channel)
