"""What tells how a ticket stands: that an answer is being made, that people have it.

In a thread of a channel `assistant.threads.setStatus` shows a line while an answer is made, which
a post of the app takes away. A direct message is a session of the agent view, with a stop button;
where the app is no agent, there is the same line as in channels.
https://docs.slack.dev/ai/agent-sessions and
https://docs.slack.dev/reference/methods/assistant.threads.setStatus
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.failures import (
    RATE_LIMITED,
    error_code,
    retry_after_seconds,
    translated,
)
from supportbot.channels.slack.replies.allowance import SESSION, STATUS, Allowance
from supportbot.channels.slack.web import SlackWeb
from supportbot.errors import SendError
from supportbot.model.ticket import Standing

THINKING = "is thinking…"

#: What a session is while its ticket stands so.
_SESSION_STATUS: Mapping[Standing, str] = {
    Standing.RESTING: "active",
    Standing.WORKING: "processing",
    Standing.WITH_PEOPLE: "suspended",
    Standing.RESOLVED: "closed",
}

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


@dataclass(eq=False, slots=True)
class _Sign:
    """What this process shows in a place."""

    #: The method that shows it, and has to take it away.
    method: str
    #: Slack has said that it is there.
    there: bool = False
    #: A post has taken it away.
    gone: bool = False


class Statuses:
    """Shows how tickets stand in their threads."""

    def __init__(self, web: SlackWeb, allowance: Allowance) -> None:
        self._web = web
        #: What the workspace has left, for replies too.
        self.allowance = allowance
        #: Until then Slack is not asked again whether this app has sessions, by the clock of time.
        self._without_sessions_until = 0.0
        self._shown: dict[tuple[str, str], _Sign] = {}

    async def work(self, target: Mapping[str, str]) -> None:
        """Show that an answer is being made where it will stand.

        Raises:
            SendError: Slack refused, or in a rush: there is better to do.
            DeliveryUnknown: Slack's answer was lost.
        """
        place = place_of(target)
        if not all(place):
            raise SendError("there is no thread for a status", permanent=True)
        try:
            if self._has_sessions(target):
                self._begin(SESSION, target)
                if await self._set_session(self._web.quick(), target, Standing.WORKING):
                    return
            sign = self._begin(STATUS, target)
            await self._set_line(target, THINKING)
        except SendError:  # surely nothing is shown
            self._shown.pop(place, None)
            raise
        sign.there = True

    async def rest(self, target: Mapping[str, str], standing: Standing, *, grows: bool) -> None:
        """Show how the ticket stands there while no answer is made.

        `grows`: a reply grows there. A session has its stop button for as long as it works, and
        the end of the stream takes it out of its work.

        Raises:
            SendError: Slack refused, or is away.
        """
        place = place_of(target)
        if not all(place):
            return
        sign, rests = self._shown.get(place), standing is Standing.RESTING
        if sign is not None and sign.method == STATUS and not sign.gone:
            await self._set_line(target, "")
        elif rests and (grows or (sign is not None and sign.gone)):
            pass
        elif self._has_sessions(target) or (sign is not None and sign.method == SESSION):
            await self._tell_session(target, standing, counted=sign is not None)
        elif sign is None and rests:  # another process may have shown it
            await self._set_line(target, "")
        self._shown.pop(place, None)

    @contextmanager
    def posting(self, target: Mapping[str, str]) -> Iterator[None]:
        """Note that a message of ours is posted there, which takes away a line that is there."""
        place = place_of(target)
        sign = self._shown.get(place)
        stood = sign is not None and sign.there
        yield
        if sign is not None and stood:
            sign.gone = True

    async def set_session(self, channel: str, thread_ts: str, standing: Standing) -> None:
        """Let a session be what it should be, which neither its stop button nor a post does.

        Raises:
            SendError: Slack refused, or is away.
        """
        with translated(f"set the status of a session in {channel}", may_repeat=True):
            await self._web.client().agents_sessions_setStatus(
                channel_id=channel, thread_ts=thread_ts, status=session_status(channel, standing)
            )

    async def _tell_session(
        self, target: Mapping[str, str], standing: Standing, *, counted: bool
    ) -> None:
        """Tell a session; `counted`: the call was counted when the session began to work."""
        if self.allowance.is_held(SESSION):
            raise SendError("Slack wants no status of a session yet", permanent=False)
        if not counted:
            self.allowance.spend(SESSION)
        await self._set_session(self._web.client(), target, standing)

    async def _set_line(self, target: Mapping[str, str], status: str) -> None:
        """Show the line, or take it away; for the latter Slack is waited for."""
        client = self._web.quick() if status else self._web.client()
        with translated(f"show a status in {target['channel']}", may_repeat=not status):
            try:
                await client.assistant_threads_setStatus(
                    channel_id=target["channel"], thread_ts=target["thread_ts"], status=status
                )
            except SlackApiError as error:
                self._learn(STATUS, error)
                raise

    def _has_sessions(self, target: Mapping[str, str]) -> bool:
        """Tell whether a target leads to a session, as far as Slack has not said otherwise."""
        has_any = time.monotonic() >= self._without_sessions_until
        return has_any and target["channel"].startswith("D")

    async def _set_session(
        self, client: AsyncWebClient, target: Mapping[str, str], standing: Standing
    ) -> bool:
        """Set the status of a session; False: there is none, so the line must do."""
        # People of other teams begin no session.
        own = target.get("user_team") == target.get("team")
        ends = standing is not Standing.WORKING
        with translated("set the status of a session", may_repeat=ends):
            try:
                await client.agents_sessions_setStatus(
                    channel_id=target["channel"],
                    thread_ts=target["thread_ts"],
                    status=session_status(target["channel"], standing),
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

    def _begin(self, method: str, target: Mapping[str, str]) -> _Sign:
        """Count the calls for showing something and for taking it away.

        Raises:
            SendError: there is no room for them.
        """
        if not self.allowance.may_show(method):
            raise SendError("too many statuses are shown", permanent=False)
        sign = self._shown[place_of(target)] = _Sign(method)
        return sign

    def _learn(self, method: str, error: SlackApiError) -> None:
        if error_code(error) in RATE_LIMITED:
            self.allowance.hold(method, retry_after_seconds(error) or 1.0)


def session_status(channel: str, standing: Standing) -> str:
    """Say what a session is to be; in a thread of a channel only streams make one, and end it."""
    shows_all = channel.startswith("D") or standing is Standing.WORKING
    return _SESSION_STATUS[standing if shows_all else Standing.RESTING]


def place_of(target: Mapping[str, str]) -> tuple[str, str]:
    """Return the channel and the thread of a target; empty where it names none."""
    return target.get("channel", ""), target.get("thread_ts", "")


def _passes(code: str) -> bool:
    """Tell whether a refusal says nothing about the session."""
    return code in RATE_LIMITED or code.startswith("http_")
