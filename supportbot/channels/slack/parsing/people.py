"""Who is behind a payload. Pure.

https://docs.slack.dev/reference/events and https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supportbot.channels.slack.forms import place_of_form
from supportbot.channels.slack.identity import Identity
from supportbot.model.inbound import Sender

Payload = Mapping[str, Any]

#: Where an event of the kind `message` keeps what was changed or deleted.
_INNER = ("message", "previous_message")


@dataclass(frozen=True, slots=True)
class Person:
    """A user, and the team that they belong to: in a shared channel it may not be ours."""

    user: str
    team: str

    @property
    def external_id(self) -> str:
        """How they are known as a customer."""
        return f"{self.team}:{self.user}"

    @property
    def without_team(self) -> str:
        """What their id ends with, whichever team they belong to."""
        return f":{self.user}"

    def sender(self, name: str = "") -> Sender:
        """Return them as a sender, with the key of the company behind them."""
        return Sender(self.external_id, name, account=f"slack:{self.team}")


def direct_key(person: Person) -> str:
    """Name what a person says in direct messages in turn; where that is need not be known."""
    return f"dm:{person.external_id}"


def person_of(payload: Payload, own: Identity) -> Person | None:
    """Return who wrote, reacted, pressed or typed a command; None where nobody is named."""
    event = payload.get("event")
    if isinstance(event, dict):
        thread = event.get("assistant_thread")
        if isinstance(thread, dict):
            return _named(thread.get("user_id"), None, own)
        inner = [event[name] for name in _INNER if isinstance(event.get(name), dict)]
        return next(filter(None, (author(part, own) for part in (event, *inner))), None)
    user = payload.get("user")
    if isinstance(user, dict):
        return _named(user.get("id"), user.get("team_id"), own)
    return _named(payload.get("user_id"), payload.get("team_id"), own)


def place_of(payload: Payload) -> str | None:
    """Return the id of the channel in which it was done."""
    event = payload.get("event")
    event = event if isinstance(event, dict) else {}
    item, container, view = event.get("item"), payload.get("container"), payload.get("view")
    places = (
        event.get("channel"),
        item.get("channel") if isinstance(item, dict) else None,
        container.get("channel_id") if isinstance(container, dict) else None,
        place_of_form(view).get("channel") if isinstance(view, dict) else None,
    )
    return next((place for place in places if isinstance(place, str)), None)


def author(part: Payload, own: Identity) -> Person | None:
    """Return whom an event or a message names as its user."""
    # In a channel shared with another company the author's team is not ours.
    return _named(part.get("user"), _team(part), own)


def ends_with(event: Payload, person: Person) -> str | None:
    """Return what is certain of somebody's id where the event names no team; None: all of it is.

    Reactions and presses on "stop" come without one, also from people of another company.
    """
    return None if _team(event) else person.without_team


def is_of_any_team(payload: Payload) -> bool:
    """Tell whether somebody acted where companies meet, and the event names no team of theirs."""
    event = payload.get("event")
    shared = payload.get("is_ext_shared_channel") is True
    return shared and isinstance(event, dict) and bool(event.get("user")) and not _team(event)


def _team(part: Payload) -> Any:
    return part.get("user_team") or part.get("team")


def _named(user: object, team: object, own: Identity) -> Person | None:
    if not isinstance(user, str) or not user:
        return None
    return Person(user, team if isinstance(team, str) and team else own.team)
