"""Channels that companies share, where more than one of them installed the app. Pure.

Slack names one of the installations for all that happens there, whichever bot is mentioned. So the
other bots of ours are taken for the one that is named: what mentions them calls us, and what they
say is said by us. https://docs.slack.dev/apis/events-api#authorizations
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from supportbot.channels.slack.identity import Identity

Payload = Mapping[str, Any]

_MENTION = re.compile(r"<@([A-Z0-9]+)(?=[|>])")
_INNER = ("message", "previous_message")


def perhaps_ours(payload: Payload) -> frozenset[str]:
    """Return the users in a shared channel's event that may be bots of ours: named, or speaking."""
    event = payload.get("event")
    if payload.get("is_ext_shared_channel") is not True or not isinstance(event, dict):
        return frozenset()
    return frozenset(_users(event))


def as_one(payload: Payload, own: Identity) -> Payload:
    """Return a payload in which all bots of ours are the one that it was sent to."""
    event = payload.get("event")
    if not own.aliases or not isinstance(event, dict):
        return payload
    return {**payload, "event": _merged(event, own)}


def _users(part: Payload) -> Iterator[str]:
    text, user = part.get("text"), part.get("user")
    if isinstance(text, str):
        yield from _MENTION.findall(text)
    if part.get("bot_id") and isinstance(user, str):
        yield user
    for name in _INNER:
        if isinstance(part.get(name), dict):
            yield from _users(part[name])


def _merged(part: Payload, own: Identity) -> dict[str, Any]:
    merged = dict(part)
    if merged.get("user") in own.aliases:
        merged["user"] = own.bot_user
    if isinstance(merged.get("text"), str):
        merged["text"] = _MENTION.sub(lambda found: _renamed(found, own), merged["text"])
    for name in _INNER:
        if isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], own)
    return merged


def _renamed(found: re.Match[str], own: Identity) -> str:
    return f"<@{own.bot_user}" if found[1] in own.aliases else found[0]
