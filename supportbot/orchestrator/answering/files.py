"""Files are fetched and read before the message that they came with is answered.

It happens in the ticket's lane, outside of any transaction, and each step is stored: a process that
is killed at it, or a provider that is away, costs a file a few attempts, and the answer goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from supportbot.completions.tokens import image_tokens
from supportbot.errors import FileUnavailable
from supportbot.files.pictures import picture_of
from supportbot.files.reading import Reading, ReadingRules
from supportbot.model.file import (
    FILES,
    FileReason,
    FileState,
    Image,
    SharedFile,
    StoredFile,
)
from supportbot.model.inbound import Attached
from supportbot.model.message import Message
from supportbot.orchestrator.answering.readers import Readers
from supportbot.orchestrator.answering.turn import Turn
from supportbot.orchestrator.storable import storable
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import files
from supportbot.store.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)
_MOST_ATTEMPTS = 3
_AT_ONCE = 4
#: Smaller pictures are signs and marks, such as those of signatures.
_LEAST_PIXELS = 48
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRules:
    """How much of what customers send is looked at."""

    reading: ReadingRules = field(default_factory=ReadingRules)
    most_bytes: int = 20 * _MIB
    #: Of each message; further ones are only named.
    per_message: int = 10
    #: How long the files of a turn may take to be fetched.
    fetch_seconds: float = 20.0
    #: Whether the model can be shown pictures, how many at once, and how large they may be.
    sees: bool = False
    images: int = 4
    image_bytes: int = 5 * _MIB


class SharedFiles:
    """Makes the files of a turn ready for a model."""

    def __init__(self, wiring: Wiring, rules: FileRules) -> None:
        self._wiring = wiring
        self._rules = rules
        self._readers = Readers()

    async def ready(self, turn: Turn) -> Turn:
        """Return the turn with the files of its thread, each fetched and read if it can be."""
        if not any(FILES in message.data for message in turn.thread):
            return turn
        seqs = {message.seq for message in turn.thread if not message.erased}
        known = await self._known(turn.ticket.id, seqs)
        waiting = [one for one in known if one.state in {FileState.PENDING, FileState.STORED}]
        if waiting:
            await self._look_at(turn, waiting, _over_limit(known, self._rules.per_message))
            known = await self._known(turn.ticket.id, seqs)
        return replace(turn, files=await self._shared(known))

    async def _known(self, ticket_id: int, seqs: set[int]) -> list[StoredFile]:
        async with self._wiring.db.reading() as work:
            return [one for one in await files.of_ticket(work, ticket_id) if one.seq in seqs]

    async def _look_at(
        self, turn: Turn, waiting: Sequence[StoredFile], over_limit: set[int]
    ) -> None:
        """Do what there is to do for each file, a few at a time, an attempt counted for each."""
        given_up = [
            one for one in waiting if one.id in over_limit or one.attempts >= _MOST_ATTEMPTS
        ]
        gone_on = [one for one in waiting if one not in given_up]
        async with self._wiring.db.writing() as work:
            for one in given_up:
                reason = FileReason.OVER_LIMIT if one.id in over_limit else _given_up(one)
                await files.done(work, one.id, FileState.NAMED, reason=reason)
            await files.claim(work, [one.id for one in gone_on])
        gate = asyncio.Semaphore(_AT_ONCE)
        until = asyncio.get_running_loop().time() + self._rules.fetch_seconds

        async def look(one: StoredFile) -> None:
            async with gate:
                await self._look(turn, one, until)

        await asyncio.gather(*map(look, gone_on))

    async def _look(self, turn: Turn, file: StoredFile, until: float) -> None:
        if file.state is FileState.PENDING:
            found = await self._fetched(turn, file, until)
        else:
            found = await self._kept(file)
        if found is not None:
            called = replace(file, filename=found.filename, content_type=found.content_type)
            await self._read(called, found.content)

    async def _kept(self, file: StoredFile) -> Attached | None:
        async with self._wiring.db.reading() as work:
            raw = (await files.contents(work, [file.id])).get(file.id)
        return None if raw is None else Attached(file.filename, file.content_type, raw)

    async def _fetched(self, turn: Turn, file: StoredFile, until: float) -> Attached | None:
        """Fetch and keep a file; None: not now, or never.

        Some channels learn only now what it is called.
        """
        if file.size_bytes > self._rules.most_bytes:
            await self._name(file, FileReason.TOO_LARGE)
            return None
        try:
            got = storable(await self._fetch(turn, file, until))
        except FileUnavailable as error:
            _log.warning(
                "file_not_fetched",
                ticket=turn.ticket.id,
                reason=error.reason,
                detail=str(error),
            )
            if error.permanent:
                await self._name(file, error.reason)
            return None
        name, kind = got.filename or file.filename, got.content_type or file.content_type
        found = Attached(name, kind, got.content)
        async with self._wiring.db.writing() as work:
            await files.fetched(work, file, found)
        return found

    async def _fetch(self, turn: Turn, file: StoredFile, until: float) -> Attached:
        channel = self._wiring.channels.get(turn.ticket.channel)
        if channel is None or channel.files is None:
            raise FileUnavailable(FileReason.REFUSED, "its channel has no files", permanent=True)
        try:
            async with asyncio.timeout_at(until):
                return await channel.files.fetch(file.ref, self._rules.most_bytes)
        except TimeoutError as error:
            raise FileUnavailable(
                FileReason.UNAVAILABLE, "it took too long", permanent=False
            ) from error

    async def _read(self, file: StoredFile, raw: bytes) -> None:
        found = await self._readers.read(file, raw, self._rules.reading)
        state, reason = _state(found), found.reason
        if found.picture and len(raw) > self._rules.image_bytes:
            state, reason = FileState.NAMED, FileReason.TOO_LARGE
        async with self._wiring.db.writing() as work:
            await files.done(work, file.id, state, text=found.text, reason=reason)

    async def _name(self, file: StoredFile, reason: str) -> None:
        async with self._wiring.db.writing() as work:
            await files.done(work, file.id, FileState.NAMED, reason=reason)

    async def _shared(self, known: Sequence[StoredFile]) -> Mapping[int, tuple[SharedFile, ...]]:
        """Say what a model is told of each file; the newest pictures are shown to it."""
        return _told(known, await self._images(known) if self._rules.sees else {})

    async def _images(self, known: Sequence[StoredFile]) -> dict[int, Image]:
        pictures = [one for one in known if one.state is FileState.PICTURE]
        newest = {one.id: one for one in pictures[-self._rules.images :]}
        async with self._wiring.db.reading() as work:
            contents = await files.contents(work, [*newest])
        shown = {}
        for number, raw in contents.items():
            picture = picture_of(raw)
            if picture and min(picture.width, picture.height) >= _LEAST_PIXELS:
                tokens = image_tokens(picture.width, picture.height)
                name = newest[number].filename
                shown[number] = Image(name, picture.content_type, raw, tokens)
        return shown


async def words_of_files(
    work: UnitOfWork, ticket_id: int, thread: Sequence[Message]
) -> Mapping[int, tuple[SharedFile, ...]]:
    """Return what was read of the files of a thread, as it is known now, without pictures."""
    if not any(FILES in message.data for message in thread):
        return {}
    seqs = {message.seq for message in thread if not message.erased}
    known = [one for one in await files.of_ticket(work, ticket_id) if one.seq in seqs]
    return _told(known, {})


def _told(
    known: Sequence[StoredFile], images: Mapping[int, Image]
) -> Mapping[int, tuple[SharedFile, ...]]:
    shared: dict[int, tuple[SharedFile, ...]] = {}
    for one in known:
        told = SharedFile(
            one.filename,
            one.content_type,
            text=one.text if one.state is FileState.READ else None,
            image=images.get(one.id),
            reason=_reason(one),
        )
        shared[one.seq] = (*shared.get(one.seq, ()), told)
    return shared


def _reason(file: StoredFile) -> str | None:
    """Say why a file is only named; one that is fetched again later is not here either."""
    if file.state in {FileState.READ, FileState.PICTURE}:
        return None
    return file.reason or FileReason.UNAVAILABLE


def _over_limit(known: Iterable[StoredFile], per_message: int) -> set[int]:
    """Return the numbers of those files that are too many for their message."""
    counted: dict[int, int] = {}
    over = set()
    for one in known:
        counted[one.seq] = counted.get(one.seq, 0) + 1
        if counted[one.seq] > per_message:
            over.add(one.id)
    return over


def _given_up(file: StoredFile) -> FileReason:
    pending = file.state is FileState.PENDING
    return FileReason.UNAVAILABLE if pending else FileReason.UNREADABLE


def _state(found: Reading) -> FileState:
    if found.picture is not None:
        return FileState.PICTURE
    return FileState.READ if found.text is not None else FileState.NAMED
