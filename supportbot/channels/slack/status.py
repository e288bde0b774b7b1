"""The line that tells that an answer is being made.

In a thread of a channel `assistant.threads.setStatus` shows it. In a direct message it is a session
of the agent view, which has a stop button; where the app is no agent, the same line as in channels.
https://docs.slack.dev/ai/agent-sessions
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.allowance import SESSION, STATUS, Allowance
from supportbot.channels.slack.failures import (
    RATE_LIMITED,
    error_code,
    retry_after_seconds,
    translated,
)
from supportbot.channels.slack.web import SlackWeb


class Statuses:
    """Shows and takes away the status of threads."""

    def __init__(self, web: SlackWeb, allowance: Allowance) -> None:
        self._web = web
        #: What the workspace has left, for replies too.
        self.allowance = allowance
        #: Until then Slack is not asked again whether this app has sessions, by the clock of time.
        self._without_sessions_until = 0.0
        #: (channel, thread) where something is shown, and has to be taken away.
        self._shown: set[tuple[str, str]] = set()

    async def show(self, target: Mapping[str, str], status: str | None) -> None:
        """Show a status where an answer will stand, or take it away; in a rush it is left away.

        Raises:
            SendError: Slack refused, or is away.
        """
        place = (target.get("channel", ""), target.get("thread_ts", ""))
        if not all(place) or (status is None and place not in self._shown):
            return
        if not await self._in_session(target, status):
            await self._in_thread(target, status)
        if status is None:
            self._shown.discard(place)

    async def end_session(self, channel: str, thread_ts: str) -> None:
        """Take a session out of its work, which its stop button does not do by itself.

        Raises:
            SendError: Slack refused, or is away.
        """
        with translated(f"end a session in {channel}", may_repeat=True):
            await self._web.client().agents_sessions_setStatus(
                channel_id=channel, thread_ts=thread_ts, status="active"
            )

    async def _in_thread(self, target: Mapping[str, str], status: str | None) -> None:
        if status is not None and not self._begun(STATUS, target):
            return
        with translated(f"show a status in {target['channel']}", may_repeat=True):
            try:
                await self._client(status).assistant_threads_setStatus(
                    channel_id=target["channel"],
                    thread_ts=target["thread_ts"],
                    status=status or "",
                )
            except SlackApiError as error:
                self._learn(STATUS, error)
                raise

    async def _in_session(self, target: Mapping[str, str], status: str | None) -> bool:
        """Set the status of a session; False: there is none, so the line must do."""
        direct = target["channel"].startswith("D")
        if not direct or time.monotonic() < self._without_sessions_until:
            return False
        if status is not None and not self._begun(SESSION, target):
            return True
        # People of other teams begin no session.
        own = target.get("user_team") == target.get("team")
        with translated("set the status of a session", may_repeat=True):
            try:
                await self._client(status).agents_sessions_setStatus(
                    channel_id=target["channel"],
                    thread_ts=target["thread_ts"],
                    status="processing" if status else "active",
                    initiator_user_id=target.get("user") if own else None,
                )
            except SlackApiError as error:
                self._learn(SESSION, error)
                if _passes(error_code(error)):
                    raise
                refused_seconds = self.allowance.rules.refused_seconds
                self._without_sessions_until = time.monotonic() + refused_seconds
                return False
        return True

    def _begun(self, method: str, target: Mapping[str, str]) -> bool:
        """Take a place for showing something and for taking it away, if there is one."""
        may = self.allowance.may_show(method)
        if may:
            self._shown.add((target["channel"], target["thread_ts"]))
        return may

    def _client(self, status: str | None) -> AsyncWebClient:
        """Return one that waits for Slack where something has to be taken away."""
        return self._web.client() if status is None else self._web.quick()

    def _learn(self, method: str, error: SlackApiError) -> None:
        if error_code(error) in RATE_LIMITED:
            self.allowance.hold(method, retry_after_seconds(error) or 1.0)


def _passes(code: str) -> bool:
    """Tell whether a refusal says nothing about the app."""
    return code in RATE_LIMITED or code.startswith("http_")
