"""What a press on one of our buttons means. Pure.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.keys import (
    ASK_ACTION,
    ASK_FORM,
    ESCALATE_ACTION,
    FEEDBACK_ACTION,
    message_key,
)
from supportbot.channels.slack.people import author
from supportbot.channels.slack.scene import Scene
from supportbot.errors import Unparsable
from supportbot.model.inbound import Action, ActionKind, Heard, Ignored, Sender
from supportbot.model.time import to_ms

Payload = Mapping[str, Any]


def parse_actions(payload: Payload, own: Identity) -> Heard:
    """Understand a `block_actions` payload; the first action counts (Slack sends one).

    Raises:
        Unparsable: one of our buttons, but not on a message or without a user.
    """
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    action: Payload = first if isinstance(first, dict) else {}
    name, value = action.get("action_id"), str(action.get("value") or "")
    if name == ESCALATE_ACTION:
        return _pressed(ActionKind.ESCALATE, payload, own, value)
    if str(name).startswith(f"{ASK_ACTION}:"):
        return Ignored(ASK_FORM)
    vote, _, delivery_key = value.partition("|")
    if name == FEEDBACK_ACTION and vote in {"1", "-1"}:
        return _pressed(ActionKind.FEEDBACK, payload, own, delivery_key, int(vote))
    return Ignored(f"slack action: {str(name)[:100]}")


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
        sender=Sender(external_id=person.external_id, account=person.account),
        thread_keys=(message_key(own.team, channel, root),),
        pressed_at=_moment(event.get("event_ts")),
    )


def _moment(ts: object) -> datetime | None:
    try:
        return to_ms(datetime.fromtimestamp(float(str(ts)), UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _pressed(
    kind: ActionKind, payload: Payload, own: Identity, delivery_key: str, value: int | None = None
) -> Action:
    container, user = _part(payload, "container"), _part(payload, "user")
    channel = container.get("channel_id") or _part(payload, "channel").get("id")
    ts = container.get("message_ts")
    root = container.get("thread_ts") or _part(payload, "message").get("thread_ts") or ts
    if not (channel and root and user.get("id")):
        raise Unparsable("the Slack button names no message or no user")
    team = user.get("team_id") or own.team
    return Action(
        kind=kind,
        sender=Sender(
            external_id=f"{team}:{user['id']}",
            name=str(user.get("name") or user.get("username") or ""),
            account=f"slack:{team}",
        ),
        thread_keys=(message_key(own.team, channel, root),),
        delivery_key=delivery_key or None,
        value=value,
    )


def _part(payload: Payload, name: str) -> Payload:
    value = payload.get(name)
    return value if isinstance(value, dict) else {}
