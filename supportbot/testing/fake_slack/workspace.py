"""What a workspace holds: people, channels and messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TEAM = "T0FAKE0001"
APP = "A0FAKE0001"
BOT_USER = "U0FAKEBOT1"
BOT = "B0FAKE0001"


class ApiRefusal(Exception):
    """An answer with `ok: false`; `code` is Slack's error such as `channel_not_found`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(slots=True)
class FakeUser:
    """A member of the workspace."""

    id: str
    name: str
    team: str = TEAM
    is_bot: bool = False
    #: Empty: the same as `name`.
    real_name: str = ""
    email: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the object of `users.info`, for an app with the scope `users:read.email`."""
        name = self.real_name or self.name
        mail = {"email": self.email} if self.email else {}
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": name,
            "is_bot": self.is_bot,
            "deleted": False,
            "profile": {"display_name": name, "real_name": name, **mail},
        }


@dataclass(slots=True)
class FakeChannel:
    """A conversation: a channel, public or private, or a direct one of two or more."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    #: `channel_type` of events: `channel`, `group` (private), `im` or `mpim`.
    type: str = "channel"
    is_archived: bool = False
    #: Shared with another company.
    is_ext_shared: bool = False
    #: Who the app is there.
    bot_user: str = BOT_USER

    @property
    def is_im(self) -> bool:
        """Whether it is a direct conversation of two."""
        return self.type == "im"

    def as_json(self) -> dict[str, Any]:
        """Return the object of `conversations.info`."""
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": self.type == "channel",
            "is_group": self.type == "group",
            "is_im": self.is_im,
            "is_mpim": self.type == "mpim",
            "is_private": self.type != "channel",
            "is_ext_shared": self.is_ext_shared,
            "is_archived": self.is_archived,
            "is_member": self.bot_user in self.members,
        }


@dataclass(slots=True)
class FakeMessage:
    """A message as the workspace keeps it; `ts` is its name within the channel."""

    channel: str
    ts: str
    user: str
    text: str
    #: Set for replies, and for a first message once it has one.
    thread_ts: str | None = None
    #: The team of an author from another company, in a shared channel.
    user_team: str | None = None
    bot_id: str | None = None
    #: The app that wrote it, and its team.
    app_id: str | None = None
    team: str = TEAM
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    edited: bool = False
    #: Taken back, but it stays for the replies below it.
    is_tombstone: bool = False
    #: Streamed messages: `in_progress` or `completed`.
    streaming_state: str | None = None
    #: Emoji name → users.
    reactions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The ts of the first message of its thread (its own if it opens one)."""
        return self.thread_ts or self.ts

    @property
    def markdown(self) -> str:
        """The text of its markdown blocks, else its plain text: what people see."""
        blocks = [block["text"] for block in self.blocks if block.get("type") == "markdown"]
        return "\n".join(blocks) or self.text

    def as_json(self, *, with_metadata: bool = False) -> dict[str, Any]:
        """Return the message object of histories and events."""
        shown: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "text": self.text,
            "ts": self.ts,
            "team": self.team,
        }
        optional = {
            "thread_ts": self.thread_ts,
            "user_team": self.user_team,
            "source_team": self.user_team,
            "blocks": self.blocks,
            "files": self.files,
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "streaming_state": self.streaming_state,
            "edited": {"user": self.user, "ts": self.ts} if self.edited else None,
            "metadata": self.metadata if with_metadata else None,
            "reactions": [
                {"name": name, "users": users, "count": len(users)}
                for name, users in self.reactions.items()
            ],
        }
        if self.is_tombstone:
            shown |= {"subtype": "tombstone", "hidden": True, "user": "USLACKBOT"}
        return shown | {name: value for name, value in optional.items() if value}


@dataclass(slots=True)
class FakeStream:
    """A message that grows, or has grown."""

    message: FakeMessage
    #: By the monotonic clock.
    started_seconds: float
    appends: int = 0
    #: How its text comes: `markdown_text` or `chunks`.
    mode: str | None = None
    #: Once it is closed, the error that more text is refused with.
    closed: str | None = None


@dataclass(slots=True)
class Workspace:
    """All state; `announce` tells whoever listens that an event happened."""

    team: str = TEAM
    name: str = "Fake"
    #: Who the app is here.
    bot_user: str = BOT_USER
    bot: str = BOT
    #: Id of the organisation that it belongs to, and whether that has the app for all of its own.
    enterprise: str = ""
    whole_org: bool = False
    users: dict[str, FakeUser] = field(default_factory=dict)
    channels: dict[str, FakeChannel] = field(default_factory=dict)
    messages: list[FakeMessage] = field(default_factory=list)
    #: What only one user sees: (user, message).
    ephemerals: list[tuple[str, FakeMessage]] = field(default_factory=list)
    #: Thread key `channel:thread_ts` → the status line shown there.
    statuses: dict[str, str] = field(default_factory=dict)
    #: What a real workspace would have refused or complained about.
    violations: list[str] = field(default_factory=list)
    #: (channel, ts) → the stream of a message.
    streams: dict[tuple[str, str], FakeStream] = field(default_factory=dict)
    #: When streams end by themselves.
    stream_seconds: float = 300.0
    stream_appends: int | None = None
    #: Thread key `channel:thread_ts` → the status of the agent session there.
    sessions: dict[str, str] = field(default_factory=dict)
    #: Channels that are shared, by id: with whom, and for whom their events are authorized.
    partners: dict[str, Workspace] = field(default_factory=dict)
    authorized: dict[str, Workspace] = field(default_factory=dict)
    announce: Callable[[dict[str, Any]], None] = lambda _event: None
    #: Wakes whoever waits for something to be seen; no event goes to the bot.
    notify: Callable[[], None] = lambda: None
    _last_ts: int = 0

    def next_ts(self) -> str:
        """Return a new message name: seconds and microseconds, always growing."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def channel(self, name_or_id: str) -> FakeChannel:
        """Return a channel by id or name, else refuse as Slack does."""
        for channel in self.channels.values():
            if name_or_id in {channel.id, channel.name, f"#{channel.name}"}:
                return channel
        raise ApiRefusal("channel_not_found")

    def user(self, name_or_id: str) -> FakeUser:
        """Return a user by id or name, else refuse as Slack does."""
        for user in self.users.values():
            if name_or_id in {user.id, user.name}:
                return user
        raise ApiRefusal("user_not_found")

    def direct_channel(self, user: FakeUser) -> FakeChannel:
        """Return the conversation of the bot with a user; it is opened on first use."""
        id_ = "D" + user.id[1:]
        members = {user.id, self.bot_user}
        return self.channels.setdefault(
            id_, FakeChannel(id_, f"dm-{user.name}", members, type="im", bot_user=self.bot_user)
        )

    def organisation(self) -> dict[str, Any]:
        """Return what commands and interactions tell of the organisation."""
        return {
            "enterprise": {"id": self.enterprise, "name": "Org"} if self.enterprise else None,
            "is_enterprise_install": self.whole_org,
        }

    def id(self, kind: str, name: str) -> str:
        """Make the id of something here; those of two workspaces differ."""
        here = "0" if self.team == TEAM else self.team[1:]
        return f"{kind}{here}{name.upper().replace('-', '')}"

    def find(self, channel: str, ts: str) -> FakeMessage | None:
        """Return a message by its place; the newest are found soonest."""
        for message in reversed(self.messages):
            if message.channel == channel and message.ts == ts:
                return message
        return None

    def add(self, message: FakeMessage) -> None:
        """Keep a message; a first message learns that it has a thread."""
        root = self.find(message.channel, message.thread_ts) if message.thread_ts else None
        if root is not None:
            root.thread_ts = root.ts
        self.messages.append(message)
        if message.channel in self.partners:
            self.partners[message.channel].messages.append(message)

    def bots_in(self, channel: FakeChannel) -> set[str]:
        """Return the users as which the app is in a channel."""
        partner = self.partners.get(channel.id)
        ours = {self.bot_user, partner.bot_user} if partner else {self.bot_user}
        return ours & channel.members

    def take_back(self, message: FakeMessage) -> bool:
        """Remove a message; True: it has replies, so a tombstone stays in its place."""
        stays = message.root == message.ts and len(self.thread(message.channel, message.ts)) > 1
        if not stays:
            self.messages.remove(message)
            return False
        message.text, message.blocks, message.files = "This message was deleted.", [], []
        message.is_tombstone, message.metadata = True, None
        return True

    def thread(self, channel: str, root: str) -> list[FakeMessage]:
        """Return the messages of a thread, the first one first."""
        return [m for m in self.messages if m.channel == channel and m.root == root]
