"""A submission server that answers word for word as it is told, and what is made of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from supportbot.channels.email.submission import submission, submit
from supportbot.errors import DeliveryUnknown, SendError

ME = "help@bot.example"
MAIL = b"Subject: hi\r\n\r\nhello\r\n"


class Wordy:
    """Answers the commands of a session; what is not told otherwise it takes."""

    def __init__(self, **told: str) -> None:
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


async def hand_in(wordy: Wordy, *to: str, user: str = "") -> list[str]:
    server = submission(wordy.url(user), "secret", 5)
    return await submit(server, ME, to or ("ann@cust.example",), MAIL)


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


@pytest.mark.parametrize("answer", ["queued as 1234", "200 fine", "354 more?", "999"])
async def test_an_answer_to_the_message_that_is_neither_yes_nor_no_is_unknown(answer: str) -> None:
    async with running(Wordy(END=answer)) as wordy:
        with pytest.raises(DeliveryUnknown):
            await hand_in(wordy)


@pytest.mark.parametrize("goodbye", ["500 what?", "bye"])
async def test_a_message_that_was_taken_left_however_the_server_parts(goodbye: str) -> None:
    async with running(Wordy(QUIT=goodbye)) as wordy:
        assert await hand_in(wordy) == []


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
    handing = asyncio.create_task(submit(there, ME, ["ann@cust.example"], b"x" * 2**25))
    await begun.wait()
    await asyncio.sleep(0.1)
    handing.cancel()
    await asyncio.gather(handing, return_exceptions=True)
    given_up.set()
    assert await rest != b"\r\n.\r\n"
    server.close()
