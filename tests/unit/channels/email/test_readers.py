"""Large mails are read in a process whose time and memory are bounded."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.email.reading.mail import Limits
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.channels.email.reading.readers import SMALL_BYTES, Readers
from supportbot.errors import TooLarge, Unparsable

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEAD = b"From: Ada <ada@cust.example>\r\nTo: help@bot.example\r\nSubject: Invoice\r\n"
SMALL = HEAD + b"\r\nWhere is it?\r\n"
LARGE = HEAD + b"\r\n" + b"Where is it?\r\n" * 8_000
#: Every element is open until the end: it takes the processor for a while.
SLOW = HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div><p>hello <b>you</b>" * 40_000


@pytest.fixture
def readers() -> Readers:
    return Readers()


def pids(readers: Readers) -> list[int]:
    return [one._running.pid for one in readers._idle]


def test_what_is_read_apart_is_what_would_be_read_here(readers: Readers) -> None:
    for raw in (SMALL, LARGE):
        assert readers.read(raw, AT, Limits()) == parse_mail(raw, AT, Limits())


def test_a_small_mail_starts_no_process_and_large_ones_share_one(readers: Readers) -> None:
    assert len(SMALL) < SMALL_BYTES < len(LARGE)
    readers.read(SMALL, AT, Limits())
    assert pids(readers) == []
    readers.read(LARGE, AT, Limits())
    first = pids(readers)
    readers.read(LARGE, AT, Limits())
    assert (len(first), pids(readers)) == (1, first)


def test_the_limits_of_the_mailbox_hold_there_too(readers: Readers) -> None:
    assert readers.read(LARGE, AT, Limits(max_bytes=70_000)).unreadable == "too_large"


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"cpu_seconds": 0.05}, "the processor for over 0.05 seconds"),
        ({"memory_bytes": 48 * 2**20}, "more than 48 MB of memory"),
    ],
)
def test_a_mail_that_takes_too_much_is_refused_and_the_next_is_read(
    limits: dict[str, Any], told: str
) -> None:
    readers = Readers(**limits)
    with pytest.raises(TooLarge, match=told):
        readers.read(SLOW + b" " * 20_000_000, AT, Limits())
    assert readers.read(LARGE, AT, Limits()).subject == "Invoice"


def test_a_mail_whose_reader_is_killed_is_refused(readers: Readers) -> None:
    readers.read(LARGE, AT, Limits())
    (process,) = readers._idle
    os.kill(process._running.pid, signal.SIGKILL)
    process._running.wait()
    with pytest.raises(Unparsable, match="was ended"):
        readers.read(LARGE, AT, Limits())
    assert readers.read(LARGE, AT, Limits()).subject == "Invoice"


def test_a_reader_that_ended_by_itself_is_replaced(readers: Readers) -> None:
    readers.read(LARGE, AT, Limits())
    (process,) = readers._idle
    # As if nobody had sent anything for long.
    os.dup2(os.open(os.devnull, os.O_WRONLY), process._to.fileno())
    assert process._running.wait() == 0
    assert readers.read(LARGE, AT, Limits()).subject == "Invoice"
    assert pids(readers) != [process._running.pid]


def test_a_reader_that_gets_no_time_is_ended_and_the_mail_may_be_tried_again(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.read(LARGE, AT, Limits())
    (process,) = readers._idle
    os.kill(process._running.pid, signal.SIGSTOP)
    monkeypatch.setattr("supportbot.channels.email.reading.readers._WALL_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        readers.read(LARGE, AT, Limits())
    assert process._running.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert readers.read(LARGE, AT, Limits()).subject == "Invoice"


def test_a_reader_knows_no_secret_and_keeps_no_memory_of_a_large_mail(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    readers.read(LARGE, AT, Limits())
    (pid,) = pids(readers)
    assert b"sk-secret" not in Path(f"/proc/{pid}/environ").read_bytes()
    readers.read(LARGE + b" " * 5_000_000, AT, Limits())
    assert pids(readers) == []
