"""What a reaction on a message means: a check mark on the first message ends its thread. Pure.

https://docs.slack.dev/reference/events/reaction_added
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supportbot.channels.slack.keys import message_key
from supportbot.channels.slack.parsing.people import author, ends_with
from supportbot.channels.slack.parsing.scene import Scene
from supportbot.model.inbound import Action, ActionKind, Heard, Ignored

RESOLVING = ("white_check_mark", "heavy_check_mark")


def parse_reaction(event: Mapping[str, Any], scene: Scene) -> Heard:
    """Understand `reaction_added`. Only the first message of a thread names a ticket.

    To take a reaction away means nothing: a ticket opens again when somebody writes.
    """
    if event.get("reaction") not in RESOLVING:
        return Ignored("reaction")
    own = scene.own
    item, person = event.get("item"), author(event, own)
    if not isinstance(item, dict) or person is None or item.get("type") != "message":
        return Ignored("reaction_elsewhere")
    if person.user == own.bot_user:
        return Ignored("own_message")
    return Action(
        kind=ActionKind.RESOLVE,
        sender=person.sender(),
        thread_keys=(message_key(own.team, item.get("channel"), item.get("ts")),),
        on=f"{item.get('channel')}:{item.get('ts')}",
        ends_with=ends_with(event, person),
    )
