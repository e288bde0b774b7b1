"""What is shown at once beside a ticket: after the ack, as well as it goes, never in its way.

Nothing here is owed to anybody: where Slack cannot be reached, or the process ends, it is left.
What must not be lost is a row before, and a delivery.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.parsing.markup import mentions
from supportbot.channels.slack.parsing.people import Person
from supportbot.channels.slack.parsing.shared import as_one
from supportbot.channels.slack.parsing.viewing import viewed_product
from supportbot.channels.slack.replies.status import Statuses
from supportbot.channels.slack.surfaces import prompts
from supportbot.channels.slack.surfaces.home import Home, is_asked, pressed_product
from supportbot.channels.slack.surfaces.presses import answer_press
from supportbot.channels.slack.surfaces.words import BARRED, request_line
from supportbot.channels.slack.web import SlackWeb
from supportbot.errors import SupportbotError
from supportbot.model.inbound import Accepted
from supportbot.model.ticket import Standing

_log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 50
_MOST_REMEMBERED = 1_000


class Surfaces:
    """Shows things to the person who did something."""

    def __init__(self, web: SlackWeb, rulebook: Rulebook, statuses: Statuses, home: Home) -> None:
        self._web = web
        self._home = home
        self._rulebook = rulebook
        self._statuses = statuses
        self._under_way: set[asyncio.Task[None]] = set()
        #: Threads in which somebody was told already.
        self._told: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def show(
        self, payload: Mapping[str, Any], person: Person, own: Identity, accepted: Accepted
    ) -> None:
        """Begin to show what fits a payload that has been committed; returns at once."""
        event = payload.get("event")
        press = answer_press(self._web, payload, accepted)
        if press is not None:
            self._begin(press)
        elif payload.get("type") == "message_action" and payload.get("response_url"):
            self._begin(self._answer(payload, accepted))
        elif pressed_product(payload) is not None:
            self._begin(self._home.open_form(payload))
        elif is_asked(payload) and accepted.ticket is not None:
            self._begin(self._home.publish(person))
        elif isinstance(event, dict) and not accepted.duplicate:
            self._show_event(event, person, own, accepted)

    def _show_event(
        self, event: Mapping[str, Any], person: Person, own: Identity, accepted: Accepted
    ) -> None:
        match event.get("type"):
            case "app_home_opened" if event.get("tab") == "messages":
                channel = str(event.get("channel"))
                viewed = viewed_product(event.get("context"), self._rulebook)
                self._begin(prompts.offer(self._web, self._rulebook, channel, None, viewed))
            case "agent_session_stopped":
                channel, thread_ts = str(event.get("channel")), str(event.get("thread_ts"))
                ended = self._statuses.set_session(channel, thread_ts, Standing.RESTING)
                self._begin(ended)
            case "app_home_opened" if event.get("tab") == "home":
                self._begin(self._home.publish(person, event.get("view")))
            case "assistant_thread_started":
                self._begin(prompts.welcome_to_thread(self._web, self._rulebook, event))
            case "message" | "app_mention" if accepted.suppressed is not None:
                self.turn_away(event, person, own, accepted.suppressed)

    def turn_away(
        self, event: Mapping[str, Any], person: Person, own: Identity, reason: str
    ) -> None:
        """Begin to tell whoever called us, by any of our bots, and may not ask here."""
        line, said = BARRED.get(reason), _said(as_one({"event": event}, own)["event"])
        called = mentions(str(said.get("text") or ""), own.bot_user)
        # People of another company are told nothing that others cannot see.
        if line is not None and called and person.team == own.team:
            self._begin(self._tell_alone(said, person, line))

    async def aclose(self) -> None:
        """Leave what is under way."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._under_way) >= _MOST_AT_ONCE:
            work.close()
            return
        task = asyncio.create_task(_shown(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _answer(self, payload: Mapping[str, Any], accepted: Accepted) -> None:
        """Tell whoever chose a shortcut what becomes of it, in their sight only."""
        line = request_line(payload, accepted, self._rulebook)
        with translated("answer a shortcut", may_repeat=False):
            await self._web.respond(str(payload["response_url"]), line)

    async def _tell_alone(self, said: Mapping[str, Any], person: Person, line: str) -> None:
        """Tell whoever said something, in their sight only, once in a thread."""
        channel, thread_ts = str(said.get("channel")), said.get("thread_ts")
        place = (channel, str(thread_ts or said.get("ts")), person.user)
        if place in self._told:
            return
        self._told[place] = None
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        with translated("tell somebody alone", may_repeat=False):
            await self._web.client().chat_postEphemeral(
                channel=channel, user=person.user, text=line, thread_ts=thread_ts
            )


def _said(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message that an event brings, as it reads now."""
    changed = event.get("message")
    return {**changed, "channel": event.get("channel")} if isinstance(changed, dict) else event


async def _shown(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except SupportbotError as error:
        _log.info("slack_not_shown", detail=str(error))
