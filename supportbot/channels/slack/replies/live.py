"""The growing replies of one workspace: which may begin, and which message belongs to which."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from supportbot.channels.slack.config import SlackConfig
from supportbot.channels.slack.failures import (
    RATE_LIMITED,
    error_code,
    retry_after_seconds,
    translated,
)
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.replies import outbound
from supportbot.channels.slack.replies.allowance import START
from supportbot.channels.slack.replies.growing import GrowingReply, Tools
from supportbot.channels.slack.replies.status import Statuses
from supportbot.channels.slack.web import SlackWeb
from supportbot.errors import SendError
from supportbot.model.delivery import Delivery, Receipt

#: Refusals after which a stream may have begun all the same, or may begin a moment later.
_UNKNOWN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_MOST_REMEMBERED = 1000


class Growth:
    """Opens growing replies, takes them up again, and finds what a crash left behind."""

    def __init__(
        self,
        config: SlackConfig,
        web: SlackWeb,
        statuses: Statuses,
        who: Callable[[], Awaitable[Identity]],
    ) -> None:
        self._config = config
        self._web = web
        self._allowance = statuses.allowance
        self._statuses = statuses
        self._who = who
        #: Key of a delivery → its open message; what it shows is known only here.
        self._open: dict[str, GrowingReply] = {}
        #: Keys of deliveries whose stream surely never began.
        self._unopened: dict[str, None] = {}

    def may_open(self, key: str, target: Mapping[str, str]) -> bool:
        """Tell whether a reply may grow there now; if so, its place is kept for a moment."""
        needed = ("channel", "thread_ts", "user", "user_team")
        may = self._config.live and all(map(target.get, needed))
        return may and self._allowance.book(key, target["channel"])

    def grows_in(self, target: Mapping[str, str]) -> bool:
        """Tell whether a reply grows in this thread, as far as this process knows."""
        place = (target.get("channel"), target.get("thread_ts"))
        growing = (one for one in self._open.values() if not (one.done or one.too_old))
        return any((one.channel, one.thread_ts) == place for one in growing)

    async def open(self, delivery: Delivery) -> GrowingReply:
        """Begin the message of a delivery, without text; or take it up again by its id.

        Raises:
            SendError: Slack lets no stream begin (now).
            DeliveryUnknown: it may have begun; `send` finds it.
        """
        known = self._open.get(delivery.key)
        if delivery.provider_id is None:
            return self._remember(await self._begun(delivery))
        if known is not None and known.provider_id == delivery.provider_id:
            return known
        channel, _, ts = delivery.provider_id.rpartition(":")
        return GrowingReply(self._tools(), delivery.key, channel, ts)

    async def send(self, delivery: Delivery) -> Receipt:
        """Send a delivery whole; a message that was begun for it and forgotten is used.

        Raises:
            SendError, DeliveryUnknown: as of `outbound.send`.
        """
        if not self._may_be_open(delivery):
            return await self._post(delivery)
        left_behind = await self._left_behind(delivery)
        for other in left_behind[1:]:
            await other.discard(delivery)
        if left_behind:
            return await left_behind[0].finish(delivery)
        self._allowance.end(delivery.key)  # its start was lost on the way
        return await self._post(delivery)

    async def discard(self, delivery: Delivery) -> None:
        """Take away the message of a delivery of which nothing was seen.

        Raises:
            SendError, DeliveryUnknown: it may be there still.
        """
        if delivery.provider_id is not None:
            await (await self.open(delivery)).discard(delivery)
        elif self._may_be_open(delivery):
            for reply in await self._left_behind(delivery):
                await reply.discard(delivery)
            self._allowance.end(delivery.key)

    async def _post(self, delivery: Delivery) -> Receipt:
        """Post a delivery; nobody knows in what order an earlier attempt and a status came."""
        if delivery.attempts or delivery.below is not None:
            return await outbound.send(self._web.client(), delivery)
        with self._statuses.posting(delivery.target):
            return await outbound.send(self._web.client(), delivery)

    async def _begun(self, delivery: Delivery) -> GrowingReply:
        """Start a stream. Its text comes later: first its id is stored."""
        target = delivery.target
        if not self._allowance.begin(delivery.key):
            self._never(delivery)
            raise SendError("too many replies grow at once", permanent=False)
        with translated(f"start a stream in {target['channel']}", may_repeat=False):
            try:
                answer = await self._web.quick().chat_startStream(
                    channel=target["channel"],
                    thread_ts=target["thread_ts"],
                    recipient_user_id=target["user"],
                    recipient_team_id=target["user_team"],
                )
            except SlackApiError as error:
                self._refused(delivery, error)
                raise
        reply = GrowingReply(self._tools(), delivery.key, target["channel"], str(answer["ts"]))
        reply.thread_ts = target["thread_ts"]
        reply.shown, reply.began = "", time.monotonic()
        return reply

    def _refused(self, delivery: Delivery, error: SlackApiError) -> None:
        """Learn from a refusal: Slack was asked too often, or allows no stream there."""
        code = error_code(error)
        if code in _UNKNOWN or code.startswith("http_"):
            return
        self._allowance.end(delivery.key)
        self._never(delivery)
        wait_seconds = retry_after_seconds(error)
        if wait_seconds is not None or code in RATE_LIMITED:
            self._allowance.hold(START, wait_seconds or 1.0)
        else:
            self._allowance.refuse(delivery.target["channel"])

    def _never(self, delivery: Delivery) -> None:
        self._unopened[delivery.key] = None
        while len(self._unopened) > _MOST_REMEMBERED:
            del self._unopened[next(iter(self._unopened))]

    def _remember(self, reply: GrowingReply) -> GrowingReply:
        for key in [key for key, one in self._open.items() if one.done or one.too_old]:
            del self._open[key]
        self._open[reply.key] = reply
        return reply

    def _may_be_open(self, delivery: Delivery) -> bool:
        """Tell whether a stream may have begun whose id was not stored."""
        claimed = delivery.upto_seq is not None and delivery.provider_id is None
        return claimed and delivery.key not in self._unopened

    async def _left_behind(self, delivery: Delivery) -> list[GrowingReply]:
        """Find streams of ours that began after the question and were never finished.

        A finished one has the metadata of its delivery; no ticket has two that grow at once.
        """
        own, target = await self._who(), delivery.target
        since = float(target.get("asked_ts") or target.get("thread_ts") or 0)
        with translated(f"read {target.get('channel')}", may_repeat=True):
            return [
                GrowingReply(self._tools(), delivery.key, target["channel"], str(message["ts"]))
                async for message in outbound.messages(self._web.client(), delivery)
                if float(message["ts"]) > since and _is_unfinished(message, own)
            ]

    def _tools(self) -> Tools:
        return Tools(
            self._web.client(),
            self._web.quick(),
            self._allowance,
            self._statuses.set_session,
            self._config.longest_stream_seconds,
        )


def _is_unfinished(message: Mapping[str, Any], own: Identity) -> bool:
    mine = message.get("user") == own.bot_user or message.get("bot_id") == own.bot_id
    grown = message.get("streaming_state") or not message.get("text")
    return bool(mine and grown and not message.get("metadata"))
