"""User groups: `@oncall` and the like, with their members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from supportbot.testing.fake_slack.workspace import ApiRefusal, Workspace

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(slots=True)
class FakeGroup:
    """A user group."""

    id: str
    handle: str
    #: Ids of users.
    members: set[str] = field(default_factory=set)


class UserGroups:
    """What administrators do with user groups."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._groups: dict[str, FakeGroup] = {}

    def add(self, handle: str, *users: str) -> FakeGroup:
        """Make a group of these users (names or ids)."""
        members = {self._workspace.user(user).id for user in users}
        group = FakeGroup(f"S0{handle.upper().replace('-', '')}", handle, members)
        self._groups[group.id] = group
        return group

    def members(self, workspace: Workspace, args: Arguments) -> Answer:
        """https://docs.slack.dev/reference/methods/usergroups.users.list."""
        del workspace
        group = self._groups.get(str(args.get("usergroup")))
        if group is None:
            raise ApiRefusal("no_such_subteam")
        return {"users": sorted(group.members)}
