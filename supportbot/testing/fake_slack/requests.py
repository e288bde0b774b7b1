"""Questions without a message: slash commands and shortcuts on messages; and response URLs.

https://docs.slack.dev/interactivity/implementing-slash-commands,
https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload and
https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web

from supportbot.testing.fake_slack import checks
from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.views import Triggers
from supportbot.testing.fake_slack.workspace import APP, FakeMessage, Workspace

#: Sends a payload of a kind to the bot.
Send = Callable[[str, dict[str, Any]], EventDelivery]


class Responses:
    """The response URLs of all workspaces: what is posted there goes to whoever asked."""

    def __init__(self) -> None:
        self.base = ""
        self._open: dict[str, Callable[[dict[str, Any]], None]] = {}

    def open(self, take: Callable[[dict[str, Any]], None]) -> str:
        """Return a new response URL; `take` is given what is posted to it."""
        number = secrets.token_hex(8)
        self._open[number] = take
        return f"{self.base}/{number}"

    async def handle(self, request: web.Request) -> web.Response:
        """Take what the bot says at a response URL."""
        take = self._open.get(request.match_info["number"])
        if take is None:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        take(await request.json())
        return web.json_response({"ok": True})


class Requests:
    """What people do beside writing; `answers` has what they were told at response URLs."""

    def __init__(
        self, workspace: Workspace, send: Send, responses: Responses, triggers: Triggers
    ) -> None:
        self._workspace = workspace
        self._send = send
        self._responses = responses
        self._triggers = triggers
        #: What only one user sees, in order: (user, body).
        self.answers: list[tuple[str, dict[str, Any]]] = []

    def command(
        self, user: str, text: str, *, channel: str = "support", command: str = "/support"
    ) -> EventDelivery:
        """Type a slash command; the delivery's `response` is what the user is shown.

        Its text is escaped, as the manifest's `should_escape` wants it.
        """
        person, place = self._workspace.user(user), self._workspace.channel(channel)
        return self._send(
            "slash_commands",
            {
                "token": "deprecated",
                "team_id": self._workspace.team,
                "team_domain": "fake",
                "channel_id": place.id,
                "channel_name": "directmessage" if place.is_im else place.name,
                "user_id": person.id,
                "user_name": person.name,
                "command": command,
                "text": html.escape(text, quote=False),
                "api_app_id": APP,
                "enterprise_id": self._workspace.enterprise or None,
                "is_enterprise_install": str(self._workspace.whole_org).lower(),
                "response_url": self.response_url(person.id, place.id),
                "trigger_id": self._triggers.issue(person.id),
            },
        )

    def shortcut(self, message: FakeMessage, callback_id: str, user: str) -> EventDelivery:
        """Choose a shortcut in the menu of a message."""
        person, place = self._workspace.user(user), self._workspace.channels[message.channel]
        return self._send(
            "interactive",
            {
                "type": "message_action",
                "token": "deprecated",
                "action_ts": self._workspace.next_ts(),
                "team": {"id": self._workspace.team, "domain": "fake"},
                "user": {"id": person.id, "username": person.name, "team_id": person.team},
                "channel": {"id": place.id, "name": place.name},
                "callback_id": callback_id,
                "trigger_id": self._triggers.issue(person.id),
                "response_url": self.response_url(person.id, place.id, message.thread_ts),
                "message_ts": message.ts,
                "message": message.as_json(),
                **self._workspace.organisation(),
            },
        )

    def response_url(
        self,
        user: str,
        channel: str,
        thread_ts: str | None = None,
        original: FakeMessage | None = None,
    ) -> str:
        """Return where to answer what a user did; `original` is the message that they pressed."""

        def take(body: dict[str, Any]) -> None:
            self.answers.append((user, body))
            said = FakeMessage(
                channel=channel,
                ts=self._workspace.next_ts(),
                user=self._workspace.bot_user,
                text=str(body.get("text") or ""),
                thread_ts=thread_ts,
                blocks=checks.with_ids(body.get("blocks") or []),
            )
            if original is not None and body.get("delete_original"):
                self._workspace.take_back(original)
            elif original is not None and body.get("replace_original"):
                original.text, original.blocks = said.text, said.blocks
            elif body.get("response_type") == "in_channel":
                self._workspace.add(said)
            else:
                self._workspace.ephemerals.append((user, said))
            self._workspace.notify()

        return self._responses.open(take)
