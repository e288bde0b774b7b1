"""What people do in Slack on the lab page, as a customer or as an operator."""

from __future__ import annotations

import html
from collections.abc import Mapping

from starlette.exceptions import HTTPException

from supportbot.channels.slack.keys import ASK_SHORTCUT
from supportbot.channels.web import checks
from supportbot.demo.cast import SLACK_PEOPLE, SLACK_PLACES, Person, SlackPlace
from supportbot.demo.lab.endpoints import Act, Body, Json, one_of
from supportbot.demo.lab.slack_view import BOT_NAME, DIRECT
from supportbot.demo.scene import Day
from supportbot.testing.fake_slack import FakeMessage

_ACK_SECONDS = 5.0


def viewer_named(handle: object) -> Person:
    """Return the person with this name in Slack, else the first of all."""
    return next((p for p in SLACK_PEOPLE if p.handle == handle), SLACK_PEOPLE[0])


class SlackActs:
    """Everything is done as a person: `user` is their name in Slack."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._slack = day.stage.slack

    def acts(self) -> Mapping[str, Act]:
        """Return path → what is done."""
        return {
            "slack/messages": self._say,
            "slack/edit": self._edit,
            "slack/delete": self._delete,
            "slack/react": self._react,
            "slack/ask": self._ask,
            "slack/press": self._press,
            "slack/stop": self._stop,
            "slack/tab": self._open_tab,
            "slack/home": self._open_home,
            "slack/home/press": self._press_home,
            "slack/form": self._fill_in,
            "slack/form/close": self._close_form,
        }

    async def _say(self, body: Body) -> Json:
        """Write; a first message calls the bot where it would not be heard otherwise.

        What begins with a slash is a command.
        """
        text, user = checks.text_of(body), _user(body)
        channel, thread = self._channel(body, user), None
        if text.startswith("/"):
            self._day.command(user, text, channel)
            await self._slack.settled(_ACK_SECONDS)
            return {"id": None}
        text = self._typed(text)
        if body.get("thread") is not None:
            thread = self._found(channel, str(body["thread"]))
        elif _must_mention(channel) and self._mention not in text:
            text = f"{self._mention} {text}"
        files = [_text_file(body["file"])] if body.get("file") is not None else []
        return {"id": self._slack.files.share(channel, user, text, files, thread=thread).root}

    async def _edit(self, body: Body) -> Json:
        message = self._own(body)
        self._slack.edit(message, self._typed(checks.text_of(body)))
        return {"id": message.root}

    async def _delete(self, body: Body) -> Json:
        message = self._own(body)
        self._slack.delete(message)
        return {"id": message.root}

    async def _react(self, body: Body) -> Json:
        """Say with a check mark that all is well."""
        message = self._message(body)
        self._slack.reactions.add(message, "white_check_mark", _user(body))
        return {"id": message.root}

    async def _ask(self, body: Body) -> Json:
        """Choose "Ask support" in the menu of a message."""
        message = self._message(body)
        self._slack.requests.shortcut(message, ASK_SHORTCUT, _user(body))
        return {"id": message.root}

    async def _press(self, body: Body) -> Json:
        message, positive = self._message(body), body.get("positive") is not False
        try:
            self._slack.click(message, str(body.get("action")), _user(body), positive=positive)
        except LookupError as error:
            raise HTTPException(422, "There is no such button.") from error
        return {"id": message.root}

    async def _stop(self, body: Body) -> Json:
        """Press the stop button of a session."""
        message = self._message(body)
        try:
            self._slack.streams.stop(message, _user(body))
        except LookupError as error:
            raise HTTPException(422, "There is no such button.") from error
        return {"id": message.root}

    async def _open_tab(self, body: Body) -> Json:
        self._slack.tab.open(_user(body))
        return {"id": None}

    async def _open_home(self, body: Body) -> Json:
        self._slack.views.open_home(_user(body))
        return {"id": None}

    async def _press_home(self, body: Body) -> Json:
        try:
            self._slack.views.press(_user(body), str(body.get("action")))
        except LookupError as error:
            raise HTTPException(422, "There is no such button.") from error
        return {"id": None}

    async def _fill_in(self, body: Body) -> Json:
        """Send the form that is open; it stays where the bot finds fault with it."""
        values = body.get("values")
        given = (
            {k: v for k, v in values.items() if isinstance(v, str)}
            if isinstance(values, dict)
            else {}
        )
        try:
            sent = self._slack.views.submit(_user(body), given)
        except LookupError as error:
            raise HTTPException(422, "No form is open.") from error
        await self._slack.settled(_ACK_SECONDS)
        errors = sent.response.get("errors") if isinstance(sent.response, dict) else None
        if errors:
            raise HTTPException(422, " ".join(map(str, errors.values())))
        return {"id": None}

    async def _close_form(self, body: Body) -> Json:
        try:
            self._slack.views.close(_user(body))
        except LookupError as error:
            raise HTTPException(422, "No form is open.") from error
        return {"id": None}

    @property
    def _mention(self) -> str:
        return f"<@{self._slack.bot_user}>"

    def _typed(self, text: str) -> str:
        """Return what somebody typed as Slack tells it to apps.

        https://docs.slack.dev/messaging/formatting-message-text#escaping
        """
        return html.escape(text, quote=False).replace(f"@{BOT_NAME}", self._mention)

    def _channel(self, body: Body, user: str) -> str:
        """Return the id of a channel, or of this person's conversation with the bot."""
        workspace = self._slack.workspace
        chosen = one_of(body, "channel", [DIRECT, *(place.id for place in SLACK_PLACES)])
        return workspace.direct_channel(workspace.user(user)).id if chosen == DIRECT else chosen

    def _message(self, body: Body) -> FakeMessage:
        return self._found(self._channel(body, _user(body)), str(body.get("ts")))

    def _own(self, body: Body) -> FakeMessage:
        message = self._message(body)
        if message.user != self._slack.workspace.user(_user(body)).id:
            raise HTTPException(403, "Somebody else wrote this.")
        return message

    def _found(self, channel: str, ts: str) -> FakeMessage:
        message = self._slack.workspace.find(channel, ts)
        if message is None:
            raise HTTPException(404, "There is no such message.")
        return message


def _text_file(given: object) -> tuple[str, str, bytes]:
    """Return name, type and bytes of a file whose text came with a message."""
    name, text = (given.get("name"), given.get("text")) if isinstance(given, dict) else (None, None)
    if not (isinstance(name, str) and isinstance(text, str)):
        raise HTTPException(422, "A file has a name and a text.")
    return name, "text/plain", text.encode("utf-8", "replace")


def _user(body: Body) -> str:
    return one_of(body, "user", [person.handle for person in SLACK_PEOPLE])


def _must_mention(channel: str) -> bool:
    places: dict[str, SlackPlace] = {place.id: place for place in SLACK_PLACES}
    place = places.get(channel)
    return place is not None and place.product is not None and not place.listens_to_all
