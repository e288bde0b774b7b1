"""An IMAP server of a few lines whose answers a test can replace, command by command."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Talk:
    """One connection: what a replaced answer works with."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tag: str = ""
    arguments: str = ""

    def say(self, *lines: str) -> None:
        for line in lines:
            self.writer.write(line.encode() + b"\r\n")

    def done(self, words: str = "OK done") -> None:
        self.say(f"{self.tag} {words}")

    async def hang_up(self) -> None:
        await self.writer.drain()
        self.writer.transport.abort()


Answer = Callable[[Talk], Awaitable[None]]


@dataclass
class FakeImap:
    """One folder of mails; `answers` stand instead of its own, by command (`UID FETCH`)."""

    port: int = 0
    mails: dict[int, bytes] = field(default_factory=dict)
    #: UID → INTERNALDATE; else now.
    dates: dict[int, str] = field(default_factory=dict)
    uidvalidity: int = 7
    uidnext: int | None = 1
    capabilities: str = "IMAP4rev1 IDLE"
    #: Folder → its attributes.
    folders: dict[str, str] = field(default_factory=lambda: {"INBOX": ""})
    answers: dict[str, Answer] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    #: Set whenever a client waits in IDLE.
    idling: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: list[Talk] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"imap://bot@127.0.0.1:{self.port}"

    def count(self, command: str) -> int:
        """Say how often a command came."""
        return sum(one.startswith(command) for one in self.commands)

    def arrive(self, raw: bytes, *, silently: bool = False) -> int:
        """Put a mail into the folder and tell those who wait."""
        uid = self.uidnext or max(self.mails, default=0) + 1
        self.mails[uid] = raw
        if self.uidnext is not None:
            self.uidnext = uid + 1
        for talk in () if silently else self._waiting:
            talk.say(f"* {len(self.mails)} EXISTS")
        return uid

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = Talk(reader, writer)
        talk.say(f"* OK [CAPABILITY {self.capabilities}] ready")
        try:
            while line := (await reader.readline()).decode().strip():
                await self._command(talk, line)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _command(self, talk: Talk, line: str) -> None:
        talk.tag, _, rest = line.partition(" ")
        self.commands.append(rest)
        verb, _, talk.arguments = rest.partition(" ")
        if verb.upper() == "UID":
            second, _, talk.arguments = talk.arguments.partition(" ")
            verb = f"UID {second}"
        verb = verb.upper()
        usual = {
            "CAPABILITY": self._capability,
            "LIST": self._list,
            "SELECT": self.select,
            "EXAMINE": self.select,
            "UID SEARCH": self.search,
            "UID FETCH": self.fetch,
            "IDLE": self.idle,
        }
        answer = self.answers.get(verb) or usual.get(verb)
        if answer is None:
            talk.done()
        else:
            await answer(talk)

    async def _capability(self, talk: Talk) -> None:
        talk.say(f"* CAPABILITY {self.capabilities}")
        talk.done()

    async def _list(self, talk: Talk) -> None:
        wanted = talk.arguments.split(" ", 1)[1].strip('"')
        if wanted in self.folders:
            talk.say(f'* LIST ({self.folders[wanted]}) "/" "{wanted}"')
        talk.done()

    async def select(self, talk: Talk) -> None:
        if talk.arguments.strip('"') not in self.folders:
            talk.done("NO [NONEXISTENT] no such folder")
            return
        talk.say(f"* {len(self.mails)} EXISTS", f"* OK [UIDVALIDITY {self.uidvalidity}] ok")
        if self.uidnext is not None:
            talk.say(f"* OK [UIDNEXT {self.uidnext}] ok")
        talk.done("OK [READ-WRITE] selected")

    async def search(self, talk: Talk) -> None:
        uids = sorted(self.mails)
        if wanted := re.search(r"UID (\d+|\*)(?::(\d+|\*))?", talk.arguments):
            last = uids[-1] if uids else 0
            low, high = (last if end in {"*", None} else int(end) for end in wanted.groups())
            low, high = min(low, high), max(low, high)
            uids = [uid for uid in uids if low <= uid <= high]
        talk.say("* SEARCH " + " ".join(map(str, uids)))
        talk.done()

    async def fetch(self, talk: Talk) -> None:
        uid = int(talk.arguments.split(" ", 1)[0])
        raw = self.mails.get(uid)
        if raw is None:
            talk.done()
        elif "BODY.PEEK[HEADER]" in talk.arguments:
            head = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            await self._literal(talk, uid, "BODY[HEADER]<0>", head[:262_144])
        elif "BODY.PEEK[]" in talk.arguments:
            await self._literal(talk, uid, "BODY[]", raw)
        else:
            date = self.dates.get(uid, "01-Jan-2099 00:00:00 +0000")
            talk.say(f'* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)} INTERNALDATE "{date}")')
            talk.done()

    async def _literal(self, talk: Talk, uid: int, item: str, raw: bytes) -> None:
        talk.say(f"* 1 FETCH (UID {uid} {item} {{{len(raw)}}}")
        talk.writer.write(raw + b")\r\n")
        talk.done()

    async def idle(self, talk: Talk) -> None:
        talk.say("+ idling")
        self._waiting.append(talk)
        self.idling.set()
        await talk.reader.readline()
        self._waiting.remove(talk)
        self.idling.clear()
        talk.done()


@asynccontextmanager
async def serving(imap: FakeImap) -> AsyncIterator[FakeImap]:
    """Serve on a free port of this machine."""
    server = await asyncio.start_server(imap.serve, "127.0.0.1", imap.port)
    imap.port = server.sockets[0].getsockname()[1]
    try:
        yield imap
    finally:
        server.close()


def token_login(known: set[str], seen: list[str]) -> Answer:
    """Answer AUTHENTICATE as Google and Microsoft do: a refusal needs one more, empty answer."""

    async def answer(talk: Talk) -> None:
        talk.say("+ ")
        words = base64.b64decode(await talk.reader.readline()).decode()
        seen.append(f"{talk.arguments} {words!r}")
        token = words.partition("auth=Bearer ")[2].rstrip("\1")
        if token in known:
            talk.done()
            return
        talk.say("+ " + base64.b64encode(b'{"status":"401"}').decode())
        seen.append(repr(base64.b64decode(await talk.reader.readline())))
        talk.done("NO [AUTHENTICATIONFAILED] invalid credentials")

    return answer
