"""Messages that grow: `chat.startStream`, `chat.appendStream`, `chat.stopStream`.

An open stream refuses `chat.update` and `chat.delete`; one that is closed refuses more text. Slack
closes it about five minutes after its start, whatever is written meanwhile.
https://docs.slack.dev/messaging/sending-and-scheduling-messages#text-streaming
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.models.messages.chunk import Chunk

from supportbot.testing.fake_slack import checks, payloads
from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.workspace import (
    APP,
    ApiRefusal,
    FakeChannel,
    FakeMessage,
    FakeStream,
    Workspace,
)

Arguments = Mapping[str, Any]
Answer = dict[str, Any]

EXPIRED, STOPPED = "message_not_in_streaming_state", "stopped_by_user"
MAX_TITLE_CHARS = 200
SESSION_STATUSES = frozenset({"processing", "active", "suspended", "closed"})


def start(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.startStream; the text may come later."""
    channel = workspace.channel(str(args.get("channel")))
    checks.check_may_post(channel)
    if not args.get("thread_ts"):
        checks.refuse(workspace, "invalid_arguments", "a stream without thread_ts")
    checks.check_thread(workspace, channel, args.get("thread_ts"))
    _check_recipient(workspace, channel, args)
    message = FakeMessage(
        channel=channel.id,
        ts=workspace.next_ts(),
        user=workspace.bot_user,
        bot_id=workspace.bot,
        app_id=APP,
        team=workspace.team,
        text="",
        thread_ts=str(args["thread_ts"]),
        streaming_state="in_progress",
    )
    stream = FakeStream(message, time.monotonic())
    _write(workspace, stream, args)
    workspace.add(message)
    workspace.streams[message.channel, message.ts] = stream
    workspace.sessions[f"{channel.id}:{message.thread_ts}"] = "processing"
    workspace.announce(payloads.message_event(message, channel))
    return {"channel": channel.id, "ts": message.ts}


def append(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.appendStream."""
    stream = _open(workspace, args)
    if not args.get("markdown_text") and not args.get("chunks"):
        checks.refuse(workspace, "no_text", "nothing to append")
    _write(workspace, stream, args)
    stream.appends += 1
    workspace.notify()
    return {"channel": stream.message.channel, "ts": stream.message.ts}


def stop(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.stopStream."""
    stream = _open(workspace, args)
    message, status = stream.message, args.get("session_status") or "active"
    if status not in SESSION_STATUSES:
        checks.refuse(workspace, "invalid_arguments", f"session_status {status}")
    checks.check_blocks(workspace, args.get("blocks") or [])
    before = message.as_json()
    _write(workspace, stream, args)
    message.blocks += checks.with_ids(args.get("blocks") or [])
    message.metadata = args.get("metadata") or message.metadata
    _close(stream, EXPIRED)
    workspace.sessions[f"{message.channel}:{message.thread_ts}"] = status
    channel = workspace.channels[message.channel]
    workspace.announce(payloads.changed_event(message, channel, before, workspace.next_ts()))
    return {"channel": message.channel, "ts": message.ts, "message": message.as_json()}


def set_session_status(workspace: Workspace, args: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/agents.sessions.setStatus."""
    channel = workspace.channel(str(args.get("channel_id")))
    checks.check_may_post(channel)
    if args.get("status") not in SESSION_STATUSES:
        checks.refuse(workspace, "invalid_arguments", f"the status {args.get('status')}")
    if not args.get("thread_ts"):
        checks.refuse(workspace, "invalid_arguments", "a session without thread_ts")
    checks.check_thread(workspace, channel, args.get("thread_ts"))
    initiator = args.get("initiator_user_id")
    if initiator and workspace.user(str(initiator)).id not in channel.members:
        checks.refuse(workspace, "invalid_arguments", f"{initiator} is not in {channel.id}")
    if len(str(args.get("title") or "")) > MAX_TITLE_CHARS:
        checks.refuse(workspace, "invalid_arguments", "the title of a session is too long")
    workspace.sessions[f"{channel.id}:{args['thread_ts']}"] = str(args["status"])
    workspace.notify()
    return {"status": args["status"]}


class Streams:
    """What happens to streams besides the bot's own calls; `slack.streams`."""

    def __init__(
        self, workspace: Workspace, emit: Callable[[dict[str, Any]], EventDelivery]
    ) -> None:
        self._workspace = workspace
        self._emit = emit

    @property
    def open(self) -> list[FakeMessage]:
        """The messages that still grow, the oldest first."""
        return [one.message for one in self._workspace.streams.values() if one.closed is None]

    def expire(self, message: FakeMessage) -> None:
        """Close a stream as Slack does when its time is over."""
        _close(self._workspace.streams[message.channel, message.ts], EXPIRED)
        self._workspace.notify()

    def expire_after(self, *, appends: int | None = None, seconds: float | None = None) -> None:
        """Let each stream from now on, and those that are open, end after so much."""
        self._workspace.stream_appends = appends
        self._workspace.stream_seconds = 300.0 if seconds is None else seconds

    def stop(self, message: FakeMessage, user: str) -> EventDelivery:
        """Press the stop button of the session in the thread of this message.

        Slack ends the streams in it at once; all else is left to the app.

        Raises:
            LookupError: the session is not at work, so there is no such button.
        """
        if self.session(message) != "processing":
            raise LookupError(
                f"there is no stop button below {message.ts}: no answer is made there"
            )
        stopped = []
        for stream in self._workspace.streams.values():
            mine = stream.message
            if stream.closed is None and (mine.channel, mine.root) == (
                message.channel,
                message.root,
            ):
                _close(stream, STOPPED)
                stopped.append(mine.ts)
        person, ts = self._workspace.user(user), self._workspace.next_ts()
        return self._emit(payloads.session_stopped(message, person, stopped, ts))

    def session(self, message: FakeMessage) -> str | None:
        """Return the status of the session in the thread of this message."""
        return self._workspace.sessions.get(f"{message.channel}:{message.root}")


def check_closed(workspace: Workspace, message: FakeMessage, refusal: str) -> None:
    """Refuse what can't be done to a message that is growing."""
    stream = workspace.streams.get((message.channel, message.ts))
    if stream is not None and _state(workspace, stream) is None:
        raise ApiRefusal(refusal)


def _open(workspace: Workspace, args: Arguments) -> FakeStream:
    channel = workspace.channel(str(args.get("channel")))
    checks.check_may_post(channel)
    ts = str(args.get("ts"))
    if workspace.find(channel.id, ts) is None:
        raise ApiRefusal("message_not_found")
    stream = workspace.streams.get((channel.id, ts))
    closed = EXPIRED if stream is None else _state(workspace, stream)
    if stream is None or closed is not None:
        raise ApiRefusal(closed or EXPIRED)
    return stream


def _state(workspace: Workspace, stream: FakeStream) -> str | None:
    """Return None while it is open, else what more text is refused with."""
    age, most = time.monotonic() - stream.started_seconds, workspace.stream_appends
    over = age > workspace.stream_seconds or (most is not None and stream.appends >= most)
    if stream.closed is None and over:
        _close(stream, EXPIRED)
    return stream.closed


def _close(stream: FakeStream, why: str) -> None:
    stream.closed = why
    stream.message.streaming_state = "completed"


def _write(workspace: Workspace, stream: FakeStream, args: Arguments) -> None:
    """Append the text of a call; the limit is that of the whole message."""
    markdown, chunks = args.get("markdown_text") or "", args.get("chunks") or []
    if markdown and chunks:
        code = "cannot_provide_both_markdown_text_and_chunks"
        checks.refuse(workspace, code, "one of them")
    for chunk in chunks:
        if not isinstance(chunk, dict) or Chunk.parse(chunk) is None:
            checks.refuse(workspace, "invalid_chunks", f"the chunk {chunk!r}"[:100])
    mode = "markdown_text" if markdown else "chunks" if chunks else stream.mode
    if stream.mode not in {None, mode}:
        checks.refuse(workspace, "streaming_mode_mismatch", f"{mode} after {stream.mode}")
    words = [str(chunk["text"]) for chunk in chunks if chunk["type"] == "markdown_text"]
    text = stream.message.text + markdown + "".join(words)
    if len(text) > checks.MAX_MARKDOWN_CHARS:
        checks.refuse(workspace, "msg_too_long", f"a stream of {len(text)} characters")
    stream.mode, stream.message.text = mode, text
    for chunk in chunks:
        if chunk["type"] == "blocks":
            checks.check_blocks(workspace, chunk["blocks"])
            stream.message.blocks += chunk["blocks"]


def _check_recipient(workspace: Workspace, channel: FakeChannel, args: Arguments) -> None:
    user, team = args.get("recipient_user_id"), args.get("recipient_team_id")
    if not channel.is_im:
        for name, value in (("team", team), ("user", user)):
            if not value:
                code = f"missing_recipient_{name}_id"
                checks.refuse(workspace, code, f"in {channel.id}")
    if user and team and workspace.user(str(user)).team != team:
        checks.refuse(workspace, "user_not_found", f"{user} is not of the team {team}")
