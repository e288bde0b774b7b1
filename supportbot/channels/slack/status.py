"""The line that tells that an answer is being made.

In a thread of a channel `assistant.threads.setStatus` shows it. In a direct message it is a session
of the agent view, which has a stop button; where the app is no agent, the same line as in channels.
https://docs.slack.dev/ai/agent-sessions
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from slack_sdk.errors import SlackApiError

from supportbot.channels.slack.allowance import SESSION, STATUS, Allowance
from supportbot.channels.slack.failures import (
    RATE_LIMITED,
    error_code,
    retry_after_seconds,
    translated,
)
from supportbot.channels.slack.web import SlackWeb

#: Refusals that say that the app, or the workspace, has no sessions; others are about one place.
_NO_SESSIONS = frozenset(
    {
        "access_denied",
        "feature_not_enabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed",
        "not_allowed_token_type",
        "team_access_not_granted",
        "unknown_method",
    }
)


class Statuses:
    """Shows and takes away the status of threads."""

    def __init__(self, web: SlackWeb, allowance: Allowance) -> None:
        self._web = web
        #: What the workspace has left, for replies too.
        self.allowance = allowance
        #: Until then Slack is not asked again whether this app has sessions, by the clock of time.
        self._without_sessions_until = 0.0
        #: (channel, thread) → the method that shows something there, and has to take it away.
        self._shown: dict[tuple[str, str], str] = {}

    async def show(self, target: Mapping[str, str], status: str) -> None:
        """Show a status where an answer will stand; in a rush it is left away.

        Raises:
            SendError: Slack refused, or is away.
        """
        if not all(_place(target)):
            return
        if not await self._in_session(target):
            await self._in_thread(target, status)

    async def take_away(self, target: Mapping[str, str], *, grows: bool) -> None:
        """Take away what is shown there.

        `grows`: a reply grows there. A session has its stop button for as long as it works, and
        the end of the stream takes it out of its work.

        Raises:
            SendError: Slack refused, or is away.
        """
        place = _place(target)
        shown_by = self._shown.get(place)
        if shown_by == STATUS:
            await self._set_line(target, "")
        elif shown_by == SESSION and not grows:
            await self.end_session(*place)
        self._shown.pop(place, None)

    async def end_session(self, channel: str, thread_ts: str) -> None:
        """Take a session out of its work, which its stop button does not do by itself.

        Raises:
            SendError: Slack refused, or is away.
        """
        with translated(f"end a session in {channel}", may_repeat=True):
            await self._web.client().agents_sessions_setStatus(
                channel_id=channel, thread_ts=thread_ts, status="active"
            )

    async def _in_thread(self, target: Mapping[str, str], status: str) -> None:
        if self._begun(STATUS, target):
            await self._set_line(target, status)

    async def _set_line(self, target: Mapping[str, str], status: str) -> None:
        """Show the line, or take it away; for the latter Slack is waited for."""
        client = self._web.quick() if status else self._web.client()
        with translated(f"show a status in {target['channel']}", may_repeat=True):
            try:
                await client.assistant_threads_setStatus(
                    channel_id=target["channel"], thread_ts=target["thread_ts"], status=status
                )
            except SlackApiError as error:
                self._learn(STATUS, error)
                raise

    async def _in_session(self, target: Mapping[str, str]) -> bool:
        """Let a session work; False: there is none, so the line must do."""
        direct = target["channel"].startswith("D")
        if not direct or time.monotonic() < self._without_sessions_until:
            return False
        if not self._begun(SESSION, target):
            return True
        # People of other teams begin no session.
        own = target.get("user_team") == target.get("team")
        with translated("set the status of a session", may_repeat=True):
            try:
                await self._web.quick().agents_sessions_setStatus(
                    channel_id=target["channel"],
                    thread_ts=target["thread_ts"],
                    status="processing",
                    initiator_user_id=target.get("user") if own else None,
                )
            except SlackApiError as error:
                self._learn(SESSION, error)
                if _passes(error_code(error)):
                    raise
                if error_code(error) in _NO_SESSIONS:
                    refused_seconds = self.allowance.rules.refused_seconds
                    self._without_sessions_until = time.monotonic() + refused_seconds
                return False
        return True

    def _begun(self, method: str, target: Mapping[str, str]) -> bool:
        """Take a place for showing something and for taking it away, if there is one."""
        may = self.allowance.may_show(method)
        if may:
            self._shown[_place(target)] = method
        return may

    def _learn(self, method: str, error: SlackApiError) -> None:
        if error_code(error) in RATE_LIMITED:
            self.allowance.hold(method, retry_after_seconds(error) or 1.0)


def _place(target: Mapping[str, str]) -> tuple[str, str]:
    return target.get("channel", ""), target.get("thread_ts", "")


def _passes(code: str) -> bool:
    """Tell whether a refusal says nothing about the session."""
    return code in RATE_LIMITED or code.startswith("http_")
