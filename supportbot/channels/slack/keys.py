"""The names of Slack things: unique keys of what arrives, and of messages and threads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from supportbot.model.inbound import ActionKind

#: Subtypes of a message that somebody wrote; everything else is news about the channel. Compared
#: and never hashed: what arrives in their place may be of any type.
SPOKEN_SUBTYPES = (None, "", "bot_message", "file_share", "me_message", "thread_broadcast")

_ACTION_PREFIX = "supportbot_"
ASK_SHORTCUT = "supportbot_ask"
ASK_ACTION = "supportbot_ask"
ASK_FORM = "supportbot_ask_form"
DELIVERY_EVENT = "supportbot_delivery"


def action_id(kind: ActionKind) -> str:
    """Name the button for an action, such as `supportbot_escalate`; stable, as people press late.

    The five buttons of a score each have their number behind it.
    """
    return f"{_ACTION_PREFIX}{kind}"


def action_kind(name: str) -> ActionKind | None:
    """Return the action of one of our buttons; None: it is none of ours."""
    bare = name.removeprefix(_ACTION_PREFIX)
    known = {kind.value: kind for kind in ActionKind}
    return known.get(bare.rstrip("0123456789_")) if bare != name else None


def message_key(team: str, channel: object, ts: object) -> str:
    """Name a message; the key of a thread is that of its first message."""
    return f"{team}:{channel}:{ts}"


def inbound_keys(payload: Mapping[str, Any], raw: bytes, team: str) -> tuple[str, ...]:
    """Return the unique keys of a payload; never empty.

    An event has its `event_id` (the same on a redelivery), and a person's message its place as
    well, because a mention arrives twice: as `message` and as `app_mention`, with two event ids.
    """
    keys = (
        *_event_keys(payload, team),
        *_action_keys(payload),
        *_shortcut_keys(payload),
        *_form_keys(payload),
    )
    if keys:
        return keys
    if payload.get("trigger_id"):
        return (f"trigger:{payload['trigger_id']}",)
    return (f"sha256:{hashlib.sha256(raw).hexdigest()}",)


def _event_keys(payload: Mapping[str, Any], team: str) -> tuple[str, ...]:
    keys = (str(payload["event_id"]),) if payload.get("event_id") else ()
    event = payload.get("event")
    if not isinstance(event, dict) or not is_message(event):
        return keys
    return (*keys, message_key(team, event["channel"], event["ts"]))


def is_message(event: Mapping[str, Any]) -> bool:
    """Tell a person's (or bot's) own words from news about a message or a channel."""
    return (
        event.get("type") in ("message", "app_mention")
        and event.get("subtype") in SPOKEN_SUBTYPES
        and isinstance(event.get("channel"), str)
        and isinstance(event.get("ts"), str)
    )


def _action_keys(payload: Mapping[str, Any]) -> tuple[str, ...]:
    if payload.get("type") != "block_actions":
        return ()
    user, actions = payload.get("user"), payload.get("actions")
    name = user.get("id") if isinstance(user, dict) else None
    return tuple(
        f"action:{action.get('action_ts')}:{name}:{action.get('action_id')}"
        for action in (actions if isinstance(actions, list) else ())
        if isinstance(action, dict)
    )


def _shortcut_keys(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Name a shortcut by who chose it on which message, and when: it may be chosen again."""
    message, user = payload.get("message"), payload.get("user")
    channel = payload.get("channel")
    if payload.get("type") != "message_action" or not (
        isinstance(message, dict) and isinstance(user, dict) and isinstance(channel, dict)
    ):
        return ()
    place = f"{channel.get('id')}:{message.get('ts')}"
    chosen = payload.get("action_ts") or payload.get("trigger_id")
    return (f"shortcut:{payload.get('callback_id')}:{place}:{user.get('id')}:{chosen}",)


def _form_keys(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Name a question's form by what it says: sent off twice, it is asked once.

    One that came back blank stays open, and is the same form when it says something.
    """
    view = payload.get("view")
    if payload.get("type") != "view_submission" or not isinstance(view, dict):
        return ()
    if view.get("callback_id") != ASK_FORM or not view.get("id"):
        return ()
    filled = json.dumps(view.get("state"), sort_keys=True).encode("utf-8", "replace")
    return (f"form:{view['id']}:{hashlib.sha256(filled).hexdigest()}",)
