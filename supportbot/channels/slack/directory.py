"""Names of people and members of user groups, looked up beside what is heard and never before it.

Whoever hears something takes what is known at that moment. What is missing is looked up behind it,
one person after the other and slowly, because Slack counts such calls; a user that Slack does not
know (any more) simply has no name. Operators are looked up before they do anything, when nobody
else waits: their address leads to their account, and what they do is told under their name.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from supportbot.channels.slack.config import DirectoryRules
from supportbot.channels.slack.failures import error_code, translated
from supportbot.channels.slack.parsing.people import Person
from supportbot.channels.slack.web import SlackWeb
from supportbot.errors import SendError
from supportbot.model.time import Clock

_log = structlog.get_logger(__name__)

#: What Slack says of a user group that is none of this workspace.
NO_SUCH_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})

#: Members of a channel are told so many at a time, and of a very large one not all.
_PAGE_MEMBERS, _MOST_PAGES = 200, 50

#: Is told the name of a person that was looked up.
Introduce = Callable[[Person, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was looked up of a person; empty where Slack has none."""

    name: str = ""
    #: Kept of operators only: it leads to their account.
    email: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """Whose members are kept: operators' groups or channel, and those a channel is reserved for."""

    #: User ids, and ids of user groups.
    operators: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    #: Where no operators are named, whoever is in this channel, or acts there, is one.
    operators_channel: str | None = None

    def is_operator(self, names: Collection[str], place: str | None) -> bool:
        """Tell whether somebody, known by their id and their groups', acts as an operator."""
        if self.operators:
            return not self.operators.isdisjoint(names)
        return self.operators_channel is not None and self.operators_channel in {*names, place}

    @property
    def teams(self) -> frozenset[str]:
        """Ids of what operators are members of: user groups, or else their channel."""
        if self.operators:
            return frozenset(name for name in self.operators if is_group(name))
        return frozenset({self.operators_channel} if self.operators_channel else ())

    @property
    def all_groups(self) -> frozenset[str]:
        """Ids of all whose members have to be known."""
        return self.groups | self.teams


@dataclass(slots=True)
class _Names:
    """What is known of people, the least recently used first."""

    rules: DirectoryRules
    known: OrderedDict[str, _Known] = field(default_factory=OrderedDict)

    def of(self, person: Person) -> _Known:
        found = self.known.get(person.external_id)
        if found is None:
            return _Known()
        self.known.move_to_end(person.external_id)
        return found

    def is_fresh(self, person: Person, at: datetime) -> bool:
        found = self.known.get(person.external_id)
        looked_up = found.at if found is not None else None
        return looked_up is not None and at - looked_up < timedelta(hours=self.rules.names_hours)

    def keep(self, person: Person, found: _Known) -> None:
        self.known[person.external_id] = found
        self.known.move_to_end(person.external_id)
        while len(self.known) > self.rules.most_names:
            self.known.popitem(last=False)


class Directory:
    """What one workspace tells about its people."""

    def __init__(
        self, web: SlackWeb, watched: Watched, clock: Clock, rules: DirectoryRules
    ) -> None:
        self._web = web
        self._watched = watched
        self._clock = clock
        self._rules = rules
        self._names = _Names(rules)
        #: User group, or channel of operators → its members, once they were told.
        self._members: dict[str, frozenset[str]] = {}
        self._loaded = False
        #: False: some of them could not be asked for.
        self._told = True
        self._waiting: OrderedDict[str, Person] = OrderedDict()
        #: Operators who were not heard yet.
        self._expected: OrderedDict[str, Person] = OrderedDict()
        self._more = asyncio.Event()

    def facts(self, person: Person, place: str | None = None) -> Mapping[str, str]:
        """Return what is known now, to be kept beside what they did in a channel; asks nobody.

        `name`; `operator` = "1", and then `email`; `operator_unknown` = "1" where nobody can tell
        yet whether they are one; `groups` that they are in; `groups_unknown`, those of which nobody
        can tell yet. What is not so is left out.
        """
        groups = self._groups(person)
        known, is_operator = self._names.of(person), self._is_operator(person, place)
        unknown = self._watched.all_groups - set(self._members)
        in_doubt = not is_operator and not self._watched.teams.isdisjoint(unknown)
        found = {
            "name": known.name,
            "operator": "1" if is_operator else "",
            "operator_unknown": "1" if in_doubt else "",
            "email": known.email if is_operator else "",
            "groups": " ".join(groups),
            "groups_unknown": " ".join(sorted(unknown)),
        }
        return {name: value for name, value in found.items() if value}

    def _groups(self, person: Person) -> list[str]:
        return sorted(name for name, users in self._members.items() if person.user in users)

    def _is_operator(self, person: Person, place: str | None = None) -> bool:
        return self._watched.is_operator({person.user, *self._groups(person)}, place)

    def want(self, person: Person) -> None:
        """Let a person's name be looked up soon, unless it is known or too many wait already."""
        if self._names.is_fresh(person, self._clock()):
            return
        if len(self._waiting) < self._rules.most_waiting:
            self._waiting.setdefault(person.external_id, person)
            self._more.set()

    def expect_operators(self, team: str) -> None:
        """Let those be looked up who may act as operators, as far as they are known by now."""
        operators = self._watched.operators
        teams = self._watched.teams
        members = (users for name, users in self._members.items() if name in teams)
        for user in sorted(frozenset(filter(is_user, operators)).union(*members)):
            person = Person(user, team)
            if not self._names.is_fresh(person, self._clock()):
                self._expected[person.external_id] = person
        self._more.set()

    async def load_groups(self) -> None:
        """Ask for the members of all groups that are watched.

        Of a group that cannot be asked for, what was known before still counts.
        """
        self._loaded, self._told = True, False
        self._told = all([await self._load_group(one) for one in sorted(self._watched.all_groups)])

    async def run(self, introduce: Introduce) -> None:
        """Look up what is wanted, and the groups from time to time, until cancelled."""
        await asyncio.gather(self._keep_groups(), self._keep_names(introduce))

    async def _keep_groups(self) -> None:
        while self._watched.all_groups:
            if self._loaded:
                rules = self._rules
                await asyncio.sleep(rules.groups_seconds if self._told else rules.retry_seconds)
            await self.load_groups()

    async def _keep_names(self, introduce: Introduce) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while heard := self._waiting or self._expected:
                _, person = heard.popitem(last=False)
                wanted = heard is self._waiting
                patience_seconds = await self._look_up(person, introduce if wanted else None)
                if wanted or patience_seconds:
                    await asyncio.sleep(patience_seconds or self._rules.pause_seconds)
                else:
                    await self._pause_unless_wanted()

    async def _pause_unless_wanted(self) -> None:
        """Go on at once with whoever was heard: nobody waited for the one before."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._rules.pause_seconds):
                while not self._waiting:
                    self._more.clear()
                    await self._more.wait()

    async def _look_up(self, person: Person, introduce: Introduce | None) -> float:
        """Look up a name; return for how long Slack can't be asked, or wants not to be."""
        try:
            with translated("look up a user", may_repeat=True):
                answer = await self._web.client().users_info(user=person.user)
        except SendError as error:
            _log.info("slack_user_unknown", user=person.user, detail=str(error))
            if error.permanent:
                self._names.keep(person, _Known(at=self._clock()))
                return 0.0
            if introduce is not None:
                self.want(person)
            return max(error.retry_after_seconds or 0.0, self._rules.retry_seconds)
        name = _shown_name(answer.get("user"))
        email = _email(answer.get("user")) if self._is_operator(person) else ""
        self._names.keep(person, _Known(name, email, self._clock()))
        if name and introduce is not None:
            await introduce(person, name)
        return 0.0

    async def _load_group(self, group: str) -> bool:
        """Ask for a group's members; a group of another workspace has none here."""
        users: frozenset[str] = frozenset()
        try:
            with translated(f"list the members of {group}", may_repeat=True):
                try:
                    users = await self._listed(group)
                except SlackApiError as error:
                    if error_code(error) not in NO_SUCH_GROUP:
                        raise
        except SendError as error:
            _log.warning("slack_group_unknown", group=group, detail=str(error))
            return error.permanent  # asked for again, but not soon
        self._members[group] = users
        return True

    async def _listed(self, group: str) -> frozenset[str]:
        """Return who is in a user group, or in the operators' channel, page by page.

        https://docs.slack.dev/reference/methods/usergroups.users.list and
        https://docs.slack.dev/reference/methods/conversations.members
        """
        client = self._web.client()
        if is_group(group):
            return _ids((await client.usergroups_users_list(usergroup=group)).get("users"))
        found: frozenset[str] = frozenset()
        cursor = ""
        for _ in range(_MOST_PAGES):
            answer = await client.conversations_members(
                channel=group, cursor=cursor, limit=_PAGE_MEMBERS
            )
            found |= _ids(answer.get("members"))
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return found


def _ids(listed: object) -> frozenset[str]:
    return frozenset(map(str, listed if isinstance(listed, list) else ()))


def is_group(name: str) -> bool:
    """Tell the id of a user group from that of a user."""
    return name.startswith("S")


def is_user(name: str) -> bool:
    """Tell the id of a user from that of a user group."""
    return not is_group(name)


def _email(user: Any) -> str:
    """Return a mail address; Slack tells it with the scope `users:read.email` only."""
    profile = user.get("profile") if isinstance(user, dict) else None
    email = profile.get("email") if isinstance(profile, dict) else None
    return email.strip()[:320] if isinstance(email, str) else ""


def _shown_name(user: Any) -> str:
    """Return what Slack's own clients show: the name that a person chose, else the full one."""
    if not isinstance(user, dict):
        return ""
    profile = user.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"))
    return next((name.strip()[:200] for name in names if isinstance(name, str) and name), "")
