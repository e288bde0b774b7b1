"""What somebody looks at beside the messages tab, as Slack tells it to agents. Pure.

https://docs.slack.dev/reference/events/app_context_changed: messages and opened tabs tell the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from supportbot.channels.slack.config import Rulebook

_CHANNEL, _MESSAGE = "slack#/types/channel_id", "slack#/types/message_context"


def viewed_product(context: object, rulebook: Rulebook) -> str | None:
    """Return the product of the most relevant channel on somebody's screen that has one."""
    products = (
        rulebook.by_channel[channel].product
        for channel in _channels(context)
        if channel in rulebook.by_channel
    )
    return next(filter(None, products), None)


def _channels(context: object) -> Iterator[str]:
    """Yield the channels of a context, the most relevant first.

    Agents are told entities, older assistant threads the channel itself.
    """
    context = context if isinstance(context, Mapping) else {}
    entities = context.get("entities")
    for one in entities if isinstance(entities, list) else [context]:
        entity = one if isinstance(one, Mapping) else {}
        value = entity.get("value") if entity.get("type") in (_CHANNEL, _MESSAGE) else entity
        found = value.get("channel_id") if isinstance(value, Mapping) else value
        if isinstance(found, str):
            yield found
