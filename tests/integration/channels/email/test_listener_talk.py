"""What mail servers say to the listener, word by word: smuggling, limits, LMTP, STARTTLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from supportbot.channels.email.arriving.listener import ListenerRules, MailListener, Received
from supportbot.errors import SettingsError, StoreUnavailable
from tests.integration.channels.email.listener_files import write_certificate

HELLO = "EHLO mx.example"
ENVELOPE = ("MAIL FROM:<ann@cust.example>", "RCPT TO:<help@bot.example>")


class Mta:
    """A mail server's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self) -> str:
        """Read one answer with all its lines; empty after the end."""
        lines = []
        async with asyncio.timeout(10):
            while line := (await self.reader.readline()).decode():
                lines.append(line.rstrip())
                if line[3:4] != "-":
                    break
        return "\n".join(lines)

    async def say(self, *commands: str) -> str:
        """Say commands one after the other; returns the last answer."""
        last = ""
        for command in commands:
            self.writer.write(f"{command}\r\n".encode())
            last = await self.answer()
        return last

    async def send(self, content: bytes, recipients: int = 1) -> list[str]:
        """Begin DATA and send bytes as they are; returns an answer for each recipient."""
        assert (await self.say("DATA")).startswith("354")
        self.writer.write(content)
        return [await self.answer() for _ in range(recipients)]

    async def start_tls(self) -> None:
        """Go on over TLS, whoever the other side is."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await self.writer.start_tls(context)


@asynccontextmanager
async def connected(listener: MailListener) -> AsyncIterator[Mta]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    mta = Mta(reader, writer)
    try:
        yield mta
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@asynccontextmanager
async def greeted(listener: MailListener) -> AsyncIterator[Mta]:
    async with connected(listener) as mta:
        assert (await mta.answer()).startswith("220")
        yield mta


class Shelf:
    """Takes what is delivered, or fails."""

    def __init__(self) -> None:
        self.got: list[Received] = []
        self.failing: Exception | None = None
        self.busy = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def deliver(self, received: Received) -> None:
        self.busy.set()
        await self.go_on.wait()
        if self.failing is not None:
            raise self.failing
        self.got.append(received)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def serving(shelf: Shelf) -> Callable[..., Any]:
    """Serve `help@bot.example` under some rules."""

    @asynccontextmanager
    async def serve(**rules: Any) -> AsyncIterator[MailListener]:
        listener = MailListener("127.0.0.1", 0, (), ListenerRules(**rules))
        async with listener.serving(["help@bot.example"], shelf.deliver):
            yield listener

    return serve


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\n.\n",
        b"\n\n.\r\n\r",
        b"\r\n.\0\r\n",
    ],
    ids=repr,
)
async def test_no_other_end_of_a_message_smuggles_a_second_one_in(
    serving: Any, shelf: Shelf, end: bytes
) -> None:
    second = b"MAIL FROM:<boss@bot.example>\r\nRCPT TO:<help@bot.example>\r\nDATA\r\nSubject: 2"
    async with serving() as listener, greeted(listener) as mta:
        await mta.say(HELLO, *ENVELOPE)
        (answer,) = await mta.send(b"Subject: 1\r\n\r\nhi" + end + second + b"\r\n.\r\n")
        assert answer.startswith("250")
        assert (await mta.say("NOOP")).startswith("250")
    (one,) = shelf.got
    assert one.mail_from == "ann@cust.example"
    assert second in one.raw


async def test_dots_and_long_lines_arrive_as_they_were_written(serving: Any, shelf: Shelf) -> None:
    content = (
        b"Subject: x\r\n\r\n.one\r\n..\r\n" + b"y" * 300_000 + b"\r\n" + b"z" * 65_536 + b"\r\n"
    )
    async with serving() as listener, greeted(listener) as mta:
        await mta.say(HELLO, *ENVELOPE)
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        assert (await mta.send(stuffed + b".\r\n"))[0].startswith("250")
    assert shelf.got[0].raw == content


async def test_the_size_limit_is_announced_and_kept(serving: Any, shelf: Shelf) -> None:
    async with serving(max_bytes=10_000) as listener, greeted(listener) as mta:
        assert "250-SIZE 10000" in await mta.say(HELLO)
        assert (await mta.say("MAIL FROM:<a@b.example> SIZE=10001")).startswith("552")
        await mta.say(*ENVELOPE)
        assert (await mta.send(b"x" * 20_000 + b"\r\n.\r\n"))[0].startswith("552 5.3.4")
        await mta.say(*ENVELOPE)
        assert (await mta.send(b"x" * 9_998 + b"\r\n.\r\n"))[0].startswith("250")
    assert len(shelf.got) == 1


async def test_lmtp_answers_for_each_recipient(serving: Any, shelf: Shelf) -> None:
    async def fails(_received: Received) -> None:
        raise StoreUnavailable("full")

    async with (
        serving(protocol="lmtp") as listener,
        listener.serving(["sales@bot.example"], fails),
        greeted(listener) as mta,
    ):
        assert (await mta.say("EHLO x")).startswith("500")
        assert "250-PIPELINING" in await mta.say("LHLO x")
        await mta.say(*ENVELOPE)
        assert (await mta.say("RCPT TO:<who@bot.example>")).startswith("550")
        await mta.say("RCPT TO:<sales@bot.example>", "RCPT TO:<help+1@bot.example>")
        answers = await mta.send(b"Subject: x\r\n\r\nhi\r\n.\r\n", recipients=3)
        assert [one[:3] for one in answers] == ["250", "451", "250"]
        assert (await mta.say("NOOP")).startswith("250"), "no answer is left over"
    assert [one.recipients for one in shelf.got] == [("help@bot.example", "help+1@bot.example")]


async def test_lmtp_answers_for_each_recipient_of_what_is_too_large(serving: Any) -> None:
    async with serving(protocol="lmtp", max_bytes=2_000) as listener, greeted(listener) as mta:
        await mta.say("LHLO x", *ENVELOPE, "RCPT TO:<help+2@bot.example>")
        answers = await mta.send(b"x" * 3_000 + b"\r\n.\r\n", recipients=2)
        assert [one[:3] for one in answers] == ["552", "552"]
        assert (await mta.say("NOOP")).startswith("250")


async def test_pipelined_commands_are_answered_in_order(serving: Any, shelf: Shelf) -> None:
    async with serving() as listener, greeted(listener) as mta:
        commands = (HELLO, *ENVELOPE, "RCPT TO:<who@bot.example>", "DATA")
        mta.writer.write("".join(f"{one}\r\n" for one in commands).encode())
        answers = [(await mta.answer())[:3] for _ in commands]
        assert answers == ["250", "250", "250", "550", "354"]
        mta.writer.write(b"Subject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n")
        assert (await mta.answer()).startswith("250")
        assert (await mta.answer()).startswith("221")
    assert len(shelf.got) == 1


@pytest.mark.parametrize(
    "command",
    ["RCPT TO:<", "RCPT TO:<a@b@c>", "RCPT TO:<@>", 'RCPT TO:<"a b"@bot.example>', "RCPT TO:<\0@b>",
     "RCPT TO:" + "<" * 500, "MAIL FROM:<" + "(" * 900 + ">", "MAIL FROM:<a> X=1"],
)  # fmt: skip
async def test_a_broken_command_is_refused_and_the_talk_goes_on(
    serving: Any, shelf: Shelf, command: str
) -> None:
    async with serving() as listener, greeted(listener) as mta:
        await mta.say(HELLO)
        if not command.startswith("MAIL"):
            await mta.say(ENVELOPE[0])
        mta.writer.write(command.encode() + b"\r\n")
        assert (await mta.answer())[:1] in {"4", "5"}
        await mta.say("RSET", *ENVELOPE)
        assert (await mta.send(b"Subject: x\r\n\r\nhi\r\n.\r\n"))[0].startswith("250")
    assert len(shelf.got) == 1


async def test_a_client_that_guesses_addresses_is_sent_away(serving: Any) -> None:
    async with serving() as listener, greeted(listener) as mta:
        await mta.say(HELLO, ENVELOPE[0])
        answers = [await mta.say(f"RCPT TO:<{n}@bot.example>") for n in range(30)]
        assert {one[:3] for one in answers} == {"550"}
        assert (await mta.answer()).startswith("421")
        assert await mta.answer() == ""


async def test_a_client_that_talks_nonsense_is_sent_away(serving: Any) -> None:
    async with serving() as listener, greeted(listener) as mta:
        for _ in range(10):
            answer = await mta.say("GET / HTTP/1.1")
        assert answer == ""


async def test_connections_beyond_the_limit_are_put_off_and_room_is_made(serving: Any) -> None:
    async with (
        serving(max_connections=2) as listener,
        connected(listener) as first,
        connected(listener) as second,
    ):
        assert (await first.answer()).startswith("220")
        assert (await second.answer()).startswith("220")
        async with connected(listener) as third:
            assert (await third.answer()).startswith("421 4.3.2")
            assert await third.answer() == ""
        await first.say("QUIT")
        assert await first.answer() == ""
        async with greeted(listener) as fourth:
            assert (await fourth.say("NOOP")).startswith("250")


async def test_networks_that_are_not_named_are_turned_away(serving: Any) -> None:
    async with serving(peers=("192.0.2.0/24",)) as listener, connected(listener) as mta:
        assert (await mta.answer()).startswith("554 5.7.1")
        assert await mta.answer() == ""
    async with serving(peers=("127.0.0.1",)) as listener, connected(listener) as mta:
        assert (await mta.answer()).startswith("220")


async def test_an_idle_client_is_hung_up_on(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supportbot.channels.email.arriving.talk._CLIENT_SECONDS", 0.2)
    async with serving() as listener, greeted(listener) as mta:
        assert await mta.answer() == ""


async def test_mail_that_is_being_committed_when_the_client_goes_is_committed(
    serving: Any, shelf: Shelf
) -> None:
    shelf.go_on.clear()
    async with serving() as listener:
        async with greeted(listener) as mta:
            await mta.say(HELLO, *ENVELOPE)
            await mta.say("DATA")
            mta.writer.write(b"Subject: x\r\n\r\nhi\r\n.\r\n")
            await shelf.busy.wait()
            mta.writer.transport.abort()
        shelf.go_on.set()
    assert len(shelf.got) == 1


async def test_who_stops_lets_a_commit_be_answered_and_parts_from_the_others(
    serving: Any, shelf: Shelf
) -> None:
    shelf.go_on.clear()
    async with serving() as listener, greeted(listener) as idle:
        await idle.say(HELLO)
        async with greeted(listener) as mta:
            await mta.say(HELLO, *ENVELOPE)
            await mta.say("DATA")
            mta.writer.write(b"Subject: x\r\n\r\nhi\r\n.\r\n")
            await shelf.busy.wait()
            stopping = asyncio.create_task(listener.aclose())
            assert (await idle.say("NOOP"))[:3] in {"250", "421"}
            shelf.go_on.set()
            assert (await mta.answer()).startswith("250 2.0.0")
            assert (await mta.answer()).startswith("421 4.3.2")
            await stopping
    assert len(shelf.got) == 1


async def test_a_mailbox_that_does_not_run_yet_puts_its_mail_off(shelf: Shelf) -> None:
    listener = MailListener("127.0.0.1", 0, ["help@bot.example", "sales@bot.example"])
    async with listener.serving(["help@bot.example"], shelf.deliver), greeted(listener) as mta:
        await mta.say(HELLO, ENVELOPE[0])
        assert (await mta.say("RCPT TO:<sales+7@bot.example>")).startswith("451")
        assert (await mta.say("RCPT TO:<who@bot.example>")).startswith("550")


async def presented(listener: MailListener) -> str:
    """Return the name in the certificate that STARTTLS shows."""
    async with greeted(listener) as mta:
        assert "STARTTLS" in await mta.say(HELLO)
        await mta.say("STARTTLS")
        await mta.start_tls()
        assert "STARTTLS" not in await mta.say(HELLO)
        await mta.say(*ENVELOPE)
        assert (await mta.send(b"Subject: x\r\n\r\nhi\r\n.\r\n"))[0].startswith("250")
        der = mta.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    names = x509.load_der_x509_certificate(der).subject
    return str(names.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


async def test_starttls_takes_up_a_certificate_that_was_renewed(
    serving: Any, shelf: Shelf, tmp_path: Path
) -> None:
    chain, key = write_certificate(tmp_path, "first")
    async with serving(certificate=chain, certificate_key=key) as listener:
        assert await presented(listener) == "first"
        write_certificate(tmp_path, "second")
        assert await presented(listener) == "second"
        key.write_text("half a file")
        assert await presented(listener) == "second"
    assert len(shelf.got) == 3


async def test_what_was_said_before_starttls_does_not_count_after_it(
    serving: Any, shelf: Shelf, tmp_path: Path
) -> None:
    """Commands put in behind STARTTLS by somebody on the way (CVE-2011-0411) are thrown away."""
    chain, key = write_certificate(tmp_path, "mx")
    async with (
        serving(certificate=chain, certificate_key=key) as listener,
        greeted(listener) as mta,
    ):
        await mta.say(HELLO, *ENVELOPE)
        mta.writer.write(b"STARTTLS\r\nNOOP\r\nNOOP\r\n")
        assert (await mta.answer()).startswith("220")
        with suppress(ssl.SSLError, ConnectionError):
            await mta.start_tls()
            assert (await mta.say("DATA")).startswith("503")
    assert shelf.got == []


@pytest.mark.parametrize("broken", ["missing", "no certificate", "another key"])
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, broken: str) -> None:
    chain, key = write_certificate(tmp_path, "mx")
    match broken:
        case "missing":
            chain.unlink()
        case "no certificate":
            chain.write_text("hello")
        case _:
            key.write_bytes(write_certificate(tmp_path, "mx")[1].read_bytes())
            (tmp_path / "other").mkdir()
            key = write_certificate(tmp_path / "other", "mx")[1]
    rules = ListenerRules(certificate=chain, certificate_key=key)
    with pytest.raises(SettingsError, match=r"\[email.listener\] certificate: .*chain.pem"):
        MailListener("127.0.0.1", 0, (), rules)
