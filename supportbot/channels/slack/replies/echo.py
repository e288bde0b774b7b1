"""A question that stands in no conversation gets one: a direct message with a copy of it.

Whoever sends the copy finds it again by the metadata of its delivery, so there is never a second
one. What follows goes into its thread: the receipt tells where that is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.replies import outbound
from supportbot.errors import SendError
from supportbot.model.delivery import Delivery, Receipt
from supportbot.model.markdown import inert

_MOST_CHARS = 3_000


async def send(client: AsyncWebClient, delivery: Delivery) -> Receipt:
    """Post the copy into the customer's direct messages; after an earlier attempt, look first.

    Raises:
        SendError, DeliveryUnknown: as of `outbound.send`.
    """
    copy = await _copy(client, await _placed(client, delivery))
    return _receipt(await outbound.send(client, copy))


async def replace(client: AsyncWebClient, delivery: Delivery) -> Receipt:
    """Let a copy show other words.

    Raises:
        SendError, DeliveryUnknown: as of `outbound.replace`.
    """
    known = delivery.replaces is not None and delivery.replaces.provider_id is not None
    placed = delivery if known else await _placed(client, delivery)
    return await outbound.replace(client, await _copy(client, placed))


async def find(client: AsyncWebClient, delivery: Delivery) -> Receipt | None:
    """Look for the copy in the customer's direct messages.

    Raises:
        SendError, DeliveryUnknown: as of `outbound.find`.
    """
    placed = await _placed(client, delivery)
    found = await outbound.find(client, dataclasses.replace(placed, text=quoted(placed.text, None)))
    return _receipt(found) if found else None


def quoted(text: str, about: str | None) -> str:
    """Quote a question in Markdown; `about` is the address of the message that it is about.

    The words may be a stranger's: from us, they are no link.
    """
    shown = text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS].rstrip()} …"
    head = f"You asked about [this message]({about}):" if about else "You asked:"
    return f"{head}\n\n" + "\n".join(f"> {line}" for line in inert(shown).splitlines())


async def _copy(client: AsyncWebClient, delivery: Delivery) -> Delivery:
    """Return the delivery with all that its message says."""
    about = await _permalink(client, delivery.target.get("about"))
    return dataclasses.replace(delivery, text=quoted(delivery.text, about))


async def _placed(client: AsyncWebClient, delivery: Delivery) -> Delivery:
    """Return the delivery with the direct conversation that it goes to, which is opened first."""
    user = delivery.target.get("user")
    if not user:
        raise SendError(f"delivery {delivery.key} names no Slack user", permanent=True)
    with translated(f"open a direct message with {user}", may_repeat=True):
        answer = await client.conversations_open(users=user)
    channel = answer.get("channel")
    if not isinstance(channel, dict) or not channel.get("id"):
        raise SendError(f"Slack opened no direct message with {user}", permanent=False)
    return dataclasses.replace(delivery, target={**delivery.target, "channel": str(channel["id"])})


async def _permalink(client: AsyncWebClient, about: str | None) -> str | None:
    """Return the address of a message as `channel:ts`; None where we may not see it."""
    channel, _, ts = (about or "").rpartition(":")
    if not channel:
        return None
    with translated("find a message's address", may_repeat=True):
        try:
            answer = await client.chat_getPermalink(channel=channel, message_ts=ts)
        except SlackApiError:
            return None
    return str(answer["permalink"])


def _receipt(sent: Receipt) -> Receipt:
    channel, _, ts = sent.provider_id.rpartition(":")
    place: Mapping[str, str] = {"channel": channel, "thread_ts": ts, "asked_ts": ts}
    return dataclasses.replace(sent, place=place)
