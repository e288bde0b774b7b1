"""One try to send through a channel, as a value: what is known of a delivery after it.

Where the channel's answer was lost, it is asked whether the delivery left.
"""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.channels.base import Channel, LiveChannel, ReplacingChannel
from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.delivery import Delivery, DeliveryState, Receipt


@dataclass(frozen=True, slots=True)
class Again:
    """It may leave later: `pending` when it surely has not left yet, else `sending`."""

    state: DeliveryState
    error: str
    #: The provider asks for so much patience.
    wait_seconds: float | None = None
    #: The channel's answer was an error of its own; else the send was interrupted.
    refused: bool = True


@dataclass(frozen=True, slots=True)
class Over:
    """It will not be tried again: failed, uncertain or cancelled."""

    state: DeliveryState
    error: str
    #: Whether the customer can be told that a person looks: the channel works, or may work.
    tells: bool = False


@dataclass(frozen=True, slots=True)
class Finishing:
    """Sends a live reply: its one message is open, and is given its last words.

    To give them again changes nothing, so it need not be asked what it shows.
    """

    channel: LiveChannel

    async def send(self, delivery: Delivery) -> Receipt:
        """Give it its last words."""
        reply = await self.channel.open_live(delivery)
        return await reply.finish(delivery)

    async def find(self, _delivery: Delivery) -> Receipt | None:
        """Look for nothing.

        Raises:
            SendError: always.
        """
        raise SendError("its last words are given again", permanent=False)


@dataclass(frozen=True, slots=True)
class Replacing:
    """Sends what changes a message; to change it again changes nothing, so nobody looks before."""

    channel: ReplacingChannel

    async def send(self, delivery: Delivery) -> Receipt:
        """Change the message."""
        return await self.channel.replace(delivery)

    async def find(self, _delivery: Delivery) -> Receipt | None:
        """Look for nothing.

        Raises:
            SendError: always.
        """
        raise SendError("it is changed again", permanent=False)


Way = Channel | Finishing | Replacing


async def send(channel: Way, delivery: Delivery) -> Receipt | Again | Over:
    """Send once; where the answer was lost, the channel is asked at once, and later again."""
    try:
        return await channel.send(delivery)
    except DeliveryUnknown as error:
        found = await look(channel, delivery)
        return found or Again(DeliveryState.SENDING, str(error))
    except SendError as error:
        if error.permanent:
            return Over(DeliveryState.FAILED, str(error))
        # A message that is seen growing has left in part: it is finished whoever has the ticket.
        left = isinstance(channel, Finishing)
        state = DeliveryState.SENDING if left else DeliveryState.PENDING
        return Again(state, str(error), error.retry_after_seconds)


async def look(channel: Way, delivery: Delivery) -> Receipt | Again | Over | None:
    """Ask the channel for a delivery whose sending was interrupted; None: it did not leave."""
    try:
        return await channel.find(delivery)
    except DeliveryUnknown as error:
        return Over(DeliveryState.UNCERTAIN, str(error), tells=True)
    except SendError as error:
        if error.permanent:
            return Over(DeliveryState.UNCERTAIN, str(error), tells=True)
        return Again(DeliveryState.SENDING, str(error), error.retry_after_seconds)


async def taken_away(channel: LiveChannel | None, delivery: Delivery) -> Again | None:
    """Take away what may have been opened for a reply that may not leave; else say when to."""
    if channel is None or delivery.upto_seq is None:
        return None
    try:
        await channel.discard(delivery)
    except SendError as error:
        if not error.permanent:
            return Again(DeliveryState.SENDING, str(error), error.retry_after_seconds)
    except DeliveryUnknown as error:
        return Again(DeliveryState.SENDING, str(error))
    return None
