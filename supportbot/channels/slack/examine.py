"""What Slack says about a configuration before anything runs: tokens, scopes, channels, operators.

Nothing is posted or changed. `apps.connections.open` only hands out an address that nobody uses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from supportbot.channels.slack.client import FixedToken
from supportbot.channels.slack.config import SlackConfig, Transport
from supportbot.channels.slack.directory import NO_SUCH_GROUP, is_group
from supportbot.channels.slack.failures import error_code, translated
from supportbot.channels.slack.manifest import SCOPES
from supportbot.channels.slack.web import SlackWeb, WebSession
from supportbot.errors import SendError
from supportbot.model.findings import Findings

_CURE_SCOPES = (
    "paste deploy/slack-manifest.yaml again under App Manifest, and install the app again"
)
_NO_CHANNEL = frozenset({"channel_not_found", "method_not_supported_for_channel_type"})
_NO_PERSON = frozenset({"user_not_found", "users_not_found", "user_not_visible"})


async def examine(config: SlackConfig, operators_channel: str | None) -> Findings:
    """Ask Slack about the workspace of a bot token; raises nothing."""
    session = WebSession(config)
    try:
        web = SlackWeb(session, FixedToken(config.bot_token))
        return await _Examination(config, operators_channel, web).run()
    finally:
        await session.aclose()


async def examine_home(config: SlackConfig, token: str) -> Findings:
    """Ask Slack about where operators are at home, by the token of an installation there."""
    session = WebSession(config)
    try:
        web = SlackWeb(session, FixedToken(token))
        return await _Examination(config, config.operators_channel, web).run_home()
    finally:
        await session.aclose()


class _Examination:
    def __init__(self, config: SlackConfig, operators_channel: str | None, web: SlackWeb) -> None:
        self._config = config
        self._operators_channel = operators_channel
        self._web = web
        self._findings = Findings()

    async def run(self) -> Findings:
        """Look at everything; where Slack cannot be asked, the rest is left and noted."""
        try:
            if await self._bot_token():
                async for problem in self._all():
                    self._findings.problems.append(problem)
        except SendError as error:
            self._findings.notes.append(f"{error}; what is left of Slack was not checked")
        return self._findings

    async def run_home(self) -> Findings:
        """Look at what does not depend on any customer's workspace."""
        try:
            async for problem in self._home():
                self._findings.problems.append(problem)
        except SendError as error:
            self._findings.notes.append(f"{error}; what is left of Slack was not checked")
        return self._findings

    async def _bot_token(self) -> bool:
        """Look at the token and its scopes; False: nothing else can be asked."""
        try:
            with translated("tell who we are", may_repeat=True):
                answer = await self._web.client().auth_test()
        except SendError as error:
            if not error.permanent:
                raise
            self._findings.problems.append(f"SLACK_BOT_TOKEN: {error}")
            return False
        granted = _scopes(answer)
        if granted is None:
            self._findings.notes.append("Slack did not tell which scopes the bot has")
            return True
        self._findings.problems.extend(
            f"SLACK_BOT_TOKEN: the bot lacks the scope {name} ({why}); {_CURE_SCOPES}"
            for name, why in sorted(SCOPES.items())
            if name not in granted
        )
        return True

    async def _all(self) -> AsyncIterator[str]:
        async for problem in self._app():
            yield problem
        for channel in self._config.rulebook.by_channel:
            async for problem in self._channel(channel, "channels"):
                yield problem
        async for problem in self._people(self._config.operators | self._config.rulebook.groups):
            yield problem

    async def _home(self) -> AsyncIterator[str]:
        async for problem in self._app():
            yield problem
        async for problem in self._people(self._config.operators):
            yield problem

    async def _people(self, names: Iterable[str]) -> AsyncIterator[str]:
        for name in sorted(names):
            async for problem in self._group(name) if is_group(name) else self._person(name):
                yield problem

    async def _app(self) -> AsyncIterator[str]:
        if self._config.transport is Transport.SOCKET:
            async for problem in self._app_token():
                yield problem
        if self._operators_channel:
            async for problem in self._channel(self._operators_channel, "operators_channel"):
                yield problem

    async def _app_token(self) -> AsyncIterator[str]:
        try:
            with translated("open a socket", may_repeat=True):
                await self._web.client().apps_connections_open(
                    app_token=self._config.app_token or ""
                )
        except SendError as error:
            if not error.permanent:
                raise
            yield f"SLACK_APP_TOKEN: {error}"

    async def _channel(self, channel: str, setting: str) -> AsyncIterator[str]:
        place = f"[slack] {setting}: {channel}"
        answer = await self._asked(
            "look at a channel", self._web.client().conversations_info(channel=channel), _NO_CHANNEL
        )
        if answer is None:
            yield f"{place} is not known to Slack, or private and without the bot; invite it there"
            return
        about = answer.get("channel") or {}
        named = f"{place} (#{about.get('name')})"
        if about.get("is_archived"):
            yield f"{named} is archived; unarchive it or name another"
        elif not about.get("is_member"):
            yield f"{named} has no bot in it; type `/invite` with its name there"
        if setting == "operators_channel":
            for problem in self._open_to_others(about):
                yield f"{named} {problem}"

    def _open_to_others(self, about: Mapping[str, Any]) -> Iterator[str]:
        """Tell who else would read notices, or act, in the operators' channel."""
        if about.get("is_ext_shared"):
            yield "is shared with another company, who would read notices; name another"
        if not self._config.operators and about.get("is_private") is False:
            yield (
                "is public and [slack] operators names nobody, so whoever joins it is an "
                "operator; make it private, or name the operators"
            )

    async def _person(self, user: str) -> AsyncIterator[str]:
        answer = await self._asked(
            "look at a user", self._web.client().users_info(user=user), _NO_PERSON
        )
        about = (answer.get("user") or {}) if answer is not None else {}
        if answer is None or about.get("deleted"):
            yield f"[slack] operators: {user} is nobody in this workspace (any more)"
        elif about.get("is_bot"):
            yield f"[slack] operators: {user} is a bot"

    async def _group(self, group: str) -> AsyncIterator[str]:
        answer = await self._asked(
            "look at a user group",
            self._web.client().usergroups_users_list(usergroup=group),
            NO_SUCH_GROUP,
        )
        if answer is None:
            yield f"[slack] {group} is no user group of this workspace"
        elif not answer.get("users"):
            yield f"[slack] user group {group} has no members"

    async def _asked(
        self, action: str, call: Awaitable[AsyncSlackResponse], unknown: frozenset[str]
    ) -> AsyncSlackResponse | None:
        """Return Slack's answer; None: it knows no such thing."""
        with translated(action, may_repeat=True):
            try:
                return await call
            except SlackApiError as error:
                if error_code(error) not in unknown:
                    raise
        return None


def _scopes(answer: AsyncSlackResponse) -> frozenset[str] | None:
    """Return what the token may do, as https://docs.slack.dev/reference/methods/auth.test tells."""
    for name, value in answer.headers.items():
        if name.lower() == "x-oauth-scopes":
            return frozenset(one.strip() for one in value.split(","))
    return None
