"""What is asked without a message: by a slash command, a shortcut, a form. Pure.

Nobody can see such a question in a conversation, so it is answered in a direct message, below a
copy of itself. https://docs.slack.dev/interactivity/implementing-slash-commands and
https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.forms import words_of
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.keys import ASK_FORM, ASK_SHORTCUT, message_key
from supportbot.channels.slack.parsing.markup import readable
from supportbot.channels.slack.parsing.people import Person, direct_key, person_of
from supportbot.channels.slack.parsing.scene import Scene
from supportbot.errors import EmptyBody, Unparsable
from supportbot.model.inbound import (
    Conversation,
    CustomerMessage,
    Heard,
    Ignored,
    Repeated,
)

Payload = Mapping[str, Any]

#: What is stored of a command that asks nothing.
ASKS_NOTHING = "asks_nothing"
_HELP = frozenset({"", "help", "?"})


@dataclass(frozen=True, slots=True)
class Request:
    """A question that stands in no conversation."""

    person: Person
    text: str
    #: Unique: names its thread until it has a place.
    key: str
    product: str | None
    barred: str | None = None
    #: The message that it is about, as `channel:ts`.
    about: str | None = None
    repeats: Repeated | None = None


def parse_request(payload: Payload, scene: Scene) -> Heard:
    """Understand a command, a shortcut or a form.

    Raises:
        EmptyBody, Unparsable: see `parse_command`, `parse_shortcut` and `parse_form`.
    """
    if "command" in payload:
        return parse_command(payload, scene)
    if payload.get("type") == "view_submission":
        return parse_form(payload, scene)
    return parse_shortcut(payload, scene)


def parse_command(payload: Payload, scene: Scene) -> Heard:
    """Understand `/support [product] question`; a command that asks nothing is ignored.

    Raises:
        Unparsable: it names no user.
    """
    rules = scene.rulebook.of(str(payload.get("channel_id")))
    typed = readable(_text(payload), scene.own.bot_user)
    product, text = _product_and_question(typed, scene)
    if text.lower() in _HELP:
        return Ignored(ASKS_NOTHING)
    return asked(
        Request(
            person=_person(payload, scene.own),
            text=text,
            key=f"command:{payload.get('trigger_id')}",
            product=product or rules.product,
            barred=scene.barred(rules),
        ),
        scene.own,
    )


def parse_shortcut(payload: Payload, scene: Scene) -> Heard:
    """Understand "Ask support" on a message: its words are the question of whoever chose it.

    Raises:
        EmptyBody: the message has no words.
        Unparsable: it names no user or no message.
    """
    if payload.get("callback_id") != ASK_SHORTCUT:
        return Ignored(f"slack shortcut: {str(payload.get('callback_id'))[:100]}")
    message, channel = payload.get("message"), payload.get("channel")
    place = channel.get("id") if isinstance(channel, dict) else None
    if not (isinstance(message, dict) and isinstance(place, str) and message.get("ts")):
        raise Unparsable("the Slack shortcut names no message")
    text = readable(_text(message), scene.own.bot_user)
    if not text:
        raise EmptyBody("the Slack message has no words")
    person, rules = _person(payload, scene.own), scene.rulebook.of(place)
    about = f"{place}:{message['ts']}"
    request = Request(
        person=person,
        text=text,
        key=f"about:{about}:{person.user}",
        product=rules.product,
        barred=scene.barred(rules),
        about=about,
        repeats=Repeated(
            message_key(scene.own.team, place, message["ts"]),
            by_author=message.get("user") == person.user,
        ),
    )
    if not stays_in_thread(payload, scene.rulebook):
        return asked(request, scene.own)
    root = message.get("thread_ts") or message["ts"]
    return _in_thread(request, scene.own, place, str(root))


def stays_in_thread(payload: Payload, rulebook: Rulebook) -> bool:
    """Tell whether what is asked about a message is answered where the message stands.

    Where we are known to be, everybody may see that one's own question is answered.
    """
    message, user, channel = payload.get("message"), payload.get("user"), payload.get("channel")
    if not (isinstance(message, dict) and isinstance(user, dict) and isinstance(channel, dict)):
        return False
    place = channel.get("id")
    own = message.get("user") == user.get("id")
    return own and isinstance(place, str) and place in rulebook.by_channel


def parse_form(payload: Payload, scene: Scene) -> Heard:
    """Understand the form of the home tab that came back.

    Raises:
        EmptyBody: nothing was filled in.
        Unparsable: it names no user, or has no field of ours.
    """
    view = payload.get("view")
    view = view if isinstance(view, dict) else {}
    if view.get("callback_id") != ASK_FORM:
        return Ignored(f"slack form: {str(view.get('callback_id'))[:100]}")
    text, product = words_of(view), view.get("private_metadata")
    if text is None:
        raise Unparsable("a Slack form came back without its field")
    if not text.strip():
        raise EmptyBody("a Slack form came back empty")
    request = Request(
        person=_person(payload, scene.own),
        text=text.strip(),
        key=f"form:{view.get('id')}",
        product=product if product in scene.rulebook.products else None,
    )
    return asked(request, scene.own)


def asked(request: Request, own: Identity) -> CustomerMessage:
    """Make the customer's message of a request: it is shown to them where it is answered."""
    person = request.person
    target = {**own.target(), "user": person.user, "user_team": person.team}
    if request.about is not None:
        target["about"] = request.about
    return CustomerMessage(
        sender=person.sender(),
        text=request.text,
        thread_keys=(message_key(own.team, "asked", request.key),),
        target=target,
        product=request.product,
        barred=request.barred,
        conversation=Conversation(direct_key(person), fresh=True),
        echo=True,
        repeats=request.repeats,
    )


def _in_thread(request: Request, own: Identity, channel: str, root: str) -> CustomerMessage:
    """Make a message of a request that is answered where it stands."""
    person, (_, _, ts) = request.person, (request.about or "").rpartition(":")
    place = {"channel": channel, "thread_ts": root, "asked_ts": ts}
    return CustomerMessage(
        sender=person.sender(),
        text=request.text,
        thread_keys=(message_key(own.team, channel, root),),
        target={**own.target(), **place, "user": person.user, "user_team": person.team},
        product=request.product,
        barred=request.barred,
        shared_thread=True,
        repeats=request.repeats,
    )


def _product_and_question(text: str, scene: Scene) -> tuple[str | None, str]:
    """Divide what stands behind a command; its first word may name a product."""
    first, _, rest = text.partition(" ")
    product = first.lower().removesuffix(":")
    return (product, rest.strip()) if product in scene.rulebook.products else (None, text)


def _person(payload: Payload, own: Identity) -> Person:
    person = person_of(payload, own)
    if person is None:
        raise Unparsable("the Slack payload names no user")
    return person


def _text(part: Payload) -> str:
    text = part.get("text")
    return text.strip() if isinstance(text, str) else ""
