"""A name that was looked up arrives like everything else, as an inbound row. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from supportbot.channels.slack.parsing.people import Person
from supportbot.errors import Unparsable
from supportbot.model.inbound import Introduced

#: The type of such a payload; Slack has none of this name.
PROFILE = "supportbot_profile"


def profile_payload(person: Person, name: str, at: datetime) -> tuple[str, bytes]:
    """Return the key and the bytes of what was looked up; the key does not tell the name.

    It names the moment: who goes back to an earlier name is called so again.
    """
    payload = {"type": PROFILE, "user": person.user, "team": person.team, "name": name}
    raw = json.dumps(payload, sort_keys=True).encode()
    return f"profile:{person.external_id}:{at.timestamp():.3f}", raw


def parse_profile(payload: Mapping[str, Any]) -> Introduced:
    """Understand what `profile_payload` made.

    Raises:
        Unparsable: it names no user.
    """
    user, team, name = (payload.get(part) for part in ("user", "team", "name"))
    if not (isinstance(user, str) and isinstance(team, str) and isinstance(name, str)):
        raise Unparsable("the Slack profile names no user")
    person = Person(user, team)
    return Introduced(person.sender(name))
