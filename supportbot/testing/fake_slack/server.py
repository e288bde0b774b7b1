"""The fake workspace itself: a server on loopback, and what a test does in it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from supportbot.testing.fake_slack import payloads
from supportbot.testing.fake_slack.faults import Faults
from supportbot.testing.fake_slack.groups import UserGroups
from supportbot.testing.fake_slack.oauth import OAuth
from supportbot.testing.fake_slack.outbox import EventDelivery, Outbox
from supportbot.testing.fake_slack.rates import STREAM_LIMITS, Limit, Rates
from supportbot.testing.fake_slack.signatures import Signature
from supportbot.testing.fake_slack.sockets import Sockets
from supportbot.testing.fake_slack.streams import Streams
from supportbot.testing.fake_slack.web_api import Call, WebApi
from supportbot.testing.fake_slack.webhooks import Webhooks
from supportbot.testing.fake_slack.workspace import (
    BOT_USER,
    TEAM,
    FakeChannel,
    FakeMessage,
    FakeUser,
    Workspace,
)

_MAX_REQUEST_BYTES = 8_000_000


class FakeSlack:
    """One workspace with one app. Use it as an async context manager.

    It starts with a channel `support` (the bot is in it) and the users `ada` and `grace`. Channels
    and users are named by name or id. Events go to open sockets, or to the request URL once
    `use_http` was called. Leaving the block raises AssertionError when the bot broke a limit of
    Slack or acknowledged late (`strict=False`: look at `violations` yourself).

    ack_seconds: how long an event may stay without ack (Slack: 3).
    retry_delays_seconds: waits before an event is sent again (Slack: 0, 60, 300).
    limits: how often methods may be called; `rates.ALL_LIMITS` is stricter, `{}` counts nothing.
    """

    bot_token = "xoxb-fake-bot"  # noqa: S105 - opens nothing but this fake
    app_token = "xapp-fake-app"  # noqa: S105 - opens nothing but this fake
    signing_secret = "fake-signing-secret"  # noqa: S105 - opens nothing but this fake
    bot_user = BOT_USER
    team = TEAM

    def __init__(
        self,
        *,
        ack_seconds: float = 3.0,
        retry_delays_seconds: tuple[float, ...] = (0.1, 0.5, 2.0),
        strict: bool = True,
        limits: Mapping[str, Limit] = STREAM_LIMITS,
    ) -> None:
        self.workspace = Workspace(announce=self._announce, notify=self._notify)
        self.faults = Faults()
        self.groups = UserGroups(self.workspace)
        self.sockets = Sockets(ack_seconds, self.workspace, self._notify)
        self._ack_seconds = ack_seconds
        self._strict = strict
        self._outbox = Outbox(retry_delays_seconds, self._notify)
        self._webhooks: Webhooks | None = None
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._origin = ""
        self._numbers = iter(range(1, 1_000_000_000))
        # Event ids are unique for ever: a bot's database may outlive this workspace.
        self._event_prefix = f"Ev{secrets.token_hex(4).upper()}"
        tokens = {self.bot_token: "bot", self.app_token: "app"}
        #: The app's installations, and where the consent page leads.
        self.oauth = OAuth(self.workspace, tokens, self.emit)
        methods = {
            "apps.connections.open": self._open_socket,
            "oauth.v2.access": self.oauth.access,
            "usergroups.users.list": self.groups.members,
        }
        self.rates = Rates(limits, self.workspace.violations)
        self.streams = Streams(self.workspace, self.emit)
        self._api = WebApi(self.workspace, self.faults, self.rates, tokens, methods)
        self.workspace.users[BOT_USER] = FakeUser(BOT_USER, "supportbot", is_bot=True)
        self.add_channel("support")
        self.add_user("ada")
        self.add_user("grace")

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_REQUEST_BYTES)
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/link", self.sockets.handle)
        app.router.add_get("/oauth/v2/authorize", self.oauth.consent_page)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        self._origin = f"127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._outbox.aclose()
        await self.sockets.aclose()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._strict and error is None and self.violations:
            raise AssertionError("Slack would complain: " + "; ".join(self.violations))

    # What a bot is configured with

    @property
    def url(self) -> str:
        """The base URL of the Web API, for `SLACK_API_URL`."""
        return f"http://{self._origin}/api/"

    async def use_http(self, request_url: str) -> None:
        """Send events to this URL from now on, after it answered the challenge as Slack asks.

        Raises:
            ValueError: the challenge did not come back.
        """
        webhooks = Webhooks(request_url, self.signing_secret, self._ack_seconds, self.workspace)
        challenge = secrets.token_hex(8)
        status, body = await webhooks.post({"type": "url_verification", "challenge": challenge})
        if challenge not in body:
            raise ValueError(f"{request_url} did not answer the challenge (HTTP {status})")
        self._webhooks = webhooks

    async def connected(self, timeout_seconds: float = 5.0) -> None:
        """Wait until a socket of the bot is open."""
        await self._until(lambda: self.sockets.count > 0, timeout_seconds)

    # What people do

    def add_channel(
        self, name: str, *, bot_is_member: bool = True, kind: str = "channel"
    ) -> FakeChannel:
        """Open a public channel; `kind` "group" makes a private one, "mpim" a group message."""
        channel = FakeChannel(f"C0{name.upper().replace('-', '')}", name, type=kind)
        if bot_is_member:
            channel.members.add(BOT_USER)
        self.workspace.channels[channel.id] = channel
        return channel

    def add_user(self, name: str, *, team: str = TEAM) -> FakeUser:
        """Let a person join; another `team` makes a guest of a shared channel."""
        user = FakeUser(f"U0{name.upper()}", name, team)
        self.workspace.users[user.id] = user
        return user

    def add_bot(self, name: str) -> FakeUser:
        """Let another app join; what it says carries its bot id."""
        bot = FakeUser(f"U0{name.upper()}", name, is_bot=True)
        self.workspace.users[bot.id] = bot
        return bot

    def say(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        thread: FakeMessage | None = None,
        files: Sequence[Mapping[str, Any]] = (),
    ) -> FakeMessage:
        """Write into a channel, or below a message; `files` are file objects."""
        author = self.workspace.user(user)
        message = FakeMessage(
            channel=self.workspace.channel(channel).id,
            ts=self.workspace.next_ts(),
            user=author.id,
            text=text,
            thread_ts=thread.root if thread else None,
            bot_id=f"B{author.id[1:]}" if author.is_bot else None,
            user_team=author.team if author.team != TEAM else None,
            files=[dict(file) for file in files],
        )
        self.workspace.add(message)
        place = self.workspace.channels[message.channel]
        # The app hears nothing of a channel that its bot is not in.
        if BOT_USER not in place.members:
            return message
        self._announce(payloads.message_event(message, place))
        # A mention arrives a second time, with an event id of its own; not so in a DM.
        if f"<@{BOT_USER}>" in text and not place.is_im:
            self._announce(payloads.mention_event(message))
        return message

    def mention(
        self, channel: str, user: str, text: str, *, thread: FakeMessage | None = None
    ) -> FakeMessage:
        """Write with a mention of the bot: a `message` and an `app_mention` event."""
        return self.say(channel, user, f"<@{BOT_USER}> {text}".rstrip(), thread=thread)

    def direct(self, user: str, text: str, *, thread: FakeMessage | None = None) -> FakeMessage:
        """Write to the bot in a direct message."""
        channel = self.workspace.direct_channel(self.workspace.user(user))
        return self.say(channel.id, user, text, thread=thread)

    def edit(self, message: FakeMessage, text: str) -> None:
        """Change a message."""
        before = message.as_json()
        message.text, message.edited = text, True
        channel = self.workspace.channels[message.channel]
        ts = self.workspace.next_ts()
        self._announce(payloads.changed_event(message, channel, before, ts))

    def delete(self, message: FakeMessage) -> None:
        """Take a message back."""
        self.workspace.messages.remove(message)
        channel = self.workspace.channels[message.channel]
        self._announce(payloads.deleted_event(message, channel, self.workspace.next_ts()))

    def click(
        self, message: FakeMessage, action_id: str, user: str, *, positive: bool = True
    ) -> EventDelivery:
        """Press a button that really is on the message; `positive` chooses a feedback thumb.

        Raises:
            LookupError: there is no such button.
        """
        action_ts = self.workspace.next_ts()
        action = payloads.pressed(message, action_id, positive=positive, action_ts=action_ts)
        person = self.workspace.user(user)
        trigger = f"{next(self._numbers)}.{secrets.token_hex(6)}"
        return self.interact(payloads.block_actions(message, person, action, trigger))

    def emit(self, event: dict[str, Any]) -> EventDelivery:
        """Send any event, in a real envelope with an id of its own."""
        event_id = f"{self._event_prefix}{next(self._numbers):06d}"
        return self._send("events_api", payloads.envelope(event, event_id, int(time.time())))

    def repeat(self, delivery: EventDelivery) -> EventDelivery:
        """Send the same payload once more, as Slack does when an ack got lost on the way."""
        return self._send(delivery.kind, delivery.payload)

    def interact(self, payload: dict[str, Any]) -> EventDelivery:
        """Send any interaction payload."""
        return self._send("interactive", payload)

    async def forge(self, payload: dict[str, Any] | bytes, how: Signature) -> int:
        """Post a payload to the request URL with the signature told; return the HTTP status.

        Raises:
            RuntimeError: `use_http` was not called.
        """
        if self._webhooks is None:
            raise RuntimeError("call use_http first")
        if isinstance(payload, bytes):
            headers = {"Content-Type": "application/json"}
            return (await self._webhooks.post_bytes(payload, headers, how))[0]
        return (await self._webhooks.post(payload, how=how))[0]

    # What can be seen

    @property
    def violations(self) -> list[str]:
        """Broken limits and late acks so far."""
        return self.workspace.violations

    @property
    def deliveries(self) -> list[EventDelivery]:
        """All events and interactions so far, with their attempts."""
        return self._outbox.deliveries

    def calls(self, method: str | None = None) -> list[Call]:
        """Return the calls of the Web API so far, of one method or of all."""
        return [call for call in self._api.calls if method in {None, call.method}]

    def thread(self, message: FakeMessage) -> list[FakeMessage]:
        """Return the thread that the message is in, the first one first."""
        return self.workspace.thread(message.channel, message.root)

    def replies(self, message: FakeMessage) -> list[FakeMessage]:
        """Return the bot's messages in the thread of this message."""
        return [reply for reply in self.thread(message) if reply.user == BOT_USER]

    async def wait_for_replies(
        self, message: FakeMessage, count: int = 1, timeout_seconds: float = 10.0
    ) -> list[FakeMessage]:
        """Wait until the bot has written that often in the thread.

        Raises:
            TimeoutError: it has not.
        """
        await self._until(lambda: len(self.replies(message)) >= count, timeout_seconds)
        return self.replies(message)

    async def settled(self, timeout_seconds: float = 10.0) -> None:
        """Wait until every event is acknowledged or given up."""
        await self._until(lambda: not self._outbox.busy, timeout_seconds)

    # Inside

    def _announce(self, event: dict[str, Any]) -> None:
        self._notify()
        if self._runner is not None:
            self.emit(event)

    def _send(self, kind: str, payload: dict[str, Any]) -> EventDelivery:
        event = EventDelivery(kind, payload, secrets.token_hex(16))
        self._outbox.send(event, self._webhooks or self.sockets)
        return event

    def _open_socket(self, workspace: Workspace, arguments: Mapping[str, Any]) -> dict[str, Any]:
        del workspace, arguments
        return {"url": f"ws://{self._origin}/link?ticket={self.sockets.new_ticket()}"}

    def _notify(self) -> None:
        self._changed.set()

    async def _until(self, holds: Callable[[], bool], timeout_seconds: float) -> None:
        async with asyncio.timeout(timeout_seconds):
            while not holds():
                self._changed.clear()
                await self._changed.wait()
