"""The contract of a channel. Suite: `supportbot.testing.contracts.ChannelContract`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from starlette.routing import BaseRoute

from supportbot.model.delivery import Delivery, Receipt
from supportbot.model.inbound import Accepted, Attached, Heard, Inbound
from supportbot.model.ticket import Standing
from supportbot.model.time import Clock
from supportbot.store.database import Database

#: Commits what arrived. Returns once it is on disk; raises when it is not (the sender must retry).
Accept = Callable[[Inbound], Awaitable[Accepted]]


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """What a plugin's channel is built from: one `[[channels]]` entry of supportbot.toml."""

    kind: str
    #: Tells two channels of a kind apart; make the key of it: `<kind>:<name>`.
    name: str
    product: str | None
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChannelParts:
    """What a channel's factory is given besides its configuration.

    A factory is named by an entry point of the group `supportbot.channels` and called with
    `(config, parts)`; `config` is `ChannelOptions` for channels that packages bring.
    """

    db: Database
    clock: Clock
    #: The installation's secret, for signatures and cookies.
    secret: str = field(repr=False)


class Channel(Protocol):
    """One configured way in and out."""

    #: Unique among all channels and stable for ever: `<kind>:<what>`, such as `email:help@x.org`.
    key: str
    #: Decides how customers are identified: `slack`, `email`, `web`, `console` or a plugin's own.
    kind: str

    async def run(self, accept: Accept) -> None:
        """Listen until cancelled; hand over everything that arrives before acknowledging it.

        A lost connection is the channel's to restore. A channel that only answers HTTP requests
        (see `WebRoutes`) keeps `accept` and waits.
        """

    def parse(self, inbound: Inbound) -> Heard:
        """Understand raw bytes. Pure: no I/O, no clock; equal input gives equal output.

        Raises:
            InboundRefused: it can never become a turn; the reason is stored and shown.
        """

    async def send(self, delivery: Delivery) -> Receipt:
        """Send once.

        A channel whose `parse` asks for echoes sends them here too: the receipt's `place` tells
        where the ticket's later words go.

        Raises:
            SendError: it did not leave; `permanent` tells whether to try again.
            DeliveryUnknown: it may or may not have left (a time-out after the last byte).
        """

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Look for a delivery whose sending was interrupted; None = it surely did not leave.

        Raises:
            DeliveryUnknown: this channel can't tell.
            SendError: it can't be asked now; it is looked for again later, never just sent.
        """


class LiveReply(Protocol):
    """A reply that grows in the customer's sight."""

    @property
    def provider_id(self) -> str:
        """The provider's id of the message; known before any text is shown."""

    async def append(self, text: str) -> None:
        """Show the whole text so far, which begins with what was shown before.

        Raises:
            SendError: it was not shown; the next call shows more.
            DeliveryUnknown: it may have been shown.
            ReplyStopped: the customer wants to see no more of it.
        """

    async def finish(self, delivery: Delivery) -> Receipt:
        """Let the message show exactly `delivery.text`, whatever it showed before. Idempotent.

        Raises:
            SendError: as of `Channel.send`.
            DeliveryUnknown: as of `Channel.send`.
        """


@runtime_checkable
class LiveChannel(Protocol):
    """A channel whose replies may grow while they are written.

    A delivery that was to grow and has an `upto_seq`, but no `provider_id`, may come to `send`
    after all: a message that was opened for it must be used or taken away then.
    """

    def may_open(self, key: str, target: Mapping[str, str]) -> bool:
        """Tell whether the reply of this key may grow there now; asked before it is claimed.

        Quick, and changes nothing but the channel's own counts. False: it is sent when it is whole.
        """

    async def open_live(self, delivery: Delivery) -> LiveReply:
        """Open the message of a delivery, or take it up again: by `provider_id` or by its key.

        Called again after a crash, it leads to the same message; there is never a second one.

        Raises:
            SendError: it cannot be opened (now).
            DeliveryUnknown: nobody can tell whether it is open already.
        """

    async def discard(self, delivery: Delivery) -> None:
        """Take away what is open for a delivery: nothing of it was seen, no words will come.

        It may have no `provider_id`, if whoever opened it was interrupted. Idempotent.

        Raises:
            SendError: it is still there.
            DeliveryUnknown: it may be still there.
        """


@runtime_checkable
class ReplacingChannel(Protocol):
    """A channel that can change what it sent."""

    async def replace(self, delivery: Delivery) -> Receipt:
        """Let the message of the delivery `delivery.replaces` show this one instead. Idempotent.

        Where nobody knows the id of that message, nor whether it left, it is looked for.

        Raises:
            SendError: as of `Channel.send`; or there is no such message.
            DeliveryUnknown: as of `Channel.send`.
        """


@runtime_checkable
class FilesChannel(Protocol):
    """A channel whose messages name files that are fetched later."""

    async def fetch(self, ref: Mapping[str, str], most_bytes: int) -> Attached:
        """Return a file by the `ref` of its `Referred`; no name, no type: they are as told there.

        Nothing is given to any other place than the provider's own, and no more than that many
        bytes are taken in. The caller bounds the time, by cancelling.

        Raises:
            FileUnavailable: with a `FileReason`; `permanent` tells whether to try again.
        """


@runtime_checkable
class StatusChannel(Protocol):
    """A channel that can show how a ticket stands, such as that its answer is being made."""

    def place_of(self, target: Mapping[str, str]) -> str:
        """Name the place where that is shown, the same for all targets that lead there. Pure."""

    async def show_status(self, target: Mapping[str, str], standing: Standing) -> None:
        """Show how the ticket stands where its answers go. Idempotent; no answer waits for it.

        Whatever was shown there before, maybe by another process, is taken away.

        Raises:
            SendError: it was not shown, and of `WORKING` surely nothing; `permanent` tells
                whether to try again.
            DeliveryUnknown: nobody can tell.
        """


@runtime_checkable
class TellingChannel(Protocol):
    """A channel that tells people where nothing follows from what they did."""

    def tell_late(self, inbound: Inbound, reason: str) -> None:
        """Begin to tell why nothing follows from what was acknowledged before it was understood.

        Returns at once; nothing is owed. What was understood in time, `run` tells by `Accepted`.
        """


@runtime_checkable
class Versioned(Protocol):
    """A channel whose parser has a version, which is stored with what it understood."""

    parser_version: int


@runtime_checkable
class WebRoutes(Protocol):
    """A channel that is (also) served by the app's HTTP server."""

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """Return Starlette routes; they live as long as the app."""


@runtime_checkable
class Closing(Protocol):
    """A channel that keeps something open to send with, whether it runs or not."""

    async def aclose(self) -> None:
        """Close it; called once, when nothing will be sent any more."""


@runtime_checkable
class Health(Protocol):
    """A channel that can tell whether it is connected; shown by `/readyz`."""

    def healthy(self) -> str | None:
        """Return None when connected, else what is wrong in one line."""
