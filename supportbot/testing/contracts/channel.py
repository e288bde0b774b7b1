"""What every channel promises, as tests.

Derive a class in your own tests, override `rig` and set the class variables to what your channel
can do; the tests are coroutines, so run them with pytest-asyncio in its auto mode::

    class TestMyChannel(ChannelContract):
        can_find = False

        @pytest.fixture
        def rig(self) -> ChannelRig: ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar, Protocol

import pytest

from supportbot.channels.base import Channel, LiveChannel, LiveReply, StatusChannel, WebRoutes
from supportbot.errors import DeliveryUnknown, InboundRefused, SendError, StoreUnavailable
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState, Receipt
from supportbot.model.inbound import Accepted, CustomerMessage, Inbound
from supportbot.model.ticket import Standing

_PATIENCE_SECONDS = 10.0
_MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class ChannelRig(Protocol):
    """A channel and its other side: the provider, or a fake of it."""

    channel: Channel

    async def write(self, text: str, key: str) -> bool:
        """Let a customer write; `key` tells messages apart, a repeated key is a redelivery.

        Return True when the channel acknowledged it. `run` is going on meanwhile, and so are the
        channel's `routes`, if it has any, with the same `accept`.
        """

    async def arrived(self) -> Sequence[str]:
        """Return the texts that arrived on the other side, in order."""

    def refuse_next(self, *, permanent: bool) -> None:
        """Let the other side refuse the next send."""

    def interrupt_next(self, *, left: bool) -> None:
        """Let the next send break off after (`left`) or before it reached the other side."""


@dataclass
class Accepting:
    """An `accept` that keeps what it was given; while `broken` it can't."""

    broken: bool = False
    heard: list[Inbound] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def __call__(self, inbound: Inbound) -> Accepted:
        """Commit, or fail as a database does."""
        if self.broken:
            raise StoreUnavailable("the disk is full")
        duplicate = bool(self.keys & set(inbound.keys))
        self.keys |= set(inbound.keys)
        if not duplicate:
            self.heard.append(inbound)
        return Accepted(len(self.heard), duplicate=duplicate, ticket="T1")


@asynccontextmanager
async def running(channel: Channel, accept: Accepting) -> AsyncIterator[None]:
    """Let a channel run for as long as the block."""
    task = asyncio.create_task(channel.run(accept))
    try:
        await asyncio.sleep(0.05)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class ChannelContract:
    """Derive, override `rig`, and all of this must hold."""

    #: False: the other side never refuses (a list in memory).
    can_refuse: ClassVar[bool] = True
    #: False: a send can't break off half-way.
    can_interrupt: ClassVar[bool] = True
    #: False: `find` raises DeliveryUnknown; else it tells.
    can_find: ClassVar[bool] = True
    #: False: nobody writes by himself (the console is asked by its caller).
    can_hear: ClassVar[bool] = True

    @pytest.fixture
    async def rig(self) -> ChannelRig:
        """Return a fresh channel with its other side."""
        raise NotImplementedError("override rig in the derived class")

    @pytest.fixture
    def accept(self) -> Accepting:
        """What the channel hands over to; a rig with routes gives it to them too."""
        return Accepting()

    @pytest.fixture
    async def delivery(self, rig: ChannelRig, accept: Accepting) -> Delivery:
        """A reply to what a customer wrote; override it where `can_hear` is off."""
        async with running(rig.channel, accept):
            assert await rig.write("hello", "k-delivery")
            (inbound,) = await _heard(accept, 1)
        return reply_to(rig.channel, inbound)

    async def test_key_and_kind_are_stable_names(self, rig: ChannelRig) -> None:
        """The key is the same whenever it is asked, and begins with the kind."""
        assert rig.channel.kind
        assert rig.channel.key == rig.channel.key
        assert rig.channel.key.partition(":")[0] == rig.channel.kind

    async def test_what_is_written_is_heard_once(self, rig: ChannelRig, accept: Accepting) -> None:
        """It is handed over with the channel's own key, bytes and unique keys."""
        self._needs(self.can_hear, "nobody writes by himself")
        async with running(rig.channel, accept):
            assert await rig.write("where is my parcel?", "k1")
            (inbound,) = await _heard(accept, 1)
        assert inbound.channel == rig.channel.key
        assert inbound.keys
        assert all(inbound.keys)
        assert inbound.raw
        assert inbound.received_at.tzinfo is not None

    async def test_a_redelivery_has_a_key_in_common(
        self, rig: ChannelRig, accept: Accepting
    ) -> None:
        """Two messages have none in common; the same one again has."""
        self._needs(self.can_hear, "nobody writes by himself")
        async with running(rig.channel, accept):
            assert await rig.write("one", "k1")
            assert await rig.write("one", "k1")
            assert await rig.write("two", "k2")
            await _heard(accept, 2)
        assert [_text(rig.channel, one) for one in accept.heard] == ["one", "two"]

    async def test_nothing_is_acknowledged_that_is_not_on_disk(
        self, rig: ChannelRig, accept: Accepting
    ) -> None:
        """When `accept` raises, the sender is not told that all is well and may try again."""
        self._needs(self.can_hear, "nobody writes by himself")
        async with running(rig.channel, accept):
            accept.broken = True
            assert not await rig.write("important", "k1")
            accept.broken = False
            assert await rig.write("important", "k1")
            (inbound,) = await _heard(accept, 1)
        assert _text(rig.channel, inbound) == "important"

    async def test_run_ends_when_it_is_cancelled(self, rig: ChannelRig, accept: Accepting) -> None:
        """It listens until then, and not any longer."""
        task = asyncio.create_task(rig.channel.run(accept))
        await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=_PATIENCE_SECONDS)
        assert done
        assert task.cancelled()

    async def test_parse_is_pure(self, rig: ChannelRig, accept: Accepting) -> None:
        """Equal input gives equal output; it works in a thread, where no loop runs."""
        self._needs(self.can_hear, "nobody writes by himself")
        async with running(rig.channel, accept):
            await rig.write("Ünïcödé\nwhere is my parcel?", "k1")
            (inbound,) = await _heard(accept, 1)
        first = await asyncio.to_thread(rig.channel.parse, inbound)
        assert rig.channel.parse(inbound) == first
        assert rig.channel.parse(replace(inbound)) == first
        assert isinstance(first, CustomerMessage)
        assert "where is my parcel?" in first.text
        assert first.sender.external_id
        assert first.thread_keys

    @pytest.mark.usefixtures("delivery")  # it brings what the transport adds to the bytes
    @pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00junk", b"[]", b"{}", b"null", b"[" * 9999])
    async def test_parse_refuses_what_it_cannot_read(
        self, rig: ChannelRig, accept: Accepting, raw: bytes
    ) -> None:
        """Junk is understood as something, or refused by name; it never ends in another error."""
        inbound = (
            replace(accept.heard[0], raw=raw)
            if accept.heard
            else Inbound(rig.channel.key, ("k",), raw, {}, _MOMENT)
        )
        with suppress(InboundRefused):
            rig.channel.parse(inbound)

    async def test_send_gives_a_receipt(self, rig: ChannelRig, delivery: Delivery) -> None:
        """It arrives on the other side and the receipt names it."""
        receipt = await rig.channel.send(delivery)
        assert receipt.provider_id
        assert any(delivery.text in text for text in await rig.arrived())

    async def test_deliveries_have_receipts_of_their_own(
        self, rig: ChannelRig, delivery: Delivery
    ) -> None:
        """Two deliveries arrive both, in order, under different ids."""
        second = replace(delivery, id=2, key="T1-3", text="The second answer.")
        receipts = [await rig.channel.send(one) for one in (delivery, second)]
        assert receipts[0].provider_id != receipts[1].provider_id
        seen = "\n".join(await rig.arrived())
        assert 0 <= seen.find(delivery.text) < seen.find(second.text)

    @pytest.mark.parametrize("permanent", [True, False])
    async def test_a_refused_send_says_whether_to_try_again(
        self, rig: ChannelRig, delivery: Delivery, *, permanent: bool
    ) -> None:
        """It raises SendError with `permanent`, and nothing arrives."""
        self._needs(self.can_refuse, "the other side never refuses")
        rig.refuse_next(permanent=permanent)
        with pytest.raises(SendError) as refused:
            await rig.channel.send(delivery)
        assert refused.value.permanent is permanent
        assert str(refused.value)
        assert not any(delivery.text in text for text in await rig.arrived())

    async def test_a_delivery_that_left_is_found(self, rig: ChannelRig, delivery: Delivery) -> None:
        """After a send that broke off too late, `find` gives the receipt, or says it can't tell."""
        self._needs(self.can_interrupt, "a send can't break off")
        rig.interrupt_next(left=True)
        with suppress(Exception):  # whatever the break looks like: the process may be gone
            await rig.channel.send(delivery)
        await self._found(rig, delivery, left=True)

    async def test_a_delivery_that_did_not_leave_is_not_found(
        self, rig: ChannelRig, delivery: Delivery
    ) -> None:
        """After a send that broke off early, `find` gives None, or says it can't tell."""
        self._needs(self.can_interrupt, "a send can't break off")
        rig.interrupt_next(left=False)
        with suppress(Exception):  # as above
            await rig.channel.send(delivery)
        await self._found(rig, delivery, left=False)

    async def test_find_sends_nothing(self, rig: ChannelRig, delivery: Delivery) -> None:
        """Looking changes nothing on the other side."""
        await rig.channel.send(delivery)
        before = list(await rig.arrived())
        with suppress(DeliveryUnknown):
            await rig.channel.find(delivery)
        assert list(await rig.arrived()) == before

    async def test_a_reply_that_grew_arrives_once_and_whole(
        self, rig: ChannelRig, delivery: Delivery
    ) -> None:
        """Its message is named before its first words, and has its last ones at the end."""
        live, reply, named = await _opened(rig, delivery)
        assert named.provider_id
        await reply.append("The first")
        with suppress(SendError):  # it may be too fast for the other side
            await reply.append("The first answer.")
        receipt = await _finished(live, named, delivery.text)
        assert receipt.provider_id
        assert [text.strip() for text in await rig.arrived()] == [delivery.text]

    async def test_a_reply_that_grew_is_taken_up_again(
        self, rig: ChannelRig, delivery: Delivery
    ) -> None:
        """Whoever comes after a crash gives the same message its words, as often as they like."""
        live, reply, named = await _opened(rig, delivery)
        await reply.append("Something else that")
        for attempts in range(2):
            await _finished(live, replace(named, attempts=attempts), delivery.text)
            assert [text.strip() for text in await rig.arrived()] == [delivery.text]

    async def test_a_reply_that_was_opened_and_forgotten_is_sent_once(
        self, rig: ChannelRig, delivery: Delivery
    ) -> None:
        """A crash between opening it and storing its id leaves no second message."""
        live, claim = _growing(rig, delivery)
        await live.open_live(claim)
        await rig.channel.send(replace(claim, state=DeliveryState.SENDING, text=delivery.text))
        assert [text.strip() for text in await rig.arrived()] == [delivery.text]

    @pytest.mark.parametrize("named", [True, False])
    async def test_a_reply_that_nobody_saw_is_taken_away(
        self, rig: ChannelRig, delivery: Delivery, *, named: bool
    ) -> None:
        """Nothing is left of it, whether its id is known or not; to do it again is harmless."""
        live, claim = _growing(rig, delivery)
        reply = await live.open_live(claim)
        if named:
            claim = replace(claim, provider_id=reply.provider_id)
        await live.discard(claim)
        await live.discard(claim)
        assert list(await rig.arrived()) == []

    async def test_a_status_is_no_message(self, rig: ChannelRig, delivery: Delivery) -> None:
        """It is shown, as often as anybody likes and in any order; nothing arrives."""
        if not isinstance(rig.channel, StatusChannel):
            pytest.skip("it shows no status")
        for standing in (Standing.RESTING, *Standing, *Standing):
            await rig.channel.show_status(delivery.target, standing)
        assert list(await rig.arrived()) == []

    async def test_routes_are_routes(self, rig: ChannelRig, accept: Accepting) -> None:
        """A channel with `routes` gives Starlette routes with paths of their own."""
        if not isinstance(rig.channel, WebRoutes):
            pytest.skip("it is not served over HTTP")
        paths = [getattr(route, "path", "") for route in rig.channel.routes(accept)]
        assert all(path.startswith("/") for path in paths)

    async def _found(self, rig: ChannelRig, delivery: Delivery, *, left: bool) -> None:
        if not self.can_find:
            with pytest.raises(DeliveryUnknown):
                await rig.channel.find(delivery)
            return
        receipt = await rig.channel.find(delivery)
        assert (receipt is not None) is left

    def _needs(self, able: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not able:
            pytest.skip(why)


def reply_to(channel: Channel, inbound: Inbound, text: str = "The first answer.") -> Delivery:
    """Make a reply that goes where an inbound came from."""
    heard = channel.parse(inbound)
    assert isinstance(heard, CustomerMessage)
    return Delivery(
        id=1,
        key="T1-2",
        ticket_id=1,
        ticket="T1",
        channel=channel.key,
        audience=Audience.CUSTOMER,
        kind=DeliveryKind.REPLY,
        state=DeliveryState.SENDING,
        target=heard.target,
        text=text,
        subject=heard.subject,
        handler_epoch=0,
        attempts=1,
        message_id=1,
    )


def _growing(rig: ChannelRig, delivery: Delivery) -> tuple[LiveChannel, Delivery]:
    """Return the channel and a claim of the turn that the delivery answers."""
    if not isinstance(rig.channel, LiveChannel):
        pytest.skip("its replies do not grow")
    claim = replace(delivery, state=DeliveryState.LIVE, text="", upto_seq=1, attempts=0)
    assert rig.channel.may_open(claim.key, claim.target)
    return rig.channel, claim


async def _opened(rig: ChannelRig, delivery: Delivery) -> tuple[LiveChannel, LiveReply, Delivery]:
    """Open a reply; return its claim as it is stored before the first words."""
    live, claim = _growing(rig, delivery)
    reply = await live.open_live(claim)
    return live, reply, replace(claim, provider_id=reply.provider_id)


async def _finished(live: LiveChannel, claim: Delivery, text: str) -> Receipt:
    delivery = replace(claim, state=DeliveryState.SENDING, text=text)
    return await (await live.open_live(delivery)).finish(delivery)


async def _heard(accept: Accepting, count: int) -> list[Inbound]:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while len(accept.heard) < count:  # noqa: ASYNC110 - the channel decides when
            await asyncio.sleep(0.01)
    return accept.heard


def _text(channel: Channel, inbound: Inbound) -> str:
    heard = channel.parse(inbound)
    assert isinstance(heard, CustomerMessage)
    return heard.text.strip()
