"""What a token opens: the app's own methods, or one workspace. Tokens never cross."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from supportbot.testing.fake_slack.rates import Rates
from supportbot.testing.fake_slack.scopes import Scopes
from supportbot.testing.fake_slack.workspace import Workspace

Method = Callable[[Workspace, Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace as the Web API sees it."""

    workspace: Workspace
    rates: Rates
    #: Methods besides those that every workspace has.
    methods: Mapping[str, Method] = field(default_factory=dict)
    scopes: Scopes = field(default_factory=Scopes)


@dataclass(slots=True)
class Access:
    """A token, by what it opens."""

    #: Whose bot it is; None: the app-level token.
    tenant: Tenant | None
    #: The error that it is refused with, once it is no good any more.
    refused: str | None = None
    #: It ends by itself, and a refresh token buys the next one.
    rotates: bool = False
    #: It opens all workspaces of the tenant's organisation.
    whole_org: bool = False

    def opens(self, workspace: Workspace) -> bool:
        """Tell whether it is good for a workspace."""
        own = self.tenant.workspace if self.tenant else None
        if own is None:
            return False
        org = self.whole_org and own.enterprise == workspace.enterprise
        return org or own is workspace


@dataclass(slots=True)
class Tokens:
    """All tokens of the app."""

    known: dict[str, Access] = field(default_factory=dict)
    tenants: list[Tenant] = field(default_factory=list)

    def of(self, tenant: Tenant) -> list[Access]:
        """Return the tokens of one workspace."""
        return [access for access in self.known.values() if access.opens(tenant.workspace)]

    def meant(self, access: Access, arguments: Mapping[str, Any]) -> Tenant | None:
        """Return the workspace that a call is about: a token of an organisation opens several."""
        if not access.whole_org:
            return access.tenant
        names = {arguments.get(name) for name in ("channel", "channel_id", "user", "users", "file")}
        for tenant in self.tenants:
            place = tenant.workspace
            if access.opens(place) and not names.isdisjoint(place.channels.keys() | place.users):
                return tenant
        return access.tenant

    def strayed(self, tenant: Tenant, arguments: Mapping[str, Any]) -> str | None:
        """Tell whether a call with one workspace's token names a channel of another one."""
        channel = arguments.get("channel") or arguments.get("channel_id")
        for other in self.tenants:
            if channel in other.workspace.channels and channel not in tenant.workspace.channels:
                return f"a token of {tenant.workspace.team} on {channel} of {other.workspace.team}"
        return None
