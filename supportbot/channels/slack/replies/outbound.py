"""Posting a delivery, and looking whether an interrupted one arrived."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from supportbot.channels.slack.failures import error_code, translated
from supportbot.channels.slack.keys import DELIVERY_EVENT, message_key
from supportbot.channels.slack.replies.ladder import in_some_form
from supportbot.channels.slack.replies.render import Post, render
from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, Receipt

_PAGE_MESSAGES = 200
_MAX_PAGES = 10


async def send(client: AsyncWebClient, delivery: Delivery) -> Receipt:
    """Post the delivery; after an earlier attempt only what is not there yet.

    Even an attempt that Slack answered with an error may have posted something: HTTP 500, or the
    first of several messages.

    Raises:
        SendError: it did not leave.
        DeliveryUnknown: Slack's answer was lost.
    """
    there = await found(client, delivery) if delivery.attempts else {}
    return await _post_missing(client, delivery, render(delivery), there)


async def complete(
    client: AsyncWebClient, delivery: Delivery, posts: Sequence[Post], first_ts: str
) -> Receipt:
    """Post what follows the first message of a delivery, which stands already.

    Raises:
        SendError, DeliveryUnknown: as of `send`.
    """
    looked = delivery.attempts and len(posts) > 1
    there = await found(client, delivery) if looked else {}
    return await _post_missing(client, delivery, posts, there | {1: first_ts})


async def _post_missing(
    client: AsyncWebClient, delivery: Delivery, posts: Sequence[Post], there: Mapping[int, str]
) -> Receipt:
    standing = dict(there)
    for one in posts:
        if one.part not in standing:
            standing[one.part] = await post(client, delivery, one)
    return receipt(delivery, standing[1])


async def find(client: AsyncWebClient, delivery: Delivery) -> Receipt | None:
    """Look for all messages of a delivery by the key in their metadata.

    Raises:
        SendError: Slack could not be asked.
        DeliveryUnknown: the conversation is longer than we read.
    """
    there = await found(client, delivery)
    # Words that were taken back meanwhile may have been more messages than are left.
    return receipt(delivery, there[1]) if len(there) >= len(render(delivery)) else None


async def replace(client: AsyncWebClient, delivery: Delivery) -> Receipt:
    """Let the messages of an earlier delivery show this one, always with its blocks.

    Of an answer of ours in several messages only the last one, which has the buttons, is changed
    where its words stay. They may have become less, as what a person wrote may have become shorter
    or longer: messages that are too many are deleted, and those that are missing are posted.
    https://docs.slack.dev/reference/methods/chat.update

    Raises:
        SendError: it was not changed.
        DeliveryUnknown: it may have been, in part.
    """
    earlier = delivery.replaces
    if earlier is None:
        raise SendError(f"delivery {delivery.key} changes no message", permanent=True)
    channel, _, ts = (earlier.provider_id or _channel(delivery)).partition(":")
    posts = [_in_place_of(one, earlier.key) for one in render(delivery)]
    standing = {1: ts} if ts else {}
    anew = delivery.signed or (delivery.rewords and delivery.kind is DeliveryKind.REPLY)
    if len(posts) > 1 or anew or not ts:
        standing |= await found(client, delivery, earlier.key)
    if not standing:
        raise SendError(f"the message of {earlier.key} is not in {channel}", permanent=True)
    for one in posts if anew else posts[-1:]:
        if one.part in standing:
            with translated(f"change a message in {channel}", may_repeat=True):
                place = {"channel": channel, "ts": standing[one.part], "metadata": one.metadata}
                await in_some_form(client.chat_update, one, place)
        else:
            await post(client, delivery, one)
    for part, surplus in standing.items():
        if part > len(posts):
            with translated(f"delete a message in {channel}", may_repeat=True):
                await _delete(client, channel, surplus)
    return Receipt(provider_id=f"{channel}:{standing[min(standing)]}")


def _in_place_of(one: Post, key: str) -> Post:
    """Return a message that is found as one of an earlier delivery."""
    payload = {**one.metadata["event_payload"], "delivery": key}
    return dataclasses.replace(one, metadata={**one.metadata, "event_payload": payload})


async def _delete(client: AsyncWebClient, channel: str, ts: str) -> None:
    """Delete a message of ours, unless it is gone."""
    try:
        await client.chat_delete(channel=channel, ts=ts)
    except SlackApiError as error:
        if error_code(error) != "message_not_found":
            raise


def _thread(delivery: Delivery) -> str | None:
    """Return the ts of the message below which it stands; None: in the channel itself."""
    above = delivery.below.provider_id if delivery.below else None
    return above.partition(":")[2] if above else delivery.target.get("thread_ts")


def _channel(delivery: Delivery) -> str:
    channel = delivery.target.get("channel")
    if not channel:
        raise SendError(f"delivery {delivery.key} names no Slack channel", permanent=True)
    return channel


async def post(client: AsyncWebClient, delivery: Delivery, one: Post) -> str:
    """Post one message of a delivery; return its ts.

    Raises:
        SendError, DeliveryUnknown: as of `send`.
    """
    channel = _channel(delivery)
    arguments: dict[str, Any] = {
        "channel": channel,
        "thread_ts": _thread(delivery),
        "metadata": one.metadata,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    with translated(f"post into {channel}", may_repeat=False):
        answer = await in_some_form(client.chat_postMessage, one, arguments)
    return str(answer["ts"])


async def found(
    client: AsyncWebClient, delivery: Delivery, key: str | None = None
) -> dict[int, str]:
    """Return part number → ts of the messages of a delivery that stand in the conversation.

    That is this delivery, or the one with another `key` in the same place.
    """
    wanted = key or delivery.key
    standing: dict[int, str] = {}
    with translated(f"read {_channel(delivery)}", may_repeat=True):
        async for message in messages(client, delivery):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == DELIVERY_EVENT and payload.get("delivery") == wanted:
                standing[int(payload.get("part", 1))] = str(message["ts"])
                if len(standing) == payload.get("parts", 1):
                    break
    return standing


async def messages(client: AsyncWebClient, delivery: Delivery) -> AsyncIterator[Mapping[str, Any]]:
    """Read the conversation that a delivery goes to, with the metadata of its messages.

    Raises:
        DeliveryUnknown: it is longer than we read.
    """
    pages = 0
    async for page in await _first_page(client, delivery):
        pages += 1
        for message in page["messages"] or ():
            yield message
        if pages == _MAX_PAGES and page["has_more"]:
            # A channel is read from its newest message, a thread from its oldest.
            if not _thread(delivery):
                return
            raise DeliveryUnknown(f"{_channel(delivery)} is too long to look for {delivery.key}")


async def _first_page(client: AsyncWebClient, delivery: Delivery) -> AsyncSlackResponse:
    channel, thread_ts = _channel(delivery), _thread(delivery)
    if thread_ts:
        return await client.conversations_replies(
            channel=channel, ts=thread_ts, include_all_metadata=True, limit=_PAGE_MESSAGES
        )
    return await client.conversations_history(
        channel=channel, include_all_metadata=True, limit=_PAGE_MESSAGES
    )


def receipt(delivery: Delivery, ts: str) -> Receipt:
    """Return the receipt of a delivery whose first message has this ts."""
    channel, thread_ts = _channel(delivery), delivery.target.get("thread_ts")
    # What operators write under a notice is not the customer's thread.
    known = delivery.audience is Audience.CUSTOMER and delivery.target.get("team")
    return Receipt(
        provider_id=f"{channel}:{ts}",
        thread_keys=(message_key(known, channel, thread_ts or ts),) if known else (),
    )
