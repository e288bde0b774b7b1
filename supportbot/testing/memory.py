"""A channel without a network: what is said to it is heard, what is sent stays in a list.

Strict, so that it finds mistakes: it refuses a delivery of another channel, and a delivery that
left already.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from supportbot.channels.base import Accept
from supportbot.errors import (
    ChannelError,
    DeliveryUnknown,
    FileUnavailable,
    ReplyStopped,
    SendError,
    Unparsable,
)
from supportbot.model.delivery import Delivery, DeliveryKind, Receipt
from supportbot.model.file import FileReason
from supportbot.model.inbound import (
    Accepted,
    Action,
    Attached,
    CustomerMessage,
    Deleted,
    Edited,
    Heard,
    Ignored,
    Inbound,
    Introduced,
    OperatorMessage,
    Sender,
)
from supportbot.model.ticket import Standing
from supportbot.model.time import Clock

_HEARD: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        CustomerMessage,
        OperatorMessage,
        Edited,
        Deleted,
        Action,
        Introduced,
        Ignored,
    )
}


@dataclass(frozen=True, slots=True)
class Fails:
    """What a send does instead of giving a receipt. `left`: it arrived all the same."""

    error: Exception
    left: bool = False


class MemoryChannel:
    """Keeps everything in memory; fulfils `Channel`.

    A copy of a customer's words gets a place of its own, `below <key>`.
    """

    def __init__(self, clock: Clock, *, key: str = "memory:test", kind: str = "memory") -> None:
        self.key = key
        self.kind = kind
        #: What left, in order.
        self.sent: list[Delivery] = []
        #: What `send` was asked, in order, failures included.
        self.attempts: list[Delivery] = []
        #: What changed a message that had left, in order.
        self.changes: list[Delivery] = []
        #: What the next changes do instead, one each.
        self.change_failures: deque[Fails] = deque()
        #: What the next sends do instead, one each.
        self.failures: deque[Fails] = deque()
        #: False: `find` can't tell.
        self.findable = True
        #: What `fetch` gives for the `ref["id"]` of a file: bytes, or what it raises.
        self.files: dict[str, bytes | FileUnavailable] = {}
        #: What `fetch` was asked for, in order.
        self.fetched: list[str] = []
        #: Keys of what was understood late and came to nothing, and why, in order.
        self.told_late: list[tuple[tuple[str, ...], str]] = []
        #: Clear it to hold every send until it is set.
        self.open = asyncio.Event()
        self.open.set()
        self._clock = clock
        self._accept: Accept | None = None
        self._numbers = itertools.count(1)

    async def run(self, accept: Accept) -> None:
        """Listen until cancelled; `hear` works meanwhile."""
        self._accept = accept
        try:
            await asyncio.Event().wait()
        finally:
            self._accept = None

    def inbound(self, heard: Heard, *keys: str, deferred: bool = False) -> Inbound:
        """Make what a network would bring; without `keys` it is new every time."""
        value = TypeAdapter(type(heard)).dump_python(heard, mode="json")
        raw = {"heard": type(heard).__name__, "value": value}
        return Inbound(
            channel=self.key,
            keys=keys or (f"{self.key}:{next(self._numbers)}",),
            raw=json.dumps(raw).encode(),
            meta={},
            received_at=self._clock(),
            deferred=deferred,
        )

    async def hear(self, heard: Heard, *keys: str, deferred: bool = False) -> Accepted:
        """Hand something over as the network would.

        Raises:
            ChannelError: the channel is not running.
        """
        if self._accept is None:
            raise ChannelError(f"{self.key} is not running; start `run` first")
        return await self._accept(self.inbound(heard, *keys, deferred=deferred))

    def parse(self, inbound: Inbound) -> Heard:
        """Read back what `inbound` wrote.

        Raises:
            Unparsable: the bytes come from elsewhere.
        """
        try:
            raw = json.loads(inbound.raw)
            heard: Heard = TypeAdapter(_HEARD[raw["heard"]]).validate_python(raw["value"])
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise Unparsable("not written by MemoryChannel") from error
        return heard

    def tell_late(self, inbound: Inbound, reason: str) -> None:
        """Keep what would be told."""
        self.told_late.append((inbound.keys, reason))

    async def send(self, delivery: Delivery) -> Receipt:
        """Keep it, or fail as scripted.

        Raises:
            ChannelError: it belongs to another channel, or it left already.
        """
        self.attempts.append(delivery)
        if delivery.channel != self.key:
            raise ChannelError(f"{delivery.key} is for {delivery.channel}, not for {self.key}")
        await self.open.wait()
        fails = self.failures.popleft() if self.failures else None
        if fails is None or fails.left:
            self._keep(delivery)
        if fails is not None:
            raise fails.error
        return _receipt(delivery)

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Tell whether it left.

        Raises:
            DeliveryUnknown: `findable` is off.
        """
        if not self.findable:
            raise DeliveryUnknown(f"{self.key} can't tell whether {delivery.key} left")
        left = any(one.key == delivery.key for one in self.sent)
        return _receipt(delivery) if left else None

    async def fetch(self, ref: Mapping[str, str], most_bytes: int) -> Attached:
        """Give a file of `files`, without a name.

        Raises:
            FileUnavailable: there is none, it is too large, or it fails as scripted.
        """
        number = ref.get("id", "")
        self.fetched.append(number)
        found = self.files.get(number)
        if found is None:
            raise FileUnavailable(FileReason.GONE, f"there is no file {number}", permanent=True)
        if isinstance(found, FileUnavailable):
            raise found
        if len(found) > most_bytes:
            raise FileUnavailable(FileReason.TOO_LARGE, f"{number} is too large", permanent=True)
        return Attached("", "", found)

    async def replace(self, delivery: Delivery) -> Receipt:
        """Keep what a message is to show, or fail as scripted.

        Raises:
            ChannelError: that message never left from here.
            SendError: so too, and nobody knew whether it had left.
        """
        await self.open.wait()
        fails = self.change_failures.popleft() if self.change_failures else None
        if fails is None or fails.left:
            if not any(_is_of(one, delivery) for one in self.sent):
                if delivery.replaces is not None and delivery.replaces.provider_id is None:
                    raise SendError(f"{delivery.replaces.key} did not leave", permanent=True)
                raise ChannelError(f"{delivery.key} changes what did not leave")
            self.changes.append(delivery)
        if fails is not None:
            raise fails.error
        return _receipt(delivery)

    def shown(self, target: str | None = None) -> list[Delivery]:
        """Return what stands there by now: what left, each as it was changed last."""
        newest = [
            next((c for c in reversed(self.changes) if _is_of(one, c)), one) for one in self.sent
        ]
        return [one for one in newest if target is None or one.target.get("to") == target]

    def texts(self, target: str | None = None) -> list[str]:
        """Return the texts that left, or those that went to one place (`target["to"]`)."""
        return [one.text for one in self.sent if target is None or one.target.get("to") == target]

    def _keep(self, delivery: Delivery) -> None:
        if any(one.key == delivery.key for one in self.sent):
            raise ChannelError(f"{delivery.key} was sent twice")
        self.sent.append(delivery)


class LiveMemoryChannel(MemoryChannel):
    """A channel in memory whose replies grow; fulfils `LiveChannel` and `StatusChannel` too."""

    def __init__(self, clock: Clock, *, key: str = "memory:live", kind: str = "memory") -> None:
        super().__init__(clock, key=key, kind=kind)
        #: Delivery key → every text that could be seen, the newest last.
        self.grown: dict[str, list[str]] = {}
        #: Raised by the next `open_live` calls, one each.
        self.opening_failures: deque[ChannelError] = deque()
        #: False: replies must not grow.
        self.may_grow = True
        #: Keys of the deliveries whose open message was taken away.
        self.discarded: list[str] = []
        #: True: the customer pressed the stop button; nothing more can be shown.
        self.stopped = False
        #: What was shown besides replies, in order.
        self.statuses: list[Standing] = []
        #: Place → what is shown there by now.
        self.standings: dict[str, Standing] = {}
        #: Raised by the next `show_status` calls, one each.
        self.status_failures: deque[ChannelError] = deque()

    def may_open(self, key: str, target: Mapping[str, str]) -> bool:
        """Tell what `may_grow` says."""
        del key, target
        return self.may_grow

    async def open_live(self, delivery: Delivery) -> LiveMemoryReply:
        """Open the message of a delivery, or take it up again."""
        if self.opening_failures:
            raise self.opening_failures.popleft()
        seen = self.grown.setdefault(delivery.key, [])
        return LiveMemoryReply(self, f"live-{delivery.key}", seen)

    async def discard(self, delivery: Delivery) -> None:
        """Take the message of a delivery away.

        Raises:
            AssertionError: something of it was seen.
        """
        seen = self.grown.pop(delivery.key, [])
        if seen:
            raise AssertionError(f"{seen[-1]!r} was seen already")
        self.discarded.append(delivery.key)

    def place_of(self, target: Mapping[str, str]) -> str:
        """Name the place of a target."""
        return target.get("to", "")

    async def show_status(self, target: Mapping[str, str], standing: Standing) -> None:
        """Keep it, or fail as scripted."""
        if self.status_failures:
            raise self.status_failures.popleft()
        self.statuses.append(standing)
        self.standings[self.place_of(target)] = standing

    def finish(self, delivery: Delivery) -> None:
        """Let the one message of a delivery be this; the delivery counts as sent once."""
        self.sent = [one for one in self.sent if one.key != delivery.key]
        self._keep(delivery)


class LiveMemoryReply:
    """A reply that grows in memory."""

    def __init__(self, channel: LiveMemoryChannel, provider_id: str, seen: list[str]) -> None:
        self.provider_id = provider_id
        self._channel = channel
        self._seen = seen

    async def append(self, text: str) -> None:
        """Show more.

        Raises:
            AssertionError: it does not begin with what was shown before.
            ReplyStopped: `stopped` is on.
        """
        if self._channel.stopped:
            raise ReplyStopped("the customer stopped the reply")
        if self._seen and not text.startswith(self._seen[-1]):
            raise AssertionError(f"{text!r} takes back {self._seen[-1]!r}")
        self._seen.append(text)

    async def finish(self, delivery: Delivery) -> Receipt:
        """Show the last words."""
        self._seen.append(delivery.text)
        self._channel.finish(delivery)
        return _receipt(delivery)


def said(text: str, *, by: str = "ada", thread: str = "t1", **changes: Any) -> CustomerMessage:
    """Make a customer's message; `changes` are fields of CustomerMessage."""
    fields: dict[str, Any] = {
        "sender": Sender(by, name=by.title()),
        "text": text,
        "thread_keys": (thread,),
        "target": {"to": thread},
        **changes,
    }
    return CustomerMessage(**fields)


def _is_of(original: Delivery, change: Delivery) -> bool:
    return change.replaces is not None and change.replaces.key == original.key


def _receipt(delivery: Delivery) -> Receipt:
    copied = delivery.kind is DeliveryKind.ECHO
    return Receipt(
        provider_id=f"memory-{delivery.key}",
        thread_keys=(f"re-{delivery.key}",),
        place={"to": f"below {delivery.key}"} if copied else {},
    )
