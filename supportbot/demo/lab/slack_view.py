"""The fake workspace as one person sees it: channels, direct messages, home tab, open form."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime

from supportbot.channels.slack.keys import message_key
from supportbot.channels.web.html import to_html
from supportbot.demo.cast import OPERATORS, SLACK_PEOPLE, SLACK_PLACES, Person, person_of
from supportbot.demo.evidence import SLACK
from supportbot.demo.lab.blocks import as_html, emoji, parts
from supportbot.demo.lab.endpoints import Json
from supportbot.demo.scene import Day, Typed
from supportbot.testing.fake_slack import FakeMessage, FakeSlack

BOT_NAME = "supportbot"
#: How the page names the conversation of whoever looks with the bot.
DIRECT = "direct"


async def workspace(day: Day, viewer: Person) -> Json:
    """Return what `viewer` sees."""
    slack = day.stage.slack
    shown = [
        await _channel(
            day, viewer, place.id, {"id": place.id, "name": place.name, "product": place.product}
        )
        for place in SLACK_PLACES
        if place.product is not None or viewer in OPERATORS
    ]
    direct = slack.workspace.direct_channel(slack.workspace.user(viewer.handle)).id
    shown.append(
        await _channel(day, viewer, direct, {"id": DIRECT, "name": BOT_NAME, "product": ""})
    )
    return {
        "channels": shown,
        "home": _home(slack, viewer),
        "form": _form(slack, viewer),
    }


async def _channel(day: Day, viewer: Person, id_: str, head: Json) -> Json:
    return {
        **head,
        "threads": await _threads(day, viewer, id_),
        "whispers": list(_whispers(day, viewer, id_)),
        "prompts": day.stage.slack.tab.prompts.get(id_, []),
    }


async def _threads(day: Day, viewer: Person, channel: str) -> list[Json]:
    messages = day.stage.slack.workspace.messages
    roots = [m for m in messages if m.channel == channel and m.root == m.ts]
    return [await _thread(day, viewer, root) for root in roots]


async def _thread(day: Day, viewer: Person, root: FakeMessage) -> Json:
    slack = day.stage.slack
    key = message_key(slack.team, root.channel, root.ts)
    whispered = [
        message
        for user, message in slack.workspace.ephemerals
        if user == viewer.slack_user
        and (message.channel, message.thread_ts) == (root.channel, root.ts)
    ]
    shown = [_message(slack, viewer, message) for message in slack.thread(root)]
    shown += [_message(slack, viewer, message) | {"whisper": True} for message in whispered]
    return {
        "id": root.ts,
        "ticket": await day.ledger.ticket_of(SLACK, key),
        "messages": sorted(shown, key=_order),
        "status": slack.workspace.statuses.get(f"{root.channel}:{root.ts}", ""),
        # The session of the agent view, which has a stop button.
        "working": slack.streams.session(root) == "processing",
    }


def _order(shown: Json) -> str:
    return str(shown["ts"])


def _message(slack: FakeSlack, viewer: Person, message: FakeMessage) -> Json:
    bot = message.user == slack.bot_user
    return {
        "ts": message.ts,
        "bot": bot,
        "mine": message.user == viewer.slack_user,
        "name": _name(slack, message.user),
        "at": datetime.fromtimestamp(float(message.ts), UTC).isoformat(),
        "text": html.unescape(message.text.replace(f"<@{slack.bot_user}>", f"@{BOT_NAME}")),
        "parts": list(_seen(slack, message)) if bot else None,
        "files": [str(file.get("name") or "a file") for file in message.files],
        "edited": message.edited and not bot,
        "growing": message.streaming_state == "in_progress",
        "reactions": [
            {"emoji": emoji(name), "count": len(users)} for name, users in message.reactions.items()
        ],
    }


def _seen(slack: FakeSlack, message: FakeMessage) -> Iterator[Json]:
    """Return the parts of a message of the bot. Beside blocks, text is for notifications only."""

    def named(user: str) -> str:
        return _name(slack, user)

    if message.streaming_state is not None:
        yield {"kind": "html", "html": to_html(message.text)}
    elif not message.blocks:
        yield {"kind": "html", "html": as_html(message.text, named)}
    yield from parts(message.blocks, named)


def _whispers(day: Day, viewer: Person, channel: str) -> Iterator[Json]:
    """Return what the bot says to this person alone, outside of threads."""
    slack = day.stage.slack
    for user, message in slack.workspace.ephemerals:
        if user == viewer.slack_user and message.channel == channel and not message.thread_ts:
            yield _message(slack, viewer, message) | {"whisper": True}
    for typed in day.typed:
        if typed.user == viewer.handle and typed.channel == channel:
            yield from _answer(slack, typed)


def _answer(slack: FakeSlack, typed: Typed) -> Iterator[Json]:
    """Return a command as its author sees it, with what the bot answered."""
    said = typed.delivery.response
    text = said.get("text") if isinstance(said, dict) else said
    message = FakeMessage(typed.channel, typed.ts, slack.bot_user, str(text or ""))
    yield {"ts": typed.ts, "typed": typed.text}
    if text:
        viewer = next(person for person in SLACK_PEOPLE if person.handle == typed.user)
        yield _message(slack, viewer, message) | {"whisper": True}


def _home(slack: FakeSlack, viewer: Person) -> list[Json] | None:
    """Return the parts of the home tab; None: it was not published to this person."""
    home = slack.views.home(viewer.handle)
    return None if home is None else parts(home.body["blocks"], lambda user: _name(slack, user))


def _form(slack: FakeSlack, viewer: Person) -> Json | None:
    """Return the form that is open before this person."""
    modal = slack.views.modal(viewer.handle)
    if modal is None:
        return None
    body = modal.body
    words = {name: (body.get(name) or {}).get("text", "") for name in ("title", "submit", "close")}
    return {
        "id": modal.id,
        **words,
        "parts": parts(body["blocks"], lambda user: _name(slack, user)),
    }


def _name(slack: FakeSlack, user: str) -> str:
    if user == slack.bot_user:
        return BOT_NAME
    person = person_of(f"{slack.team}:{user}")
    return person.name if person else user
