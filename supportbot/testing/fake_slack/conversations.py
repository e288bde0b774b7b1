"""The methods that read: `auth.test`, `conversations.*` and `users.info`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supportbot.testing.fake_slack.workspace import (
    APP,
    ApiRefusal,
    FakeMessage,
    Workspace,
)

Arguments = Mapping[str, Any]
Answer = dict[str, Any]

_DEFAULT_LIMIT = 100
_MAX_LIMIT = 999


def auth_test(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/auth.test."""
    del args
    return {
        "url": f"https://{workspace.name.lower()}.slack.test/",
        "team": workspace.name,
        "team_id": workspace.team,
        "user": "supportbot",
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot,
        "app_id": APP,
    }


def info(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/conversations.info."""
    return {"channel": workspace.channel(str(args.get("channel"))).as_json()}


def members(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/conversations.members, in pages of `limit`."""
    channel = workspace.channel(str(args.get("channel")))
    everybody = sorted(channel.members)
    start, limit = int(str(args.get("cursor") or 0)), int(str(args.get("limit") or 100))
    rest = start + limit
    cursor = str(rest) if rest < len(everybody) else ""
    return {
        "members": everybody[start:rest],
        "response_metadata": {"next_cursor": cursor},
    }


def open_direct(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/conversations.open, for one user."""
    user = workspace.user(str(args.get("users")))
    return {"channel": workspace.direct_channel(user).as_json()}


def join(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/conversations.join."""
    channel = workspace.channel(str(args.get("channel")))
    if channel.type != "channel":
        raise ApiRefusal("method_not_supported_for_channel_type")
    channel.members.add(workspace.bot_user)
    return {"channel": channel.as_json()}


def replies(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/conversations.replies, oldest first."""
    channel = workspace.channel(str(args.get("channel")))
    found = workspace.find(channel.id, str(args.get("ts")))
    if found is None:
        raise ApiRefusal("thread_not_found")
    return _page(workspace.thread(channel.id, found.root), args)


def history(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/conversations.history, newest first."""
    channel = workspace.channel(str(args.get("channel")))
    roots = [m for m in workspace.messages if m.channel == channel.id and m.root == m.ts]
    return _page(roots[::-1], args)


def user_info(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/users.info."""
    return {"user": workspace.user(str(args.get("user"))).as_json()}


def user_by_email(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/users.lookupByEmail."""
    wanted = args.get("email")
    for user in workspace.users.values():
        if user.email is not None and user.email == wanted:
            return {"user": user.as_json()}
    raise ApiRefusal("users_not_found")


def _page(messages: list[FakeMessage], args: Arguments) -> Answer:
    start = int(args.get("cursor") or 0)
    end = start + min(int(args.get("limit") or _DEFAULT_LIMIT), _MAX_LIMIT)
    with_metadata = str(args.get("include_all_metadata")).lower() in {"1", "true"}
    more = end < len(messages)
    return {
        "messages": [m.as_json(with_metadata=with_metadata) for m in messages[start:end]],
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }
