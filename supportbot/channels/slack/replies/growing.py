"""A reply that grows in a Slack thread: one message, from its first words to its buttons.

The ladder: a stream; once that is over, `chat.update` of the same message; where Slack refuses the
blocks, the words alone; where the message cannot be changed any more, a post in its place. An open
stream refuses to be updated or deleted, so it is always stopped first.
https://docs.slack.dev/messaging/sending-and-scheduling-messages#text-streaming
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.failures import (
    RATE_LIMITED,
    error_code,
    retry_after_seconds,
    translated,
)
from supportbot.channels.slack.replies import outbound
from supportbot.channels.slack.replies.allowance import APPEND, STOP, UPDATE, Allowance
from supportbot.channels.slack.replies.ladder import FORM_REFUSED, in_some_form
from supportbot.channels.slack.replies.render import (
    MAX_MARKDOWN_CHARS,
    Post,
    neutralised,
    notification,
    render,
)
from supportbot.channels.slack.replies.status import session_status
from supportbot.errors import ChannelError, DeliveryUnknown, ReplyStopped, SendError
from supportbot.model.delivery import Delivery, Receipt
from supportbot.model.ticket import Standing

_STOPPED_BY_USER = "stopped_by_user"
#: The stream is over, whoever ended it.
_OVER = frozenset({"message_not_in_streaming_state", _STOPPED_BY_USER})
#: The message is gone, or can't be changed any more.
_FIXED = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


@dataclass(frozen=True, slots=True)
class Tools:
    """What every growing reply of a workspace works with."""

    #: Waits out a short `Retry-After`; for what must be done.
    patient: AsyncWebClient
    #: Does not wait; for what may as well be shown later.
    quick: AsyncWebClient
    allowance: Allowance
    #: Lets the session of a thread show how its ticket stands: (channel, thread_ts, standing).
    set_session: Callable[[str, str, Standing], Awaitable[None]]
    #: Slack closes a stream about five minutes after its start.
    longest_stream_seconds: float


@dataclass(slots=True)
class GrowingReply:
    """One message that grows; fulfils `LiveReply`. Its calls must follow one another."""

    tools: Tools
    key: str
    channel: str
    ts: str
    #: The thread it was begun in; empty where it was taken up again.
    thread_ts: str = ""
    #: What the open stream shows for sure; None: nobody knows, or it is no stream any more.
    shown: str | None = None
    #: False once the stream is surely over: it can be updated then.
    may_stream: bool = True
    #: When the stream began, by the monotonic clock.
    began: float = 0.0
    #: It has its last words, or is taken away.
    done: bool = False
    _stopped_by_user: bool = field(default=False, init=False)
    #: The stream ended while its session was at work, and left it so.
    _left_at_work: bool = field(default=False, init=False)

    @property
    def provider_id(self) -> str:
        """The place of the message: `channel:ts`."""
        return f"{self.channel}:{self.ts}"

    @property
    def too_old(self) -> bool:
        """Whether its stream is, or is about to be, closed by Slack."""
        return time.monotonic() - self.began > self.tools.longest_stream_seconds

    async def append(self, text: str) -> None:
        """Show the whole text so far, as far as one message holds it.

        Raises:
            SendError: Slack is asked too often, or refused; the next call shows more.
            DeliveryUnknown: Slack's answer was lost.
            ReplyStopped: the customer pressed the stop button.
        """
        words = neutralised(text)
        if len(words) > MAX_MARKDOWN_CHARS:
            return  # the rest is seen at the end
        shown = self._streamed(words)
        if shown is None:
            await self._update_growing(words)
        elif words != shown:
            await self._stream(words, shown)

    async def finish(self, delivery: Delivery) -> Receipt:
        """Let the message show the whole text and its buttons; what is too long for it follows.

        Raises:
            SendError, DeliveryUnknown: as of `outbound.send`; to call it again is safe.
        """
        posts = render(delivery)
        if not await self._end_with(posts[0], delivery.standing):
            await self._rewrite(delivery, posts[0])
            await self._leave_session(delivery)
        self._end()
        return await outbound.complete(self.tools.patient, delivery, posts, self.ts)

    async def discard(self, delivery: Delivery) -> None:
        """Take the message away, of which nothing was seen.

        Raises:
            SendError, DeliveryUnknown: it could not be taken away.
        """
        await self._stop(self.tools.patient, delivery.standing)
        await self._leave_session(delivery)
        self._end()
        with translated(f"delete a message in {self.channel}", may_repeat=True):
            try:
                await self.tools.patient.chat_delete(channel=self.channel, ts=self.ts)
            except SlackApiError as error:
                if error_code(error) != "message_not_found":
                    raise

    def _streamed(self, words: str) -> str | None:
        """Return what the stream shows, if these words can go on from there."""
        may_go_on = self.may_stream and not self.too_old and self.shown is not None
        return self.shown if may_go_on and words.startswith(self.shown or "") else None

    async def _stream(self, words: str, shown: str) -> None:
        allowance = self.tools.allowance
        if not allowance.may_append(self.key):
            raise SendError("a reply grows too fast for Slack", permanent=False)
        self.shown = None  # whoever cancels the call leaves it unknown
        with translated(f"show more in {self.channel}", may_repeat=False):
            try:
                await self.tools.quick.chat_appendStream(
                    channel=self.channel, ts=self.ts, chunks=_chunks(words[len(shown) :])
                )
            except SlackApiError as error:
                if self._learn(APPEND, error) not in _OVER:
                    self.shown = shown if _surely_not(error) else None
                    raise
        if self.may_stream:
            self.shown = words
        else:
            await self._update_growing(words)

    async def _update_growing(self, words: str) -> None:
        """Show more in a message that is no stream any more, or is to be none."""
        allowance = self.tools.allowance
        if self.may_stream and allowance.is_held(STOP):
            raise SendError("Slack lets no stream end for a while", permanent=False)
        await self._stop(self.tools.quick, Standing.WORKING)
        if self._stopped_by_user:
            raise ReplyStopped("the customer stopped the reply")
        if not allowance.may_update(self.key):
            raise SendError("a reply grows too fast for Slack", permanent=False)
        blocks = [{"type": "markdown", "text": words}]
        with translated(f"show more in {self.channel}", may_repeat=False):
            try:
                await self.tools.quick.chat_update(
                    channel=self.channel, ts=self.ts, text=notification(words), blocks=blocks
                )
            except SlackApiError as error:
                self._learn(UPDATE, error)
                raise

    async def _end_with(self, post: Post, standing: Standing) -> bool:
        """Stop the stream with its last words and the buttons; False: it must be written anew."""
        shown = self._streamed(post.markdown)
        if shown is None:
            return False
        self.shown, limited = None, False
        rest = post.markdown[len(shown) :]
        last: dict[str, Any] = {"chunks": _chunks(rest)} if rest else {}
        if post.below:
            last["blocks"] = post.below
        try:
            with translated(f"end a reply in {self.channel}", may_repeat=False):
                try:
                    last["metadata"] = post.metadata
                    await self._call_stop(self.tools.patient, standing, **last)
                except SlackApiError as error:
                    limited = self._learn(STOP, error) in RATE_LIMITED
                    raise
        except ChannelError:
            if limited:  # till it is stopped it can't be updated either
                self.shown = shown
                raise
            return False  # whether it arrived or not: to write it anew is right
        self.may_stream = False
        return True

    async def _rewrite(self, delivery: Delivery, post: Post) -> None:
        """Let the message show the post, whatever it showed before."""
        await self._stop(self.tools.patient, delivery.standing)
        self.tools.allowance.spend(UPDATE)
        where = {"channel": self.channel, "ts": self.ts, "metadata": post.metadata}
        with translated(f"update a message in {self.channel}", may_repeat=False):
            try:
                await in_some_form(self.tools.patient.chat_update, post, where)
            except SlackApiError as error:
                if self._learn(UPDATE, error) not in _FIXED | FORM_REFUSED:
                    raise
            else:
                return
        await self._replace(delivery, post)

    async def _leave_session(self, delivery: Delivery) -> None:
        """End the session's work where the end of the stream did not."""
        thread_ts = delivery.target.get("thread_ts")
        if self._left_at_work and thread_ts:
            with suppress(ChannelError):  # Slack gives it up by itself after an hour
                await self.tools.set_session(self.channel, thread_ts, delivery.standing)

    async def _replace(self, delivery: Delivery, post: Post) -> None:
        """Post it in place of a message that can't show it."""
        # What can be neither changed nor removed stays, and the whole answer follows it.
        with suppress(ChannelError):
            await self.discard(delivery)
        there = await outbound.found(self.tools.patient, delivery)
        self.ts = there.get(1) or await outbound.post(self.tools.patient, delivery, post)

    async def _stop(self, client: AsyncWebClient, standing: Standing) -> None:
        """Make sure that the stream is over, so that the message can be changed.

        With a `client` that does not wait, what follows may as well be done later.

        Raises:
            SendError, DeliveryUnknown: it may be open still.
        """
        if not self.may_stream:
            return
        with translated(f"end a stream in {self.channel}", may_repeat=True):
            try:
                await self._call_stop(client, standing)
                self._left_at_work = standing is Standing.WORKING
            except SlackApiError as error:
                if self._learn(STOP, error) not in _OVER | {"message_not_found"}:
                    raise
        self.may_stream, self.shown = False, None

    async def _call_stop(self, client: AsyncWebClient, standing: Standing, **last: Any) -> None:
        self.tools.allowance.spend(STOP)
        status = session_status(self.channel, standing)
        await client.chat_stopStream(
            channel=self.channel, ts=self.ts, session_status=status, **last
        )

    def _end(self) -> None:
        self.done = True
        self.tools.allowance.end(self.key)

    def _learn(self, method: str, error: SlackApiError) -> str:
        """Remember what a refusal says about the stream and about the method; return its code."""
        code = error_code(error)
        if code in _OVER:
            self.may_stream, self.shown, self._left_at_work = False, None, True
            self._stopped_by_user = self._stopped_by_user or code == _STOPPED_BY_USER
        if code in RATE_LIMITED:
            self.tools.allowance.hold(method, retry_after_seconds(error) or 1.0)
        return code


def _chunks(words: str) -> list[dict[str, str]]:
    return [{"type": "markdown_text", "text": words}]


def _surely_not(error: SlackApiError) -> bool:
    """Tell whether Slack surely did nothing."""
    try:
        with translated("know", may_repeat=False):
            raise error
    except DeliveryUnknown:
        return False
    except SendError as refusal:
        return refusal.permanent or error_code(error) in RATE_LIMITED
