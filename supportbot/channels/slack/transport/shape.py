"""Whether Bolt can read a payload: it trips over what Slack does not send, as a press on nothing.

What it cannot read is stored all the same, and acknowledged, or Slack would send it again for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.request import payload_utils as bolt

#: What Bolt takes out of each payload before anybody sees it.
_TAKEN_OUT = (
    bolt.to_action,
    bolt.to_command,
    bolt.to_event,
    bolt.to_message,
    bolt.to_options,
    bolt.to_shortcut,
    bolt.to_step,
    bolt.to_view,
)
#: What it fails with over what is no JSON, or too deep, or a part of another type than it expects.
_TRIPS = (ValueError, RecursionError, LookupError, TypeError, AttributeError)


def readable(
    body: str | dict[str, object],
    headers: Mapping[str, str | Sequence[str]] | None,
    mode: str = "http",
) -> AsyncBoltRequest | None:
    """Return the request that Bolt makes of a payload; None: it cannot read it."""
    try:
        request = AsyncBoltRequest(body=body, headers=dict(headers or {}), mode=mode)
        for take_out in _TAKEN_OUT:
            take_out(request.body)
        # The type of an event is looked up in sets.
        hash((request.body.get("type"), (request.body.get("event") or {}).get("type")))
    except _TRIPS:
        return None
    return request
