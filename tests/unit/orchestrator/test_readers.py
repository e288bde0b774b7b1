"""What a stranger's file can do while it is read: nothing to the loop, little to the machine."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from supportbot.files.__main__ import MOST_MEMORY_BYTES
from supportbot.files.reading import Reading, ReadingRules
from supportbot.model.file import FileReason, FileState, StoredFile
from supportbot.orchestrator.answering import readers as module
from supportbot.orchestrator.answering.readers import Readers
from supportbot.orchestrator.parsers import Parsers
from tests.unit.files.samples import GIF, pdf

RULES = ReadingRules()
#: The system lets it not give way to others.
_TAKES = f"""
import os
from supportbot.files.__main__ import MOST_MEMORY_BYTES
from supportbot.files.apart import bound

def forbidden(_):
    raise PermissionError

os.nice = forbidden
bound(MOST_MEMORY_BYTES)
bytearray({MOST_MEMORY_BYTES})
"""
UNREADABLE = Reading(reason=FileReason.UNREADABLE)


def file(name: str = "a.pdf", kind: str = "application/pdf") -> StoredFile:
    return StoredFile(1, 1, name, kind, 9, FileState.STORED)


def slow_pdf() -> bytes:
    """A few kilobytes whose page takes a minute to read."""
    stream = zlib.compress(b"BT /F1 12 Tf (hello) Tj ET\n" * 2_000_000, 9)
    head, _, tail = pdf("X").partition(b"<< /Length ")
    return b"".join(
        (
            head.partition(b"xref")[0],
            b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(stream),
            stream,
            b"\nendstream\nendobj\n",
            tail[tail.index(b"trailer") :],
        )
    )


def children() -> set[str]:
    told = Path("/proc/self/task").glob("*/children")
    return {number for one in told for number in one.read_text().split()}


def never(*_: object, **__: object) -> Any:
    raise AssertionError("it was read in our own process")


async def test_pdf_is_read_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Parsers, "run", never)
    found = await Readers().read(file(), pdf("Thirty days", "Twenty"), ReadingRules(300, 1))
    assert found.text is not None
    assert "Thirty days" in found.text
    assert "Twenty" not in found.text
    assert await Readers().read(file(), pdf(""), RULES) == Reading(reason=FileReason.NO_TEXT)
    assert await Readers().read(file(), b"%PDF-1.7 and nothing else", RULES) == UNREADABLE


async def test_all_else_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_read_apart", never)
    assert (await Readers().read(file("a.txt", "text/plain"), b"boom", RULES)).text == "boom"
    assert (await Readers().read(file(), GIF + b"%PDF-1.7", RULES)).picture is not None


async def test_pdf_that_takes_too_long_is_unreadable_and_its_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 1.0)
    before = children()
    assert await Readers().read(file(), slow_pdf(), RULES) == UNREADABLE
    assert children() <= before


async def test_process_that_cannot_be_started_or_breaks_off_costs_only_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PROGRAM", ("-c", "raise SystemExit(3)"))
    assert await Readers().read(file(), pdf("X"), RULES) == UNREADABLE
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert await Readers().read(file(), pdf("X"), RULES) == UNREADABLE


async def test_process_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    tell = "import json, os; print(json.dumps({'text': str(dict(os.environ)), 'reason': None}))"
    monkeypatch.setattr(module, "_PROGRAM", ("-c", tell))
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-R0SEBUD")
    told = (await Readers().read(file(), pdf("X"), RULES)).text
    assert told is not None
    assert "PYTHONPATH" in told
    assert "R0SEBUD" not in told


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such bound")
def test_process_takes_no_more_memory_than_it_may() -> None:
    done = subprocess.run([sys.executable, "-c", _TAKES], capture_output=True, check=False)
    assert b"MemoryError" in done.stderr
