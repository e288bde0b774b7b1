"""Files are read outside of the loop: each PDF in a process of its own, all else in a thread.

A PDF of a few kilobytes can keep its reader busy for minutes and fill the memory, and a thread that
works on it leaves the loop little of its time. A process can be bounded and ended, and what it is
given knows no secret of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from functools import partial

import structlog

from supportbot.files.apart import environment
from supportbot.files.reading import Reading, ReadingRules, is_pdf, read
from supportbot.model.file import FileReason, StoredFile
from supportbot.orchestrator.parsers import Parsers

_log = structlog.get_logger(__name__)
_SECONDS = 20.0
_PROCESSES = 4
_PROGRAM = ("-P", "-m", "supportbot.files")


class Readers:
    """Reads files, a few at a time."""

    def __init__(self) -> None:
        self._parsers = Parsers()
        self._places = asyncio.Semaphore(_PROCESSES)

    async def read(self, file: StoredFile, raw: bytes, rules: ReadingRules) -> Reading:
        """Return what a file holds; one that takes too long, or too much memory, is unreadable."""
        try:
            if is_pdf(raw):
                async with self._places:
                    return await _read_apart(raw, rules)
            parse = partial(read, file.filename, file.content_type, raw, rules)
            return await self._parsers.run(parse, seconds=_SECONDS)
        except OSError as error:  # its time is over, or there is no room for one more process
            _log.warning("file_not_read", file=file.id, error=type(error).__name__)
            return Reading(reason=FileReason.UNREADABLE)


async def _read_apart(raw: bytes, rules: ReadingRules) -> Reading:
    """Read a PDF in a process.

    Raises:
        OSError: it could not be started, or took too long.
    """
    limits = (str(rules.text_chars), str(rules.pdf_pages))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*_PROGRAM, *limits),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,  # complaints quote what the file says
        env=environment(),
    )
    try:
        async with asyncio.timeout(_SECONDS):
            said, _ = await process.communicate(raw)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        return Reading(reason=FileReason.UNREADABLE)
    found = json.loads(said)
    return Reading(text=found["text"], reason=found["reason"] and FileReason(found["reason"]))
