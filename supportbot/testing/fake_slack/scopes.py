"""What a bot was allowed when its app was installed; methods are refused without their scope.

https://docs.slack.dev/reference/scopes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supportbot.testing.fake_slack.workspace import ApiRefusal, Workspace

#: The scope of each method that needs one. Those that read a conversation need that of its kind.
METHOD_SCOPES: Mapping[str, str] = {
    "agents.sessions.setStatus": "assistant:write",
    "assistant.threads.setStatus": "assistant:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "assistant.threads.setTitle": "assistant:write",
    "chat.appendStream": "chat:write",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.startStream": "chat:write",
    "chat.stopStream": "chat:write",
    "chat.update": "chat:write",
    "conversations.join": "channels:join",
    "conversations.open": "im:write",
    "reactions.add": "reactions:write",
    "reactions.remove": "reactions:write",
    "usergroups.users.list": "usergroups:read",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
}
#: Kind of conversation → what begins the scopes that read it.
_KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
_READING = {
    "conversations.history": "history",
    "conversations.info": "read",
    "conversations.members": "read",
    "conversations.replies": "history",
}


@dataclass(slots=True)
class Scopes:
    """The scopes of the bot; None: all that there are."""

    granted: frozenset[str] | None = None

    def check(self, workspace: Workspace, method: str, args: Mapping[str, Any]) -> None:
        """Refuse a call for which the scope is missing.

        Raises:
            ApiRefusal: `missing_scope`.
        """
        needed = METHOD_SCOPES.get(method)
        if method in _READING:
            channel = workspace.channels.get(str(args.get("channel")))
            needed = f"{_KINDS[channel.type]}:{_READING[method]}" if channel else None
        if needed is not None and self.granted is not None and needed not in self.granted:
            raise ApiRefusal("missing_scope")

    def header(self) -> dict[str, str]:
        """Return the header that tells a bot's scopes, in every answer to it."""
        if self.granted is None:
            return {}
        return {"x-oauth-scopes": ",".join(sorted(self.granted))}
