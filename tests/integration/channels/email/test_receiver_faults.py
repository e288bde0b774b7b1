"""IMAP servers that misbehave: nothing is lost, nothing is read twice, nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from supportbot.channels.email.arriving.receiver import Pace
from supportbot.channels.email.channel import EmailChannel
from supportbot.errors import Unparsable
from supportbot.store.database import Database
from tests.integration.channels.email.fake_imap import FakeImap, Talk, serving
from tests.integration.channels.email.mailboxes import PATIENT, mail, make_channel, subjects


@pytest.fixture
async def imap() -> AsyncIterator[FakeImap]:
    async with serving(FakeImap()) as here:
        yield here


async def test_a_server_that_says_bye_while_idle_does_not_hang_the_receiver(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any, eventually: Any
) -> None:
    """Regression of aioimaplib#110 and mjs/imapclient#403: IDLE answered by BYE and a close."""

    async def bye(talk: Talk) -> None:
        talk.say("+ idling", "* BYE closing")
        await talk.hang_up()

    imap.answers["IDLE"] = bye
    channel = make_channel(mail_db, imap.url, PATIENT)
    async with running(channel.run(desk.accept)):
        await eventually(lambda: imap.connections >= 3)
        del imap.answers["IDLE"]
        imap.arrive(mail(1))
        await desk.wait_for(1)


async def test_a_server_that_falls_silent_is_left_and_found_again(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    """Regression of mjs/imapclient#349: the connection stands, and nothing comes any more."""
    silent = asyncio.Event()

    async def mute(talk: Talk) -> None:
        talk.say("+ idling")
        silent.set()
        await talk.reader.read()

    imap.answers["IDLE"] = mute
    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await silent.wait()
        del imap.answers["IDLE"]
        imap.arrive(mail(1))
        await desk.wait_for(1)
    assert imap.connections == 2


async def test_news_that_come_while_mail_is_read_are_not_missed(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    """The second mail is announced beside another answer; IDLE would not tell of it again."""

    async def meanwhile(talk: Talk) -> None:
        del imap.answers["UID FETCH"]
        imap.arrive(mail(2), silently=True)
        talk.say("* 2 EXISTS")
        await imap.fetch(talk)

    channel = make_channel(mail_db, imap.url, PATIENT)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.answers["UID FETCH"] = meanwhile
        imap.arrive(mail(1))
        await desk.wait_for(2)
    assert subjects(channel, desk) == ["Case 1", "Case 2"]


async def test_news_that_come_in_one_packet_with_the_beginning_of_idle_are_seen(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    async def at_once(talk: Talk) -> None:
        del imap.answers["IDLE"]
        imap.arrive(mail(1), silently=True)
        talk.writer.write(b"+ idling\r\n* 1 EXISTS\r\n")
        await talk.reader.readline()
        talk.done()

    imap.answers["IDLE"] = at_once
    channel = make_channel(mail_db, imap.url, PATIENT)
    async with running(channel.run(desk.accept)):
        await desk.wait_for(1)


async def test_a_server_that_vanishes_in_mid_fetch_costs_no_mail(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    async def half(talk: Talk) -> None:
        if "BODY.PEEK[]" not in talk.arguments:
            await imap.fetch(talk)
            return
        del imap.answers["UID FETCH"]
        talk.say("* 1 FETCH (UID 1 BODY[] {500}", "From: Ann <ann@cust.example>")
        await talk.hang_up()

    channel = make_channel(mail_db, imap.url)
    imap.answers["UID FETCH"] = half
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.arrive(mail(1))
        await desk.wait_for(1)
    assert desk.calls == 1
    assert subjects(channel, desk) == ["Case 1"]


async def test_a_mail_that_vanishes_before_it_is_read_holds_nothing_up(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any
) -> None:
    async def taken_away(talk: Talk) -> None:
        del imap.answers["UID FETCH"]
        del imap.mails[1]
        await imap.fetch(talk)

    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.answers["UID FETCH"] = taken_away
        imap.arrive(mail(1), silently=True)
        imap.arrive(mail(2))
        await desk.wait_for(1)
    assert subjects(channel, desk) == ["Case 2"]


@pytest.mark.parametrize("answer", ["NO [SERVERBUG] cannot read mail", "BAD internal error"])
async def test_a_mail_that_the_server_withholds_is_put_on_record_and_holds_nothing_up(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any, answer: str
) -> None:
    async def broken(talk: Talk) -> None:
        if talk.arguments.startswith("1 (BODY"):
            talk.done(answer)
        else:
            await imap.fetch(talk)

    imap.answers["UID FETCH"] = broken
    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        imap.arrive(mail(1))
        imap.arrive(mail(2))
        await desk.wait_for(2)
    with pytest.raises(Unparsable, match="stays in the mailbox"):
        channel.parse(desk.heard[0])
    assert imap.count("UID FETCH 1 (BODY") == 3
    assert imap.count("UID STORE 1") == 0


async def test_a_refused_password_is_said_once_and_tried_ever_less_often(
    imap: FakeImap,
    mail_db: Database,
    desk: Any,
    running: Any,
    eventually: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def no(talk: Talk) -> None:
        talk.done("NO [AUTHENTICATIONFAILED] wrong password")

    imap.answers["LOGIN"] = no
    channel = make_channel(mail_db, imap.url, imap_password="hush")
    async with running(channel.run(desk.accept)):
        await eventually(lambda: imap.count("LOGIN") >= 4)
        assert "login refused" in (channel.healthy() or "")
    said = capsys.readouterr().out
    assert said.count("login refused") == 1
    assert "hush" not in said + str(channel.healthy())


async def test_refusals_are_paused_for_longer_each_time(
    imap: FakeImap, mail_db: Database, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no(talk: Talk) -> None:
        talk.done("NO [AUTHENTICATIONFAILED] wrong password")

    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 6:
            raise asyncio.CancelledError

    imap.answers["LOGIN"] = no
    channel = make_channel(mail_db, imap.url, Pace())
    monkeypatch.setattr("supportbot.channels.email.arriving.receiver.asyncio.sleep", pause)
    with pytest.raises(asyncio.CancelledError):
        await channel._receiver.run(desk.accept)  # type: ignore[union-attr]  # it has imap
    for number, seconds in enumerate(paused):
        longest = min(300 * 2**number, 3600)
        assert longest / 2 <= seconds <= longest


@pytest.mark.parametrize(
    "answer",
    ["NO [UNAVAILABLE] user database is away", "NO [LIMIT] x", "NO Too many connections", "BYE"],
)
async def test_a_server_that_only_puts_us_off_is_asked_again_soon(
    imap: FakeImap, mail_db: Database, desk: Any, running: Any, eventually: Any, answer: str
) -> None:
    async def later(talk: Talk) -> None:
        if answer == "BYE":
            talk.say("* BYE shutting down")
            await talk.hang_up()
        talk.done(answer)

    imap.answers["LOGIN"] = later
    channel = make_channel(
        mail_db, imap.url, Pace(first_retry_seconds=0.05, last_retry_seconds=0.1)
    )
    async with running(channel.run(desk.accept)):
        await eventually(lambda: imap.count("LOGIN") >= 3)
        assert "login refused" not in (channel.healthy() or "")
        del imap.answers["LOGIN"]
        await eventually(lambda: channel.healthy() is None)


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("SELECT", ["* 0 EXISTS", "* OK [UIDVALIDITY x] x", "{tag} OK x"]),
        ("SELECT", ["* ZERO EXISTS", "{tag} OK x"]),
        ("LIST", ['* LIST (\\Junk "/', "{tag} OK x"]),
        ("UID SEARCH", ["* SEARCH one two", "{tag} OK x"]),
        ("UID SEARCH", ["* SEARCH (1", "{tag} OK x"]),
        ("UID FETCH", ["* 1 FETCH (UID 1 RFC822.SIZE", "{tag} OK x"]),
        ("UID FETCH", ["* 1 FETCH (UID 1 RFC822.SIZE many INTERNALDATE x)", "{tag} OK x"]),
        ("UID FETCH", ["* 1 FETCH (UID 1 RFC822.SIZE 9)", "{tag} OK x"]),
        ("UID FETCH", ["* 1 FETCH (UID 1 RFC822.SIZE NIL INTERNALDATE NIL)", "{tag} OK x"]),
        ("UID FETCH", ["\x00\x01\x02", "OK"]),
        ("NOOP", ["{tag} BAD no such command"]),
    ],
)
async def test_answers_that_are_no_imap_are_trouble_and_no_end(
    imap: FakeImap,
    mail_db: Database,
    desk: Any,
    running: Any,
    eventually: Any,
    command: str,
    lines: list[str],
) -> None:
    garbled = 0

    async def nonsense(talk: Talk) -> None:
        nonlocal garbled
        garbled += 1
        talk.say(*(line.format(tag=talk.tag) for line in lines))

    channel = make_channel(mail_db, imap.url)
    async with running(channel.run(desk.accept)) as task:
        await eventually(lambda: channel.healthy() is None)
        imap.answers[command] = nonsense
        imap.arrive(mail(1))
        if command in {"SELECT", "LIST"}:
            imap.answers["UID SEARCH"] = lambda talk: talk.hang_up()
        await eventually(lambda: garbled >= 2 and channel.healthy() is not None)
        assert not task.done()
        imap.answers.clear()
        await desk.wait_for(1)
        assert channel.healthy() is None or await _settles(channel, eventually)


async def _settles(channel: EmailChannel, eventually: Any) -> bool:
    await eventually(lambda: channel.healthy() is None)
    return True


async def test_stopping_does_not_wait_for_a_server_that_hangs(
    imap: FakeImap, mail_db: Database, desk: Any
) -> None:
    hanging = asyncio.Event()

    async def hang(talk: Talk) -> None:
        hanging.set()
        await talk.reader.read()

    channel = make_channel(mail_db, imap.url, timeout_seconds=60.0)
    imap.answers["UID FETCH"] = hang
    task = asyncio.create_task(channel.run(desk.accept))
    await imap.idling.wait()
    imap.arrive(mail(1))
    await hanging.wait()
    task.cancel()
    async with asyncio.timeout(10):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
