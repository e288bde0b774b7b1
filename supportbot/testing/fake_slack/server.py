"""The fake workspace itself: a server on loopback, and what a test does in it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from types import TracebackType
from typing import Any, Self

from supportbot.testing.fake_slack import payloads
from supportbot.testing.fake_slack.access import Access, Tenant
from supportbot.testing.fake_slack.files import Files
from supportbot.testing.fake_slack.groups import UserGroups
from supportbot.testing.fake_slack.messages_tab import MessagesTab
from supportbot.testing.fake_slack.oauth import OAuth
from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.rates import STREAM_LIMITS, Limit, Rates
from supportbot.testing.fake_slack.reactions import Reactions
from supportbot.testing.fake_slack.requests import Requests
from supportbot.testing.fake_slack.scopes import Scopes
from supportbot.testing.fake_slack.sharing import share
from supportbot.testing.fake_slack.signatures import Signature
from supportbot.testing.fake_slack.site import Site
from supportbot.testing.fake_slack.streams import Streams
from supportbot.testing.fake_slack.trouble import Losses
from supportbot.testing.fake_slack.views import Views
from supportbot.testing.fake_slack.web_api import Call
from supportbot.testing.fake_slack.webhooks import Webhooks
from supportbot.testing.fake_slack.workspace import (
    BOT_USER,
    TEAM,
    FakeChannel,
    FakeMessage,
    FakeUser,
    Workspace,
)


class FakeSlack:
    """One workspace with one app (`another` adds more). Use it as an async context manager.

    It starts with a channel `support` (the bot is in it) and the users `ada` and `grace`. Channels
    and users are named by name or id; whoever writes, presses or reacts in a channel is in it from
    then on. Events go to open sockets, or to the request URL once
    `use_http` was called. Leaving the block raises AssertionError when the bot broke a limit of
    Slack or acknowledged late (`strict=False`: look at `violations` yourself).

    ack_seconds: how long an event may stay without ack (Slack: 3).
    retry_delays_seconds: waits before an event is sent again (Slack: 0, 60, 300).
    limits: how often methods may be called; `rates.ALL_LIMITS` is stricter, `{}` counts nothing.
    events: what the app subscribes to, such as `message.channels`; None: all that people do. What
    it hears it has to acknowledge.
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
        events: Collection[str] | None = None,
    ) -> None:
        self._strict = strict
        self._events = events
        self._limits = limits
        self._site = Site(self.app_token, ack_seconds, retry_delays_seconds)
        self._furnish(Workspace())
        self._site.tokens.known[self.bot_token] = Access(self.oauth.tenant)
        self.add_channel("support")
        self.add_user("ada")
        self.add_user("grace")

    def _furnish(self, workspace: Workspace) -> None:
        """Put everything into a workspace that is in it apart from people and channels."""
        site = self._site
        workspace.announce, workspace.notify = self._announce, site.notify
        workspace.violations = site.violations
        self.workspace = workspace
        self.team, self.bot_user = workspace.team, workspace.bot_user
        self.faults, self.sockets = site.faults, site.sockets
        self.rates = Rates(self._limits, site.violations)
        self.groups = UserGroups(workspace)
        self.lose, self.order = Losses(workspace), site.order
        self.views = Views(workspace, self.emit, site.send)
        self.requests = Requests(workspace, site.send, site.responses, self.views.triggers)
        self.streams = Streams(workspace, self.emit)
        self.reactions = Reactions(workspace, self._announce)
        self.tab = MessagesTab(workspace, self.emit)
        self.files = Files(workspace, site.files, self.say, site.number)
        methods = {
            "files.info": self.files.info,
            "assistant.threads.setSuggestedPrompts": self.tab.set_prompts,
            "assistant.threads.setTitle": self.tab.set_title,
            "usergroups.users.list": self.groups.members,
            "views.open": self.views.opened,
            "views.publish": self.views.published,
            "views.update": self.views.updated,
        }
        self.scopes = Scopes()
        tenant = Tenant(workspace, self.rates, methods, self.scopes)
        site.tokens.tenants.append(tenant)
        #: The app's installation here.
        self.oauth = OAuth(site.app, tenant, self.emit)
        workspace.users[self.bot_user] = FakeUser(
            self.bot_user, "supportbot", self.team, is_bot=True
        )

    async def __aenter__(self) -> Self:
        await self._site.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._site.aclose()
        if self._strict and error is None and self.violations:
            raise AssertionError("Slack would complain: " + "; ".join(self.violations))

    def another(self, name: str, *, enterprise: str = "") -> FakeSlack:
        """Return a further workspace, on the same server and with the same app.

        It is furnished like the first one, but the app is not installed in it: see `oauth`. It
        needs no block of its own, and its bot is another user there; in those of an `enterprise`
        (its id, such as `E0ORG`) it is the same one.
        """
        other = copy(self)
        tag, of = f"0{name.upper()}", f"0{name.upper()}" if not enterprise else enterprise[1:]
        other.bot_token = ""
        other._furnish(  # noqa: SLF001 - its own class
            Workspace(f"T{tag}", name.capitalize(), f"U{of}BOT", f"B{of}", enterprise)
        )
        other.add_channel("support")
        other.add_user("ada")
        other.add_user("grace")
        return other

    # What a bot is configured with

    @property
    def url(self) -> str:
        """The base URL of the Web API, for `SLACK_API_URL`."""
        return f"http://{self._site.origin}/api/"

    async def use_http(self, request_url: str) -> None:
        """Send events to this URL from now on, after it answered the challenge as Slack asks.

        Raises:
            ValueError: the challenge did not come back.
        """
        site = self._site
        webhooks = Webhooks(request_url, self.signing_secret, site.ack_seconds, site.violations)
        challenge = secrets.token_hex(8)
        status, body = await webhooks.post({"type": "url_verification", "challenge": challenge})
        if challenge not in body:
            raise ValueError(f"{request_url} did not answer the challenge (HTTP {status})")
        site.webhooks = webhooks

    async def connected(self, timeout_seconds: float = 5.0) -> None:
        """Wait until a socket of the bot is open."""
        await self._site.until(lambda: self.sockets.count > 0, timeout_seconds)

    # What people do

    def add_channel(
        self, name: str, *, bot_is_member: bool = True, kind: str = "channel"
    ) -> FakeChannel:
        """Open a public channel; `kind` "group" makes a private one, "mpim" a group message."""
        id_ = self.workspace.id("C", name)
        channel = FakeChannel(id_, name, type=kind, bot_user=self.bot_user)
        if bot_is_member:
            channel.members.add(self.bot_user)
        self.workspace.channels[channel.id] = channel
        return channel

    def share(self, channel: str, other: FakeSlack) -> FakeChannel:
        """Let another workspace, with its people and its bot, join a channel (Slack Connect)."""
        shared = self.workspace.channel(channel)
        share(shared, self.workspace, other.workspace)
        return shared

    def add_user(
        self, name: str, *, team: str | None = None, real_name: str = "", email: str | None = None
    ) -> FakeUser:
        """Let a person join; another `team` makes a guest of a shared channel."""
        id_ = self.workspace.id("U", name)
        user = FakeUser(id_, name, team or self.team, real_name=real_name, email=email)
        self.workspace.users[user.id] = user
        return user

    def add_bot(self, name: str) -> FakeUser:
        """Let another app join; what it says carries its bot id."""
        bot = FakeUser(self.workspace.id("U", name), name, self.team, is_bot=True)
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
            team=self.team,
            user_team=author.team if author.team != self.team else None,
            files=[dict(file) for file in files],
        )
        self.workspace.add(message)
        place = self.workspace.channels[message.channel]
        place.members.add(author.id)
        # The app hears nothing of a channel that its bot is not in.
        if self.workspace.bots_in(place):
            event = payloads.message_event(message, place)
            if place.is_im:
                event["app_context"] = self.tab.viewed(author.id)
            self._announce(event)
            self._announce_mention(message)
        return message

    def mention(
        self, channel: str, user: str, text: str, *, thread: FakeMessage | None = None
    ) -> FakeMessage:
        """Write with a mention of the bot: a `message` and an `app_mention` event."""
        return self.say(channel, user, f"<@{self.bot_user}> {text}".rstrip(), thread=thread)

    def direct(self, user: str, text: str, *, thread: FakeMessage | None = None) -> FakeMessage:
        """Write to the bot in a direct message."""
        channel = self.workspace.direct_channel(self.workspace.user(user))
        return self.say(channel.id, user, text, thread=thread)

    def edit(self, message: FakeMessage, text: str) -> None:
        """Change a message; one that mentions the bot (still, or only now) is told of twice."""
        before = message.as_json()
        message.text, message.edited = text, True
        channel = self.workspace.channels[message.channel]
        ts = self.workspace.next_ts()
        self._announce(payloads.changed_event(message, channel, before, ts))
        self._announce_mention(message)

    def delete(self, message: FakeMessage) -> None:
        """Take a message back; one with replies below it leaves a tombstone."""
        self._announce(payloads.taken_back(self.workspace, message))

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
        self.workspace.channels[message.channel].members.add(person.id)
        trigger = self.views.triggers.issue(person.id)
        place = (message.channel, message.thread_ts, message)
        answer_at = {"response_url": self.requests.response_url(person.id, *place)}
        pressed = payloads.block_actions(message, person, action, trigger, self.workspace)
        return self.interact(pressed | answer_at)

    def emit(self, event: dict[str, Any]) -> EventDelivery:
        """Send any event, in a real envelope with an id of its own."""
        site, at_seconds = self._site, int(time.time())
        envelope = payloads.envelope(event, site.event_id(), at_seconds, self.workspace)
        return site.send("events_api", envelope)

    def repeat(self, delivery: EventDelivery) -> EventDelivery:
        """Send the same payload once more, as Slack does when an ack got lost on the way."""
        return self._site.send(delivery.kind, delivery.payload)

    def interact(self, payload: dict[str, Any]) -> EventDelivery:
        """Send any interaction payload."""
        return self._site.send("interactive", payload)

    async def forge(self, payload: dict[str, Any] | bytes, how: Signature) -> int:
        """Post a payload to the request URL with the signature told; return the HTTP status.

        Raises:
            RuntimeError: `use_http` was not called.
        """
        webhooks = self._site.webhooks
        if webhooks is None:
            raise RuntimeError("call use_http first")
        if isinstance(payload, bytes):
            headers = {"Content-Type": "application/json"}
            return (await webhooks.post_bytes(payload, headers, how))[0]
        return (await webhooks.post(payload, how=how))[0]

    # What can be seen

    @property
    def violations(self) -> list[str]:
        """Broken limits and late acks so far."""
        return self.workspace.violations

    @property
    def deliveries(self) -> list[EventDelivery]:
        """All events and interactions so far, with their attempts."""
        return self._site.outbox.deliveries

    def calls(self, method: str | None = None) -> list[Call]:
        """Return the calls of the Web API so far, of one method or of all."""
        return [call for call in self._site.api.calls if method in {None, call.method}]

    def thread(self, message: FakeMessage) -> list[FakeMessage]:
        """Return the thread that the message is in, the first one first."""
        return self.workspace.thread(message.channel, message.root)

    def replies(self, message: FakeMessage) -> list[FakeMessage]:
        """Return the bot's messages in the thread of this message."""
        return [reply for reply in self.thread(message) if reply.user == self.bot_user]

    async def wait_for_replies(
        self, message: FakeMessage, count: int = 1, timeout_seconds: float = 10.0
    ) -> list[FakeMessage]:
        """Wait until the bot has written that often in the thread.

        Raises:
            TimeoutError: it has not.
        """
        await self._site.until(lambda: len(self.replies(message)) >= count, timeout_seconds)
        return self.replies(message)

    async def seen(self, holds: Callable[[], object], timeout_seconds: float = 10.0) -> None:
        """Wait until something can be seen, such as `lambda: slack.requests.answers`.

        Raises:
            TimeoutError: it cannot.
        """
        await self._site.until(lambda: bool(holds()), timeout_seconds)

    async def settled(self, timeout_seconds: float = 10.0) -> None:
        """Wait until every event is acknowledged or given up."""
        await self._site.until(lambda: not self._site.outbox.busy, timeout_seconds)

    # Inside

    def _announce_mention(self, message: FakeMessage) -> None:
        """Send a mention a second time, with an event id of its own; not so in a DM."""
        place = self.workspace.channels[message.channel]
        called = any(f"<@{bot}>" in message.text for bot in self.workspace.bots_in(place))
        if called and not place.is_im:
            self._announce(payloads.mention_event(message))

    def _announce(self, event: dict[str, Any]) -> None:
        self._site.notify()
        wanted = self._events is None or payloads.subscription(event) in self._events
        # Of a workspace without the app it hears nothing.
        if self._site.is_open and self.oauth.installed and wanted:
            self.emit(event)
