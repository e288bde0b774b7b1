"""Mailboxes of every kind: huge, full of old mail, numbered anew, with folders never to be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.email.arriving.imap import ImapConnection
from supportbot.channels.email.connecting.imap_server import imap_server
from supportbot.errors import TooLarge
from supportbot.store.database import Database
from tests.integration.channels.email.fake_imap import FakeImap, Talk, serving
from tests.integration.channels.email.mailboxes import mail, make_channel, subjects


@pytest.fixture
async def imap() -> AsyncIterator[FakeImap]:
    async with serving(FakeImap()) as here:
        yield here


async def test_without_uidnext_old_mail_is_left_alone_too(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    imap.uidnext = None
    imap.arrive(mail(1))
    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.arrive(mail(2))
        await desk.wait_for(1)
    assert subjects(channel, desk) == ["Case 2"]


async def test_of_a_mail_of_60_mb_only_the_headers_are_read_and_it_stays_new(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.arrive(mail(1) + b"x" * 60_000_000)
        (inbound,) = await desk.wait_for(1)
        imap.arrive(mail(2))
        await desk.wait_for(2)
        await imap.idling.wait()
    assert len(inbound.raw) < 1_000
    with pytest.raises(TooLarge, match="stays in the mailbox"):
        channel.parse(inbound)
    assert not any(one.startswith("UID FETCH 1 (BODY.PEEK[])") for one in imap.commands)
    assert [one.split()[2] for one in imap.commands if one.startswith("UID STORE")] == ["2"]


async def test_headers_without_end_are_read_up_to_a_limit(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.arrive(b"X: " + b"x" * 40_000_000)
        (inbound,) = await desk.wait_for(1)
    assert len(inbound.raw) == 262_144


async def test_a_very_large_mailbox_is_listed_in_parts(imap: FakeImap) -> None:
    """A line of all its UIDs would be longer than the library takes."""
    uids = range(4_000_000_001, 4_000_100_001)
    imap.mails = dict.fromkeys((1, *uids), b"")
    imap.uidnext = uids[-1] + 1
    connection = ImapConnection(imap_server(imap.url), 1_000)
    await connection.open("secret")
    await connection.select("INBOX")
    assert await connection.new_uids(0) == [1]
    found: list[int] = [uids[0] - 1]
    while part := await connection.new_uids(found[-1]):
        assert len(part) <= 50_000
        found += part
    assert found[1:] == list(uids)
    await connection.aclose()


async def test_a_folder_that_is_special_or_missing_is_named_and_the_others_are_read(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any, eventually: Any
) -> None:
    imap.folders |= {"Werbung": "\\HasNoChildren \\Junk"}
    channel = make_channel(mail_db, imap.url, folders=("INBOX", "Werbung", "Later"))
    async with running(channel.run(desk.accept)):
        await eventually(lambda: "Werbung: holds junk" in (channel.healthy() or ""))
        assert "Later: " in (channel.healthy() or "")
        imap.arrive(mail(1))
        await desk.wait_for(1)
        imap.folders |= {"Later": ""}
        await eventually(lambda: "Later" not in (channel.healthy() or ""))
    assert not any("Werbung" in one for one in imap.commands if one.startswith("SELECT"))
    assert any("Later" in one for one in imap.commands if one.startswith("SELECT"))
    assert {inbound.meta["folder"] for inbound in desk.heard} == {"INBOX"}


async def test_a_folder_that_was_numbered_anew_answers_nothing_twice_and_nothing_old(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    """The new server gave every mail a new date of arrival, also what was never read."""
    old = "Mon, 04 Jan 2021 10:00:00 +0000"
    imap.arrive(mail(1, date=old))
    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.arrive(mail(2))
        await desk.wait_for(1)
    imap.uidvalidity, imap.uidnext, imap.mails = 8, 1, {}
    imap.idling.clear()
    for number, date in ((1, old), (2, ""), (3, "")):
        imap.arrive(mail(number, date=date))
    async with running(channel.run(desk.accept)):
        await desk.wait_for(3)
        await imap.idling.wait()
        imap.arrive(mail(4))
        await desk.wait_for(4)
    heard = [channel.parse(inbound) for inbound in desk.heard]
    assert {one.subject: one.disposition.reply_allowed for one in heard} == {
        "Case 2": True,
        "Case 1": False,
        "Case 3": True,
        "Case 4": True,
    }
    assert heard[1].disposition.reasons == ("before_cut_over",)


async def test_a_folder_that_was_made_anew_behind_the_session_is_found(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    """The server tells nothing of a folder that is no more, and answers searches with nothing."""
    channel = make_channel(mail_db, imap.url)

    async def nothing(talk: Talk) -> None:
        talk.say("* SEARCH")
        talk.done()

    async def again(talk: Talk) -> None:
        imap.answers.clear()
        await imap.select(talk)

    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.answers["UID SEARCH"], imap.answers["SELECT"] = nothing, again
        imap.uidvalidity, imap.uidnext = 8, 1
        imap.arrive(mail(1), silently=True)
        await desk.wait_for(1)
    assert imap.connections == 1
    assert desk.heard[0].meta["uidvalidity"] == "8"


async def test_new_mail_is_new_though_the_clocks_differ_and_old_mail_moved_in_is_not(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        for number, minutes in ((1, 5), (2, 60)):
            moment = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 60 * minutes, UTC)
            imap.dates[number] = moment.strftime("%d-%b-%Y %H:%M:%S +0000")
            imap.arrive(mail(number))
        await desk.wait_for(2)
    assert ["observed" in inbound.meta for inbound in desk.heard] == [False, True]
