"""Which installation of the app a payload was sent to. Pure.

https://docs.slack.dev/apis/events-api#authorizations: `authorizations[0]` is who we are where it
happened. In a channel that is shared with another company, who did it may belong to a workspace
that does not have the app; so may `team` of an interaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something happened, as the payload tells."""

    #: Ids of workspaces, the likeliest first.
    teams: tuple[str, ...] = ()
    #: Id of the organisation that the workspace belongs to.
    enterprise: str = ""
    #: The organisation installed the app, for all of its workspaces.
    whole_org: bool = False
    #: Slack says itself whose bot was told, and nothing was guessed.
    sure: bool = False

    def owners(self) -> tuple[str, ...]:
        """Return who may have installed the app there, the likeliest one first."""
        org = (self.enterprise,) if self.enterprise else ()
        return (*org, *self.teams) if self.whole_org else (*self.teams, *org)


def origin_of(payload: Payload) -> Origin:
    """Return where a payload comes from; it names nothing where nothing can be read."""
    told = payload.get("authorizations")
    first = told[0] if isinstance(told, list) and told else None
    if isinstance(first, dict):
        sure = first.get("team_id") or payload.get("team_id")
        return replace(_origin(first, [sure]), sure=bool(first.get("team_id")))
    return _origin(payload, _teams(payload))


def _origin(told: Payload, teams: Iterable[object]) -> Origin:
    enterprise = told.get("enterprise_id") or _part(told, "enterprise").get("id")
    named = dict.fromkeys(team for team in teams if isinstance(team, str) and team)
    return Origin(
        teams=tuple(named),
        enterprise=enterprise if isinstance(enterprise, str) else "",
        whole_org=told.get("is_enterprise_install") in (True, "true"),
    )


def _teams(payload: Payload) -> Iterable[object]:
    """Return what may be ids of workspaces, where no authorization tells."""
    team, pressed = payload.get("team"), payload.get("type") == "block_actions"
    return (
        # A button is on a message of ours, and a form was opened by us.
        _part(payload, "message").get("team") if pressed else None,
        _part(payload, "view").get("app_installed_team_id"),
        team.get("id") if isinstance(team, dict) else team,
        payload.get("team_id"),
        _part(payload, "user").get("team_id"),
    )


def _part(payload: Payload, name: str) -> Payload:
    value = payload.get(name)
    return value if isinstance(value, dict) else {}
