"""Points between a call of Slack's Web API and the commit that tells of it: the short windows.

Before: the call never reached Slack. After: Slack has done it, and the product has not heard of
it. Committed: it is on disk, and nothing has been made of it yet.
"""

from __future__ import annotations

from typing import Any

from tests.chaos.fuse import Counts, Door, Fuse, Point, When

_CALL = "supportbot.channels.slack.client:SlackClient.api_call"
#: What is posted, by the key that each of our messages carries.
REPLY, NOTICE, ECHO = "reply", "notice", "echo"


def _is(method: str) -> Counts:
    return lambda _client, called, **_: called == method


def _posts(kind: str) -> Counts:
    return lambda _client, called, **given: (
        called == "chat.postMessage" and _kind(given.get("json") or {}) == kind
    )


def _kind(message: dict[str, Any]) -> str:
    """Tell an answer, which has buttons, from what is only told, and from a copy of a question."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    key = str(payload.get("delivery"))
    if key.endswith("-echo"):
        return ECHO
    plain = all(block["type"] == "markdown" for block in message.get("blocks") or ())
    return NOTICE if plain or "-operators-" in key else REPLY


def _call(method: str, led_by: Fuse | None = None) -> Point:
    return Point(method, (Door(_CALL, _is(method)),), led_by=led_by)


def _post(kind: str) -> Point:
    return Point(f"chat.postMessage ({kind})", (Door(_CALL, _posts(kind)),))


def _commit(name: str, *targets: str) -> Point:
    doors = tuple(Door(f"supportbot.store.{target}") for target in targets)
    return Point(f"commit: {name}", doors, (When.COMMITTED,))


START, APPEND, STOP = map(_call, ("chat.startStream", "chat.appendStream", "chat.stopStream"))
POST_REPLY, POST_NOTICE, POST_ECHO = map(_post, (REPLY, NOTICE, ECHO))
SESSION = _call("agents.sessions.setStatus")
STATUS = _call("assistant.threads.setStatus")
HOME = _call("views.publish")

# Most of these follow from a crash.
_NAMED = Fuse("commit: message named", When.COMMITTED, 1)
UPDATE, DELETE = _call("chat.update", _NAMED), _call("chat.delete", _NAMED)
LOOK_UP = _call("conversations.replies", Fuse("chat.startStream", When.AFTER, 1))

CLAIMED = _commit("turn claimed", "live:claim")
NAMED = _commit("message named", "live:name")
GROWN = _commit("more shown", "live:grow")
WORDED = _commit("last words", "live:word")
BEGUN = _commit("send begun", "deliveries:begin", "claims:claim")
SENT = _commit("sent", "claims:sent")

STREAMS = (START, APPEND, STOP)
CHANGES = (UPDATE, DELETE)
POSTS = (POST_REPLY, POST_NOTICE, POST_ECHO)
STATUSES = (SESSION, STATUS)
COMMITS = (CLAIMED, NAMED, GROWN, WORDED, BEGUN, SENT)
#: Where a process dies that answers, and one that hears.
ANSWERING = (*STREAMS, *CHANGES, *POSTS, *STATUSES, LOOK_UP, *COMMITS)
HEARING = (HOME,)
ALL = (*ANSWERING, *HEARING)
