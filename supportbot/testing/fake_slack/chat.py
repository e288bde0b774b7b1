"""The methods that write: `chat.*`, reactions and the status line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supportbot.testing.fake_slack import checks, payloads, streams
from supportbot.testing.fake_slack.workspace import (
    APP,
    ApiRefusal,
    FakeMessage,
    Workspace,
)

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


def post_message(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.postMessage."""
    message = _new_message(workspace, args)
    workspace.add(message)
    # "The status will be automatically cleared when the app sends a reply."
    workspace.statuses.pop(f"{message.channel}:{message.root}", None)
    workspace.announce(payloads.message_event(message, workspace.channels[message.channel]))
    return {"channel": message.channel, "ts": message.ts, "message": message.as_json()}


def post_ephemeral(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral.

    Below a message without replies Slack takes it, and shows it to nobody: a violation.
    """
    message, user = _new_message(workspace, args), str(args.get("user"))
    if user not in workspace.channels[message.channel].members:
        raise ApiRefusal("user_not_in_channel")
    if message.thread_ts and len(workspace.thread(message.channel, message.thread_ts)) == 1:
        workspace.violations.append(f"nobody sees what {user} is told in an empty thread")
    workspace.ephemerals.append((user, message))
    return {"message_ts": message.ts}


def update(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.update."""
    message = _own_message(workspace, args, "cant_update_message")
    streams.check_closed(workspace, message, "streaming_state_conflict")
    checks.check_content(workspace, args, max_text_chars=checks.MAX_UPDATE_TEXT_CHARS)
    before = message.as_json()
    message.text = args.get("text") or args.get("markdown_text") or ""
    # Without blocks the old ones go: an update with text only loses its buttons.
    message.blocks = checks.with_ids(args.get("blocks") or [])
    message.metadata = args.get("metadata") or message.metadata
    channel = workspace.channels[message.channel]
    workspace.announce(payloads.changed_event(message, channel, before, workspace.next_ts()))
    return {"channel": message.channel, "ts": message.ts, "text": message.text}


def delete(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.delete."""
    message = _own_message(workspace, args, "cant_delete_message")
    streams.check_closed(workspace, message, "cant_delete_message")
    workspace.announce(payloads.taken_back(workspace, message))
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.getPermalink."""
    message = _message(workspace, args, "message_ts")
    place = f"{message.channel}/p{message.ts.replace('.', '')}"
    return {"channel": message.channel, "permalink": f"https://fake.slack.test/archives/{place}"}


def add_reaction(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/reactions.add."""
    users = _message(workspace, args, "timestamp").reactions.setdefault(str(args.get("name")), [])
    if workspace.bot_user in users:
        raise ApiRefusal("already_reacted")
    users.append(workspace.bot_user)
    return {}


def remove_reaction(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/reactions.remove."""
    users = _message(workspace, args, "timestamp").reactions.get(str(args.get("name")), [])
    if workspace.bot_user not in users:
        raise ApiRefusal("no_reaction")
    users.remove(workspace.bot_user)
    return {}


def set_status(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/assistant.threads.setStatus."""
    channel = workspace.channel(str(args.get("channel_id")))
    checks.check_may_post(channel)
    if not args.get("thread_ts"):
        checks.refuse(workspace, "invalid_arguments", "a status without thread_ts")
    checks.check_thread(workspace, channel, args.get("thread_ts"))
    workspace.statuses[f"{channel.id}:{args.get('thread_ts')}"] = str(args.get("status") or "")
    return {}


def _new_message(workspace: Workspace, args: Arguments) -> FakeMessage:
    place = str(args.get("channel"))
    # Whoever names a person means their direct messages.
    person = workspace.users.get(place)
    channel = workspace.direct_channel(person) if person else workspace.channel(place)
    checks.check_may_post(channel)
    checks.check_content(workspace, args, max_text_chars=checks.MAX_TEXT_CHARS)
    checks.check_thread(workspace, channel, args.get("thread_ts"))
    return FakeMessage(
        channel=channel.id,
        ts=workspace.next_ts(),
        user=workspace.bot_user,
        bot_id=workspace.bot,
        app_id=APP,
        team=workspace.team,
        text=args.get("text") or args.get("markdown_text") or "",
        thread_ts=args.get("thread_ts") or None,
        blocks=checks.with_ids(args.get("blocks") or []),
        metadata=args.get("metadata"),
    )


def _message(workspace: Workspace, args: Arguments, name: str) -> FakeMessage:
    channel = workspace.channel(str(args.get("channel")))
    message = workspace.find(channel.id, str(args.get(name)))
    if message is None:
        raise ApiRefusal("message_not_found")
    return message


def _own_message(workspace: Workspace, args: Arguments, refusal: str) -> FakeMessage:
    message = _message(workspace, args, "ts")
    if message.user != workspace.bot_user:
        raise ApiRefusal(refusal)
    return message
