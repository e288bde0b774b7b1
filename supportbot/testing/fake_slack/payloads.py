"""Events and interactions as Slack writes them. Pure.

https://docs.slack.dev/apis/events-api and https://docs.slack.dev/interactivity
"""

from __future__ import annotations

from typing import Any

from supportbot.testing.fake_slack.workspace import (
    APP,
    FakeChannel,
    FakeMessage,
    FakeUser,
    Workspace,
)

Payload = dict[str, Any]


def envelope(event: Payload, event_id: str, at_seconds: int, workspace: Workspace) -> Payload:
    """Wrap an event as the Events API does for the installation in a workspace."""
    item = event.get("item")
    on = item if isinstance(item, dict) else {}  # a test may emit what Slack would not
    place = str(event.get("channel") or on.get("channel"))
    seen_by = workspace.authorized.get(place, workspace)
    whole = seen_by.whole_org
    own = {"team_id": None if whole else seen_by.team, "user_id": seen_by.bot_user}
    org = {"enterprise_id": seen_by.enterprise or None, "is_enterprise_install": whole}
    return {
        "token": "deprecated",
        "team_id": workspace.team,
        "api_app_id": APP,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": at_seconds,
        "event": event,
        "is_ext_shared_channel": place in workspace.partners,
        "authorizations": [{**org, **own, "is_bot": True}],
    }


def subscription(event: Payload) -> str:
    """Name what an app subscribes to in order to hear an event, such as `message.channels`."""
    ending = {"channel": "channels", "group": "groups"}
    kind = str(event.get("channel_type"))
    name = str(event["type"])
    return f"{name}.{ending.get(kind, kind)}" if name == "message" else name


def message_event(message: FakeMessage, channel: FakeChannel) -> Payload:
    """Return the `message` event of a new message."""
    event = message.as_json() | _place(channel, message.ts)
    return event | ({"subtype": "file_share"} if message.files else {})


def mention_event(message: FakeMessage) -> Payload:
    """Return the `app_mention` event that follows the `message` event of a mention."""
    event = message.as_json()
    return event | {"type": "app_mention", "channel": message.channel, "event_ts": message.ts}


def changed_event(
    message: FakeMessage, channel: FakeChannel, before: Payload, event_ts: str
) -> Payload:
    """Return the event of an edit."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "ts": event_ts,
        "message": message.as_json(),
        "previous_message": before,
        **_place(channel, event_ts),
    }


def taken_back(workspace: Workspace, message: FakeMessage) -> Payload:
    """Remove a message, and return the event that tells of it.

    Of a message with replies a tombstone stays, and the event is one of an edit.
    """
    channel, before, ts = (
        workspace.channels[message.channel],
        message.as_json(),
        workspace.next_ts(),
    )
    if workspace.take_back(message):
        return changed_event(message, channel, before, ts)
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "ts": ts,
        "deleted_ts": message.ts,
        "previous_message": before,
        **_place(channel, ts),
    }


def session_stopped(
    message: FakeMessage, user: FakeUser, streams: list[str], event_ts: str
) -> Payload:
    """Return the event of the stop button: https://docs.slack.dev/reference/events/agent_session_stopped."""
    return {
        "type": "agent_session_stopped",
        "channel": message.channel,
        "thread_ts": message.root,
        "user": user.id,
        "streaming_message_ts": streams,
        "event_ts": event_ts,
    }


def block_actions(
    message: FakeMessage,
    user: FakeUser,
    action: Payload,
    trigger: str,
    workspace: Workspace | None = None,
) -> Payload:
    """Return the interaction of a press on a button; `workspace` tells its organisation."""
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": False,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    return {
        "type": "block_actions",
        "team": {"id": user.team, "domain": "fake"},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": "deprecated",
        "container": container,
        "trigger_id": trigger,
        "channel": {"id": message.channel, "name": "channel"},
        "message": message.as_json(),
        "actions": [action],
        **(workspace.organisation() if workspace else {}),
    }


def pressed(message: FakeMessage, action_id: str, *, positive: bool, action_ts: str) -> Payload:
    """Return the action of an element of a message; `positive` picks a feedback button.

    Raises:
        LookupError: the message has no such element.
    """
    return pressed_in(message.blocks, action_id, action_ts=action_ts, positive=positive)


def pressed_in(
    blocks: list[Payload], action_id: str, *, action_ts: str, positive: bool = True
) -> Payload:
    """Return the action of an element of these blocks.

    Raises:
        LookupError: they have no such element.
    """
    for block in blocks:
        elements = [*(block.get("elements") or ()), block.get("accessory") or {}]
        for element in elements:
            if element.get("action_id") == action_id:
                return _action(block, element, positive=positive) | {"action_ts": action_ts}
    raise LookupError(f"there is no element {action_id!r}")


def _action(block: Payload, element: Payload, *, positive: bool) -> Payload:
    button = element
    if element["type"] == "feedback_buttons":
        button = element["positive_button" if positive else "negative_button"]
    return {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block.get("block_id"),
        "text": button.get("text"),
        "value": button.get("value"),
    }


def _place(channel: FakeChannel, event_ts: str) -> Payload:
    return {"channel": channel.id, "channel_type": channel.type, "event_ts": event_ts}
