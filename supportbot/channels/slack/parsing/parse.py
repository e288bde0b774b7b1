"""What a Slack payload means. Pure: bytes and facts in, a `Heard` out.

Either copy of a mention (`message`, `app_mention`) counts as addressed, because the first one to
arrive is kept and the other one is a duplicate of it by its key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from supportbot.channels.slack.config import ChannelRules, Rulebook
from supportbot.channels.slack.files import referred, taken_out
from supportbot.channels.slack.forms import is_filled_in
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.keys import SPOKEN_SUBTYPES, message_key
from supportbot.channels.slack.parsing.actions import parse_actions, parse_stop, parse_submission
from supportbot.channels.slack.parsing.gestures import parse_reaction
from supportbot.channels.slack.parsing.markup import as_markdown, mentions, readable
from supportbot.channels.slack.parsing.people import author, direct_key
from supportbot.channels.slack.parsing.profiles import PROFILE, parse_profile
from supportbot.channels.slack.parsing.requests import parse_request
from supportbot.channels.slack.parsing.scene import NOT_INSTALLED, UNREADABLE, Scene
from supportbot.channels.slack.parsing.shared import as_one
from supportbot.channels.slack.parsing.viewing import viewed_product
from supportbot.errors import EmptyBody, Unparsable
from supportbot.model.inbound import (
    Action,
    Conversation,
    CustomerMessage,
    Deleted,
    Edited,
    Heard,
    Ignored,
    Inbound,
    OperatorMessage,
    Sender,
)
from supportbot.model.time import to_ms

Payload = Mapping[str, Any]

#: Somebody's name, or that of a group, at the beginning of a message.
_MENTION = re.compile(r"<(?:@|!subteam\^)(?P<name>[A-Z0-9]+)(?:\|[^<>]*)?>")

#: Why a message is not a customer's, in the order in which the rules are asked.
_NOT_A_CUSTOMER: tuple[tuple[str, Callable[[Payload, Identity, ChannelRules], bool]], ...] = (
    ("own_message", lambda event, own, _: _is_own(event, own)),
    ("slackbot", lambda event, *_: event.get("user") == "USLACKBOT"),
    ("bot_message", lambda event, _, rules: _is_bot(event) and not rules.bots),
    # Two bots that answer each other's answers would never end.
    ("bot_reply", lambda event, *_: _is_bot(event) and _root(event) != event.get("ts")),
    ("hidden", lambda event, *_: bool(event.get("hidden"))),
    ("no_author", lambda event, *_: not (event.get("user") or _is_bot(event))),
)


def parse(inbound: Inbound, rulebook: Rulebook) -> Heard:
    """Understand one stored payload.

    Raises:
        EmptyBody: a message without a word and without a file, that does not call for us.
        Unparsable: no JSON object, or a message without its place.
    """
    scene = Scene(Identity.from_meta(inbound.meta), rulebook, inbound.meta)
    payload = as_one(_load(inbound.raw), scene.own)
    if inbound.meta.get(UNREADABLE):
        raise Unparsable("the Slack payload is not shaped as Slack shapes it")
    return _by_whom(_parse_payload(payload, scene), payload.get("event"), scene)


def _by_whom(heard: Heard, event: object, scene: Scene) -> Heard:
    """Add what is known of the person who did it."""
    name, email = scene.meta.get("name"), scene.meta.get("email")
    if name and isinstance(heard, CustomerMessage | Edited | Action):
        heard = replace(heard, sender=replace(heard.sender, name=name, email=email))
    team = scene.meta.get("operators_team")
    if team and isinstance(heard, Action) and heard.ends_with:
        heard = replace(heard, sender=replace(heard.sender, external_id=team + heard.ends_with))
    if scene.perhaps_by_operator:
        return _perhaps_of_operator(heard, event)
    return _of_operator(heard, event, scene.own) if scene.by_operator else heard


def _perhaps_of_operator(heard: Heard, event: object) -> Heard:
    """Take a reply for anybody's, unless it stands below a notice: only operators see those."""
    root = event.get("thread_ts") if isinstance(event, dict) else None
    if not isinstance(heard, CustomerMessage) or not isinstance(event, dict) or not root:
        return heard
    return OperatorMessage(heard, below=f"{event.get('channel')}:{root}", in_doubt=True)


def _of_operator(heard: Heard, event: object, own: Identity) -> Heard:
    """Take a press for an operator's, and words; a question to the bot is anybody's."""
    if isinstance(heard, Action):
        return replace(heard, by_operator=True)
    if not isinstance(heard, CustomerMessage) or not isinstance(event, dict):
        return heard
    calls = heard.greet or event.get("channel_type") == "im"
    root, begins = event.get("thread_ts"), _MENTION.match(_text(event).lstrip())
    return OperatorMessage(
        replace(heard, addressed=calls),
        below=f"{event.get('channel')}:{root}" if root else None,
        aside=begins is not None and begins["name"] != own.bot_user,
    )


def _parse_payload(payload: Payload, scene: Scene) -> Heard:
    kind = payload.get("type")
    if kind == PROFILE:
        return parse_profile(payload)
    event = payload.get("event")
    if kind == "event_callback" and not isinstance(event, dict):
        raise Unparsable("the Slack event has no body")
    if not scene.own.is_known:
        return Ignored(NOT_INSTALLED)
    if kind != "event_callback" or not isinstance(event, dict):
        return _parse_interaction(payload, scene)
    understand = EVENT_PARSERS.get(str(event.get("type")))
    if understand is None:
        return Ignored(f"slack event: {str(event.get('type'))[:100]}")
    return understand(event, scene)


def _parse_interaction(payload: Payload, scene: Scene) -> Heard:
    match payload.get("type"):
        case "block_actions":
            return parse_actions(payload, scene.own)
        case "view_submission" if is_filled_in(payload):
            return parse_submission(payload, scene.own)
        case "view_submission" | "message_action":
            return parse_request(payload, scene)
        case _ if "command" in payload:
            return parse_request(payload, scene)
        case kind:
            return Ignored(f"slack payload: {str(kind)[:100]}")


def _noted(event: Payload, _: Scene) -> Ignored:
    """Leave what only changes something on a screen; see `surfaces`."""
    return Ignored(str(event["type"]))


def _load(raw: bytes) -> Payload:
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unparsable("the Slack payload is not JSON") from error
    if not isinstance(payload, dict):
        raise Unparsable("the Slack payload is not a JSON object")
    return payload


def _parse_message(event: Payload, scene: Scene) -> Heard:
    subtype = event.get("subtype")
    if subtype == "message_changed":
        return _parse_change(event, scene)
    if subtype == "message_deleted":
        return _deletion(event, scene, event.get("deleted_ts"), event.get("previous_message"))
    reason = _why_no_customer(event, scene, _rules(event, scene))
    if reason is not None:
        return Ignored(reason)
    if subtype not in SPOKEN_SUBTYPES:
        return Ignored(f"slack message: {str(subtype)[:100]}")
    return _customer_message(event, scene)


def _why_no_customer(message: Payload, scene: Scene, rules: ChannelRules) -> str | None:
    names = (name for name, applies in _NOT_A_CUSTOMER if applies(message, scene.own, rules))
    return next(names, None)


def _customer_message(event: Payload, scene: Scene) -> CustomerMessage:
    own, rules = scene.own, _rules(event, scene)
    channel, ts = _string(event, "channel"), _string(event, "ts")
    raw_text = _text(event)
    text, files = _words(event, event, scene), referred(event, own)
    calls = mentions(raw_text, own.bot_user)
    if not text and not files and not calls:
        raise EmptyBody("the Slack message has no words and no file")
    root = _root(event)
    talk = _conversation(event, own)
    viewed = viewed_product(event.get("app_context"), scene.rulebook) if talk else None
    product = viewed or rules.product
    chosen = scene.rulebook.chosen(text) if talk else None
    if talk and chosen and chosen.product:  # a certain product begins a conversation of its own
        talk, product = replace(talk, fresh=True), chosen.product
    return CustomerMessage(
        sender=_sender(event, own),
        text=text,
        thread_keys=(message_key(own.team, channel, root),),
        target=_target(event, own, root),
        product=product,
        addressed=calls or _is_addressed(event, rules),
        barred=None if _is_bot(event) else scene.barred(rules),
        greet=calls,
        conversation=talk,
        shared_thread=True,
        direct=event.get("channel_type") == "im",
        sent_at=_moment(ts),
        attachments=files,
    )


def _words(message: Payload, event: Payload, scene: Scene) -> str:
    """Return what somebody wrote: as plain text, but what an operator may say to a customer.

    That leaves as Markdown, like all answers. A question of theirs to the bot is anybody's.
    """
    text, bot = _text(message), scene.own.bot_user
    asks = mentions(text, bot) or event.get("channel_type") == "im"
    return as_markdown(text, bot) if scene.by_operator and not asks else readable(text, bot)


def _target(event: Payload, own: Identity, root: str) -> Mapping[str, str]:
    """Say where answers go, and for whom they grow: a person, as a member of their own team."""
    target = {
        "channel": _string(event, "channel"),
        "thread_ts": root,
        **own.target(),
        "asked_ts": _string(event, "ts"),
    }
    person = None if _is_bot(event) else author(event, own)
    link = own.link(target["channel"], root)
    return {
        **target,
        **({"user": person.user, "user_team": person.team} if person else {}),
        **({"link": link} if link else {}),
    }


def _is_addressed(event: Payload, rules: ChannelRules) -> bool:
    opens = rules.listens_to_all and _root(event) == event.get("ts")
    return opens or event.get("type") == "app_mention" or event.get("channel_type") == "im"


def _conversation(event: Payload, own: Identity) -> Conversation | None:
    """Name what a direct message goes on with, unless it is said in a thread."""
    person = author(event, own)
    if event.get("channel_type") != "im" or _root(event) != event.get("ts") or person is None:
        return None
    return Conversation(direct_key(person))


def _rules(event: Payload, scene: Scene) -> ChannelRules:
    return scene.rulebook.of(str(event.get("channel")))


def _is_own(event: Payload, own: Identity) -> bool:
    same_bot = bool(own.bot_id) and event.get("bot_id") == own.bot_id
    return same_bot or event.get("user") == own.bot_user


def _is_bot(event: Payload) -> bool:
    return bool(event.get("bot_id") or event.get("bot_profile"))


def _parse_change(event: Payload, scene: Scene) -> Heard:
    own = scene.own
    message, before = event.get("message"), event.get("previous_message")
    if not isinstance(message, dict):
        raise Unparsable("the edited Slack message has no body")
    # A deleted message that has replies stays behind as a tombstone.
    if message.get("subtype") == "tombstone":
        author = before.get("user") if isinstance(before, dict) else None
        return _deletion(event, scene, message.get("ts"), {**message, "user": author})
    reason = _why_no_customer(message, scene, _rules(event, scene))
    if reason is not None:
        return Ignored(reason)
    before = before if isinstance(before, dict) else {}
    gone = taken_out(before, message)
    # Slack also reports an unfurled link as a change.
    if before.get("text") == message.get("text") and not gone:
        return Ignored("unchanged_text")
    channel = _string(event, "channel")
    return Edited(
        sender=_sender(message, own),
        message_key=message_key(own.team, channel, _string(message, "ts")),
        thread_keys=(message_key(own.team, channel, _root(message)),),
        text=_words(message, event, scene),
        gone_files=gone,
        calls=_call(event, message, before, scene),
    )


def _call(
    event: Payload, message: Payload, before: Payload, scene: Scene
) -> CustomerMessage | OperatorMessage | None:
    """Return an edited message as it would be heard if it were new, where it calls us only now.

    Slack may also send an `app_mention` for it, under the message's own `ts`.
    """
    bot = scene.own.bot_user
    spoken = message.get("subtype") in SPOKEN_SUBTYPES
    if not spoken or mentions(_text(before), bot) or not mentions(_text(message), bot):
        return None
    place = {name: event.get(name) for name in ("channel", "channel_type")}
    said = {**message, **place, "type": "message"}
    heard = _by_whom(_customer_message(said, scene), said, scene)
    return heard if isinstance(heard, CustomerMessage | OperatorMessage) else None


def _deletion(event: Payload, scene: Scene, ts: object, before: object) -> Heard:
    own = scene.own
    if not isinstance(ts, str):
        raise Unparsable("the deleted Slack message has no ts")
    message = before if isinstance(before, dict) else {}
    if _is_own(message, own):
        return Ignored("own_message")
    if _is_bot(message) and not _rules(event, scene).bots:
        return Ignored("bot_message")
    channel = _string(event, "channel")
    root = message.get("thread_ts") or ts
    return Deleted(
        message_key=message_key(own.team, channel, ts),
        thread_keys=(message_key(own.team, channel, root),),
    )


def _sender(event: Payload, own: Identity) -> Sender:
    bot = event.get("bot_id")
    person = author(event, own) or author({**event, "user": bot}, own)
    if person is None:
        raise Unparsable("the Slack message has no user")
    return person.sender()


def _root(event: Payload) -> str:
    return _string(event, "thread_ts") if event.get("thread_ts") else _string(event, "ts")


def _text(event: Payload) -> str:
    text = event.get("text")
    return text if isinstance(text, str) else ""


def _string(event: Payload, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise Unparsable(f"the Slack message has no {name}")
    return value


def _moment(ts: str) -> datetime:
    try:
        return to_ms(datetime.fromtimestamp(float(ts), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise Unparsable("the Slack message has a ts that is no time") from error


#: The events that are understood, by type; each is subscribed in the manifest,
EVENT_PARSERS: Mapping[str, Callable[[Payload, Scene], Heard]] = {
    "message": _parse_message,
    "app_mention": _parse_message,
    "reaction_added": parse_reaction,
    "app_home_opened": _noted,
    "app_context_changed": _noted,
    "agent_session_stopped": parse_stop,
    "agent_session_title_changed": _noted,
    "assistant_thread_started": _noted,
    "assistant_thread_context_changed": _noted,
}
#: but for those that only apps without an agent view are told.
OLDER_EVENTS = frozenset({"assistant_thread_started", "assistant_thread_context_changed"})
