"""The copy in the folder of sent mail, on a real IMAP server, and what it tells after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.errors import DeliveryUnknown, SendError
from supportbot.store.database import Database
from supportbot.testing.mail import MailSink, mail_sink
from tests.integration.channels.email.deliveries import make_delivery
from tests.integration.channels.email.fake_imap import FakeImap, Talk, serving


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with mail_sink() as running:
        yield running


@pytest.fixture
def make(mail_db: Database, imap_box: Any, sink: MailSink) -> Any:
    """Make the channel of a mailbox whose replies go to the sink."""

    def channel(**changes: Any) -> EmailChannel:
        facts: dict[str, Any] = {
            "imap": imap_box.url,
            "imap_password": "secret",
            "smtp": sink.url,
            "timeout_seconds": 5.0,
            "sent_folder": "Sent",
            **changes,
        }
        config = EmailConfig("help@bot.example", b"k" * 32, **facts)
        return EmailChannel(config, mail_db, lambda: datetime.now(UTC))

    return channel


async def copies(box: Any, folder: str = "Sent") -> Sequence[tuple[str, bool]]:
    """Return the Message-ID of each copy of ours, and whether it is flagged."""

    def look(client: Any) -> list[tuple[str, bool]]:
        client.select_folder(folder, readonly=True)
        uids = client.search(["UNDELETED", "HEADER", "X-Supportbot-Loop", "sb."])
        found = client.fetch(uids, ["FLAGS", "ENVELOPE"]).values()
        return [
            (one[b"ENVELOPE"].message_id.decode(), b"\\Flagged" in one[b"FLAGS"]) for one in found
        ]

    found: Sequence[tuple[str, bool]] = await box.act(look)
    return found


async def test_what_left_has_one_copy_and_is_found_by_it(make: Any, imap_box: Any) -> None:
    channel = make()
    assert await channel.find(make_delivery()) is None
    receipt = await channel.send(make_delivery())
    assert await copies(imap_box) == [(receipt.provider_id, False)]
    assert await make().find(make_delivery(attempts=7)) == receipt
    assert await channel.find(make_delivery(key="reply:2")) is None


async def test_killed_while_the_server_has_the_message_is_in_doubt_and_not_sent_again(
    make: Any, imap_box: Any, sink: MailSink
) -> None:
    """The copy is there and flagged from before the first byte of the message left."""
    sink.vanish_after_data = True
    channel = make()
    with pytest.raises(DeliveryUnknown):
        await channel.send(make_delivery())
    ((_, flagged),) = await copies(imap_box)
    assert flagged
    with pytest.raises(DeliveryUnknown):
        await make().find(make_delivery(attempts=1))


async def test_killed_before_the_message_surely_did_not_leave(
    make: Any, imap_box: Any, sink: MailSink
) -> None:
    sink.vanish_before_data = True
    with pytest.raises(SendError):
        await make().send(make_delivery())
    sink.vanish_before_data = False
    channel = make()
    assert await channel.find(make_delivery(attempts=1)) is None
    receipt = await channel.send(make_delivery(attempts=1))
    assert await copies(imap_box) == [(receipt.provider_id, False)]


@pytest.mark.parametrize("answer", ["554 5.6.0 spam", "451 4.7.1 later"])
async def test_refused_message_leaves_no_copy(
    make: Any, imap_box: Any, sink: MailSink, answer: str
) -> None:
    sink.data_answer = answer
    with pytest.raises(SendError):
        await make().send(make_delivery())
    assert await copies(imap_box) == []
    assert await make().find(make_delivery()) is None


async def test_copy_that_a_crash_left_is_used_again(
    make: Any, imap_box: Any, sink: MailSink
) -> None:
    """A claim that was interrupted while it was sent, and is sent again by hand."""
    sink.vanish_after_data = True
    with pytest.raises(DeliveryUnknown):
        await make().send(make_delivery())
    sink.vanish_after_data = False
    receipt = await make().send(make_delivery(attempts=1))
    assert await copies(imap_box) == [(receipt.provider_id, False)]


async def test_folder_that_cannot_be_reached_holds_a_reply_back_but_not_for_ever(
    make: Any, imap_box: Any, sink: MailSink
) -> None:
    """What left without a copy is never said not to have left."""
    channel = make(imap_password="wrong")
    for attempts in range(2):
        with pytest.raises(SendError, match="sent folder") as waits:
            await channel.send(make_delivery(attempts=attempts))
        assert waits.value.retry_after_seconds is not None
    assert sink.messages == []
    await channel.send(make_delivery(attempts=2))
    assert len(sink.messages) == 1
    assert await copies(imap_box) == []
    with pytest.raises(SendError, match="sent folder") as asked:
        await channel.find(make_delivery(attempts=2))
    assert not asked.value.permanent
    with pytest.raises(DeliveryUnknown):
        await make().find(make_delivery(attempts=2))


async def test_named_folder_is_made_where_it_is_missing(make: Any, imap_box: Any) -> None:
    receipt = await make(sent_folder="Answers").send(make_delivery())
    assert await copies(imap_box, "Answers") == [(receipt.provider_id, False)]


async def test_no_copy_is_made_where_none_is_wanted(make: Any, imap_box: Any) -> None:
    channel = make(sent_folder="")
    await channel.send(make_delivery())
    assert await copies(imap_box) == []
    with pytest.raises(DeliveryUnknown):
        await channel.find(make_delivery())


async def test_many_replies_at_once_share_a_few_connections(
    make: Any, imap_box: Any, sink: MailSink
) -> None:
    channel = make()
    deliveries = [make_delivery(key=f"reply:{number}") for number in range(12)]
    receipts = await asyncio.gather(*map(channel.send, deliveries))
    assert len(sink.messages) == 12
    assert sorted(await copies(imap_box)) == sorted((one.provider_id, False) for one in receipts)


@pytest.fixture
async def gmail() -> AsyncIterator[FakeImap]:
    """A server that files by itself what is sent."""

    async def folders(talk: Talk) -> None:
        talk.say('* LIST () "/" "INBOX"', '* LIST (\\All) "/" "Everything"')
        talk.done()

    here = FakeImap(capabilities="IMAP4rev1 X-GM-EXT-1", folders={"Everything": ""})
    here.answers["LIST"] = folders
    async with serving(here):
        yield here


async def test_server_that_files_by_itself_gets_no_second_copy(
    make: Any, gmail: FakeImap, sink: MailSink
) -> None:
    channel = make(imap=gmail.url, sent_folder=None)
    receipt = await channel.send(make_delivery())
    await channel.send(make_delivery(key="reply:2"))
    assert len(sink.messages) == 2
    assert gmail.count("APPEND") == 0
    assert gmail.connections == 1
    gmail.arrive(sink.messages[0].raw)
    assert await channel.find(make_delivery(attempts=1)) == receipt
    assert gmail.count('SELECT "Everything"') > 0
    assert gmail.count(f"UID SEARCH UNDELETED HEADER Message-ID {receipt.provider_id}") == 1


async def test_what_such_a_server_does_not_show_yet_is_looked_for_again_and_then_in_doubt(
    make: Any, gmail: FakeImap
) -> None:
    """It files a moment later; a look too early must not lead to a second mail."""
    for attempts in range(3):
        with pytest.raises(SendError) as waits:
            await make(imap=gmail.url, sent_folder=None).find(make_delivery(attempts=attempts))
        assert waits.value.retry_after_seconds is not None
    with pytest.raises(DeliveryUnknown):
        await make(imap=gmail.url, sent_folder=None).find(make_delivery(attempts=3))
