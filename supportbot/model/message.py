"""The thread: ordered chat messages, as a model reads them and as people do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from supportbot.model.ticket import Actor

#: In the data of a message that repeats another with other words: the number of that other one.
EDIT_OF = "edit_of"
#: In the data of a message whose sender could be forged: whether it is surely theirs, and the names
#: of what tells so.
VERIFIED, VERIFIED_BY = "verified", "verified_by"


class Role(StrEnum):
    """Role of a message in the chat completions sense."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Visibility(StrEnum):
    """Who sees a message: the customer too, or operators only."""

    PUBLIC = "public"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a thread."""

    id: int
    ticket_id: int
    seq: int
    episode_n: int
    role: Role
    author: Actor
    text: str
    created_at: datetime
    visibility: Visibility = Visibility.PUBLIC
    policy_sha: str | None = None
    model: str | None = None
    tool_call_id: str | None = None
    #: Its words are gone; `text` says why.
    erased: bool = False
    #: When it was written, by the channel's clock, where the channel tells.
    sent_at: datetime | None = None
    #: Small facts about it: subject, provider key, finish reason. Never text of a person, but for
    #: `tool_calls`: to [id, name] of each the store adds the arguments, which it keeps elsewhere.
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message about to be appended; its number is given by the store."""

    role: Role
    author: Actor
    text: str
    visibility: Visibility = Visibility.PUBLIC
    policy_version_id: int | None = None
    completion_id: int | None = None
    tool_call_id: str | None = None
    sent_at: datetime | None = None
    data: Mapping[str, object] = field(default_factory=dict)


def doubt(message: Message) -> str | None:
    """Say why nobody can tell who wrote a message; None where that is certain, or no question."""
    if message.data.get(VERIFIED, True) is True:
        return None
    named = message.data.get(VERIFIED_BY)
    return ", ".join(map(str, named)) if isinstance(named, list) else ""


def told(message: Message) -> str:
    """Return what a message says to people; a call and its result have no words of their own."""
    calls = message.data.get("tool_calls")
    if isinstance(calls, list):
        shown = [f"calls {name}({arguments})" for _id, name, arguments in calls]
        return "\n".join([message.text, *shown] if message.text else shown)
    if message.role is Role.TOOL:
        return f"{message.data.get('name')} gave back: {message.text}"
    return message.text
