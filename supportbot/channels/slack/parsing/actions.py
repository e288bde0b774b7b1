"""What a press on one of our buttons, or a form that was filled in, means. Pure.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from supportbot.channels.slack.forms import filled_in
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.keys import ASK_ACTION, ASK_FORM, action_kind, message_key
from supportbot.channels.slack.parsing.people import author, ends_with, person_of
from supportbot.channels.slack.parsing.scene import Scene
from supportbot.errors import Unparsable
from supportbot.model.inbound import Action, ActionKind, Heard, Ignored, Sender
from supportbot.model.time import to_ms

Payload = Mapping[str, Any]

#: Kinds whose button carries a number before the delivery's key.
_VALUES = {
    ActionKind.FEEDBACK: frozenset({"1", "-1"}),
    ActionKind.SCORE: frozenset({"1", "2", "3", "4", "5"}),
}


def parse_actions(payload: Payload, own: Identity) -> Heard:
    """Understand a `block_actions` payload; the first action counts (Slack sends one).

    Raises:
        Unparsable: one of our buttons, but not on a message or without a user.
    """
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    action: Payload = first if isinstance(first, dict) else {}
    name, value = str(action.get("action_id")), str(action.get("value") or "")
    if name.startswith(f"{ASK_ACTION}:"):
        return Ignored(ASK_FORM)
    kind = action_kind(name)
    number, _, key = value.partition("|") if kind in _VALUES else ("", "", value)
    if kind is None or (kind in _VALUES and number not in _VALUES[kind]):
        return Ignored(f"slack action: {name[:100]}")
    return Action(
        kind=kind,
        sender=_presser(payload, own),
        thread_keys=(_thread_key(payload, own),),
        delivery_key=key or None,
        value=int(number) if number else None,
    )


def parse_stop(event: Payload, scene: Scene) -> Heard:
    """Understand a press on the stop button of a session.

    https://docs.slack.dev/reference/events/agent_session_stopped
    """
    own, person = scene.own, author(event, scene.own)
    channel, root = event.get("channel"), event.get("thread_ts")
    if not (channel and root and person):
        return Ignored("agent_session_stopped")
    return Action(
        kind=ActionKind.STOP,
        sender=person.sender(),
        thread_keys=(message_key(own.team, channel, root),),
        ends_with=ends_with(event, person),
        pressed_at=_moment(event.get("event_ts")),
    )


def _moment(ts: object) -> datetime | None:
    try:
        return to_ms(datetime.fromtimestamp(float(str(ts)), UTC))
    except (ValueError, OverflowError, OSError):
        return None


def parse_submission(payload: Payload, own: Identity) -> Heard:
    """Understand a `view_submission` payload.

    Raises:
        Unparsable: one of our forms, but without what was filled in or without a user.
    """
    filled = filled_in(_part(payload, "view"))
    if filled is None:
        return Ignored(f"slack view: {str(_part(payload, 'view').get('callback_id'))[:100]}")
    return Action(
        kind=filled.kind,
        sender=_presser(payload, own),
        thread_keys=(),
        delivery_key=filled.delivery_key,
        text=filled.text,
    )


def _presser(payload: Payload, own: Identity) -> Sender:
    user, person = _part(payload, "user"), person_of(payload, own)
    if person is None:
        raise Unparsable("the Slack interaction names no user")
    return person.sender(str(user.get("name") or user.get("username") or ""))


def _thread_key(payload: Payload, own: Identity) -> str:
    container = _part(payload, "container")
    channel = container.get("channel_id") or _part(payload, "channel").get("id")
    ts = container.get("message_ts")
    root = container.get("thread_ts") or _part(payload, "message").get("thread_ts") or ts
    if not (channel and root):
        raise Unparsable("the Slack button stands on no message")
    return message_key(own.team, channel, root)


def _part(payload: Payload, name: str) -> Payload:
    value = payload.get(name)
    return value if isinstance(value, dict) else {}
