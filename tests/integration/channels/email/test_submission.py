"""A submission server that answers word for word as it is told, and what is made of it."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from supportbot.channels.email.sending.submission import (
    Deferred,
    Envelope,
    Refusal,
    Submission,
    submission,
    submit,
)
from supportbot.errors import ChannelError, DeliveryUnknown, SendError

ME = "help@bot.example"
MAIL = b"Subject: hi\r\n\r\nhello\r\n"


class Wordy:
    """Answers the commands of a session; what is not told otherwise it takes."""

    def __init__(self, **told: str) -> None:
        #: Lines of the clients, without those of the message.
        self.heard: list[str] = []
        self._told = {"HELO": "250 wordy", "EHLO": "250-wordy\r\n250 AUTH PLAIN", **told}
        #: Set when a session stops reading for good: this command is never answered.
        self.deaf_to: str | None = None
        self.stuck = asyncio.Event()
        self.connections = 0
        self.port = 0

    def url(self, user: str = "") -> str:
        return f"smtp://{user}127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            self._say(writer, "GREETING", "220 wordy")
            while line := await reader.readline():
                self.heard.append(line.decode().strip())
                command = line[:4].decode().strip().upper()
                if command == self.deaf_to:
                    self.stuck.set()
                    await reader.read()  # returns at the end of the connection only
                    break
                if command != "DATA":
                    self._say(writer, command, "250 ok")
                    continue
                self._say(writer, "BEGIN", "354 go on")
                await reader.readuntil(b"\r\n.\r\n")
                self._say(writer, "END", "250 queued")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections -= 1
            writer.close()

    def _say(self, writer: asyncio.StreamWriter, to: str, usual: str) -> None:
        writer.write(f"{self._told.get(to, usual)}\r\n".encode())


@asynccontextmanager
async def running(wordy: Wordy) -> AsyncIterator[Wordy]:
    server = await asyncio.start_server(wordy.serve, "127.0.0.1", 0)
    wordy.port = server.sockets[0].getsockname()[1]
    try:
        yield wordy
    finally:
        server.close()


def envelope(*to: str, sender: str = ME) -> Envelope:
    return Envelope(sender, to or ("ann@cust.example",), ME)


async def hand_in(wordy: Wordy, *to: str, user: str = "") -> tuple[Refusal, ...]:
    return await submit(submission(wordy.url(user), "secret", 5), envelope(*to), MAIL)


async def refusal(*to: str, user: str = "", **told: str) -> SendError:
    async with running(Wordy(**told)) as wordy:
        with pytest.raises(SendError) as caught:
            await hand_in(wordy, *to, user=user)
    return caught.value


@pytest.mark.parametrize(
    "told",
    [
        {"GREETING": "554 5.3.2 going down"},
        {"GREETING": "521 no mail here"},
        {"EHLO": "554 overloaded", "HELO": "554 overloaded"},
        {"MAIL": "550 5.7.1 sign in first"},
        {"MAIL": "552 too much for now"},
        {"RCPT": "552 5.2.2 too many recipients"},
        {"RCPT": "451 later"},
        {"RCPT": "what?"},
        {"BEGIN": "451 later"},
        {"END": "452 disk full"},
    ],
)
async def test_a_refusal_that_is_not_about_recipient_or_message_is_temporary(
    told: dict[str, str],
) -> None:
    error = await refusal(**told)
    assert not error.permanent
    assert next(iter(told.values()))[:3] in str(error) or "what?" in str(error)


@pytest.mark.parametrize(
    "told", [{"RCPT": "550 5.1.1 unknown"}, {"RCPT": "553 bad name"}, {"END": "554 5.6.0 spam"}]
)
async def test_a_refusal_of_the_recipient_or_the_message_is_final(told: dict[str, str]) -> None:
    assert (await refusal(**told)).permanent


async def test_a_refused_sign_in_is_temporary_and_names_its_cure() -> None:
    error = await refusal(user="bot@", AUTH="535 5.7.8 bad credentials")
    assert not error.permanent
    assert "sign bot in" in str(error)
    assert "`password_env`" in str(error)


@pytest.mark.parametrize("told", [{"RCPT": "450 4.2.0 busy"}, {"END": "451 4.7.1 greylisted"}])
async def test_a_domain_that_puts_off_is_told_apart(told: dict[str, str]) -> None:
    assert isinstance(await refusal(**told), Deferred)


@pytest.mark.parametrize(
    "told", [{"END": "421 going down"}, {"MAIL": "451 later"}, {"GREETING": "421 busy"}]
)
async def test_a_server_that_goes_away_says_nothing_about_the_domain(told: dict[str, str]) -> None:
    error = await refusal(**told)
    assert not error.permanent
    assert not isinstance(error, Deferred)


async def test_a_partial_refusal_says_of_each_recipient_whether_it_is_final() -> None:
    """The message leaves for those who are taken."""
    answers = iter(["550 5.1.1 unknown", "452 4.2.2 full", "250 ok"])

    class Choosy(Wordy):
        def _say(self, writer: asyncio.StreamWriter, to: str, usual: str) -> None:
            super()._say(writer, "", next(answers) if to == "RCPT" else self._told.get(to, usual))

    to = ("gone@cust.example", "full@cust.example", "ann@cust.example")
    async with running(Choosy()) as wordy:
        refused = await hand_in(wordy, *to)
    assert refused == (
        Refusal("gone@cust.example", "550 5.1.1 unknown", permanent=True),
        Refusal("full@cust.example", "452 4.2.2 full", permanent=False),
    )


async def test_a_return_path_that_the_server_refuses_gives_way_to_the_plain_address() -> None:
    class Strict(Wordy):
        def _say(self, writer: asyncio.StreamWriter, to: str, usual: str) -> None:
            mine = to != "MAIL" or f"<{ME}>" in self.heard[-1]
            super()._say(writer, to, usual if mine else "550 5.7.60 not your address")

    async with running(Strict()) as wordy:
        path = envelope(sender="help+b.token@bot.example")
        assert await submit(submission(wordy.url(), None, 5), path, MAIL) == ()
    named = [line for line in wordy.heard if line.startswith("MAIL")]
    assert [line.split()[1] for line in named] == [
        "FROM:<help+b.token@bot.example>",
        f"FROM:<{ME}>",
    ]


async def test_a_return_path_that_is_refused_after_the_message_gives_way_too() -> None:
    """As Exchange does; the plain address is not tried again, and both begin with `before`."""

    class Exchange(Wordy):
        def _say(self, writer: asyncio.StreamWriter, to: str, usual: str) -> None:
            mine = to != "END" or any(f"<{ME}>" in line for line in self.heard)
            super()._say(writer, to, usual if mine else "554 5.2.252 SendAsDenied; not yours")

    calls: list[str] = []

    async def before() -> None:
        calls.append("before")

    async with running(Exchange()) as wordy:
        path = envelope(sender="help+b.token@bot.example")
        assert await submit(submission(wordy.url(), None, 5), path, MAIL, before) == ()
    assert len(calls) == 2
    error = await refusal(END="550 5.7.60 not yours")
    assert error.permanent


async def test_nothing_is_done_before_the_envelope_is_taken_nor_after_the_message_began() -> None:
    seen: list[str] = []
    async with running(Wordy()) as wordy:

        async def before() -> None:
            seen.extend(line[:4] for line in wordy.heard)

        await submit(submission(wordy.url(), None, 5), envelope(), MAIL, before)
    assert "RCPT" in seen
    assert "DATA" not in seen


async def test_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    to = envelope("jörg@cust.example")
    async with running(Wordy()) as wordy:
        with pytest.raises(SendError, match="SMTPUTF8") as caught:
            await submit(submission(wordy.url(), None, 5), to, MAIL)
    assert caught.value.permanent
    async with running(Wordy(EHLO="250-wordy\r\n250-8BITMIME\r\n250 SMTPUTF8")) as wordy:
        assert await submit(submission(wordy.url(), None, 5), to, MAIL) == ()
    assert f"MAIL FROM:<{ME}> BODY=8BITMIME SMTPUTF8" in wordy.heard
    assert "RCPT TO:<jörg@cust.example>" in wordy.heard


class Tokens:
    """Gives one token after the other; each that is refused is given up."""

    def __init__(self) -> None:
        self.given = ["stale", "fresh"]

    async def current(self) -> str:
        return self.given[0]

    def refused(self, token: str) -> None:
        self.given.remove(token)


async def test_an_access_token_signs_in_and_a_refused_one_is_given_up() -> None:
    tokens = Tokens()
    greeting = "250-wordy\r\n250 AUTH XOAUTH2"
    async with running(Wordy(EHLO=greeting, AUTH="535 5.7.8 expired")) as wordy:
        server = submission(wordy.url("bot@"), None, 5, tokens)
        with pytest.raises(SendError, match="grant access") as caught:
            await submit(server, envelope(), MAIL)
    assert not caught.value.permanent
    assert tokens.given == ["fresh"]
    async with running(Wordy(EHLO=greeting, AUTH="235 2.7.0 yes")) as wordy:
        server = submission(wordy.url("bot@"), None, 5, tokens)
        assert await submit(server, envelope(), MAIL) == ()
    (said,) = [line for line in wordy.heard if line.startswith("AUTH")]
    assert b64decode(said.split()[-1]) == b"user=bot\x01auth=Bearer fresh\x01\x01"


async def test_no_access_token_right_now_is_no_fault_of_the_message() -> None:
    class Empty(Tokens):
        async def current(self) -> str:
            raise ChannelError("the server that gives tokens is away")

    async with running(Wordy(EHLO="250-wordy\r\n250 AUTH XOAUTH2")) as wordy:
        server = submission(wordy.url("bot@"), None, 5, Empty())
        with pytest.raises(SendError, match="is away") as caught:
            await submit(server, envelope(), MAIL)
    assert not caught.value.permanent


def test_replies_leave_over_tls_or_to_this_machine() -> None:
    def tls(url: str) -> tuple[bool, bool | None]:
        server: Submission = submission(url, None)
        return server.implicit_tls, server.start_tls

    assert tls("smtp://mail.example") == (False, True)
    assert tls("smtps://mail.example") == (True, False)
    assert tls("smtp://127.0.0.1:2525") == tls("smtp://localhost") == (False, None)


@pytest.mark.parametrize("answer", ["queued as 1234", "200 fine", "354 more?", "999"])
async def test_an_answer_to_the_message_that_is_neither_yes_nor_no_is_unknown(answer: str) -> None:
    async with running(Wordy(END=answer)) as wordy:
        with pytest.raises(DeliveryUnknown):
            await hand_in(wordy)


@pytest.mark.parametrize("goodbye", ["500 what?", "bye"])
async def test_a_message_that_was_taken_left_however_the_server_parts(goodbye: str) -> None:
    async with running(Wordy(QUIT=goodbye)) as wordy:
        assert await hand_in(wordy) == ()


@pytest.mark.parametrize("command", ["EHLO", "RCPT", "DATA", "QUIT"])
async def test_a_hand_over_that_is_cancelled_leaves_no_connection(
    command: str, eventually: Callable[[Callable[[], bool]], Awaitable[None]]
) -> None:
    async with running(Wordy()) as wordy:
        wordy.deaf_to = command
        handing = asyncio.create_task(hand_in(wordy))
        await wordy.stuck.wait()
        handing.cancel()
        await asyncio.gather(handing, return_exceptions=True)
        assert handing.cancelled()
        await eventually(lambda: wordy.connections == 0)


async def test_what_had_not_left_when_a_hand_over_was_cancelled_never_leaves() -> None:
    begun, given_up = asyncio.Event(), asyncio.Event()
    rest: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"220", b"250", b"250", b"250"):
            writer.write(answer + b" ok\r\n")
            await reader.readline()
        writer.write(b"354 go on\r\n")
        begun.set()
        await given_up.wait()  # meanwhile the sockets fill up
        with suppress(ConnectionError):
            while read := await reader.read(2**20):
                last = read
        rest.set_result(last[-5:])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    there = submission(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", None)
    handing = asyncio.create_task(submit(there, envelope(), b"x" * 2**25))
    await begun.wait()
    await asyncio.sleep(0.1)
    handing.cancel()
    await asyncio.gather(handing, return_exceptions=True)
    given_up.set()
    assert await rest != b"\r\n.\r\n"
    server.close()
