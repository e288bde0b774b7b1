"""The line that tells that an answer is being made.

In a thread of a channel `assistant.threads.setStatus` shows it. In a direct message it is a session
of the agent view, which has a stop button; where the app is no agent, the same line as in channels.
https://docs.slack.dev/ai/agent-sessions
"""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.errors import SlackApiError

from supportbot.channels.slack.allowance import SESSION, Allowance
from supportbot.channels.slack.failures import error_code, retry_after_seconds, translated
from supportbot.channels.slack.web import SlackWeb

_RATE_LIMITED = "ratelimited"


class Statuses:
    """Shows and takes away the status of threads."""

    def __init__(self, web: SlackWeb, allowance: Allowance) -> None:
        self._web = web
        #: What the workspace has left, for replies too.
        self.allowance = allowance
        #: False once Slack said that this app has no sessions.
        self._has_sessions = True

    async def show(self, target: Mapping[str, str], status: str | None) -> None:
        """Show a status where an answer will stand, or take it away.

        Raises:
            SendError: Slack refused, or is away.
        """
        channel, thread_ts = target.get("channel", ""), target.get("thread_ts")
        if not channel or not thread_ts:
            return
        if not channel.startswith("D") or not await self._session(target, status):
            with translated(f"show a status in {channel}", may_repeat=True):
                await self._web.quick().assistant_threads_setStatus(
                    channel_id=channel, thread_ts=thread_ts, status=status or ""
                )

    async def end_session(self, channel: str, thread_ts: str) -> None:
        """Take a session out of its work, which its stop button does not do by itself.

        Raises:
            SendError: Slack refused, or is away.
        """
        with translated(f"end a session in {channel}", may_repeat=True):
            await self._web.client().agents_sessions_setStatus(
                channel_id=channel, thread_ts=thread_ts, status="active"
            )

    async def _session(self, target: Mapping[str, str], status: str | None) -> bool:
        """Set the status of the session; False: this app has none, so the line must be shown."""
        if not self._has_sessions:
            return False
        if status is not None and not self.allowance.may_work():
            return True  # left away: to end what began may not be refused
        client = self._web.client() if status is None else self._web.quick()
        with translated("set the status of a session", may_repeat=True):
            try:
                await client.agents_sessions_setStatus(
                    channel_id=target["channel"],
                    thread_ts=target["thread_ts"],
                    status="processing" if status else "active",
                    initiator_user_id=target.get("user"),
                )
            except SlackApiError as error:
                if error_code(error) == _RATE_LIMITED:
                    self.allowance.hold(SESSION, retry_after_seconds(error) or 1.0)
                    raise
                if error_code(error).startswith("http_"):
                    raise
                self._has_sessions = False
                return False
        return True
