"""What is made to cost time: each input takes less than two seconds, on a slow machine too."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportbot.channels.email.meaning.inspect import inspect
from supportbot.channels.email.meaning.newest import newest_words
from supportbot.channels.email.reading.html_text import html_to_text
from supportbot.channels.email.reading.parse import parse_mail
from tests.mail import fuzz, hostile, own_mails

MOST_SECONDS = 2.0
MOST_MEMORY_BYTES = 200_000_000


def bounded(work: Callable[[], object]) -> None:
    """Run it within two seconds of this thread's own processor time."""
    started = time.thread_time()
    work()
    assert time.thread_time() - started < MOST_SECONDS


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_hostile_text_is_cut_in_time(name: str) -> None:
    bounded(lambda: newest_words(hostile.TEXTS[name]))


@pytest.mark.parametrize("name", hostile.MARKUP)
def test_hostile_markup_is_made_text_in_time(name: str) -> None:
    bounded(lambda: html_to_text(hostile.MARKUP[name]))


@pytest.mark.parametrize("name", hostile.MAILS)
def test_hostile_mail_is_read_in_time(name: str) -> None:
    bounded(lambda: inspect(hostile.MAILS[name], name))


@pytest.mark.parametrize(
    ("name", "unreadable"), [("sixty megabytes", "too_large"), ("a large attachment", None)]
)
def test_large_mail_takes_bounded_memory(name: str, unreadable: str | None) -> None:
    raw = hostile.MAILS[name]
    tracemalloc.start()
    try:
        assert parse_mail(raw).unreadable == unreadable
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY_BYTES
    finally:
        tracemalloc.stop()


def test_mutants_of_mails_are_read_without_an_exception() -> None:
    """The seed is fixed, so that a failure can be repeated; `make fuzz` tries many more."""
    found = fuzz.attack(own_mails.ALL, 400, "7")
    assert (found.failure, found.mutants) == (None, 400)
    assert found.slowest_seconds < MOST_SECONDS


def test_same_seed_makes_the_same_mutants() -> None:
    one, two = random.Random("x"), random.Random("x")
    made = [fuzz.mutant(own_mails.ALL, one) for _ in range(20)]
    assert made == [fuzz.mutant(own_mails.ALL, two) for _ in range(20)]
    assert len(set(made)) > 1


def test_attack_tells_of_what_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes) -> None:
        raise ValueError(len(raw))

    monkeypatch.setattr(fuzz, "read", broken)
    found = fuzz.attack(own_mails.ALL, 5, "7")
    assert found.failure is not None
    assert found.failure.startswith("ValueError")
    assert found.worst


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    fuzz.read(raw)
    fuzz.read(b"From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" + raw)


LINES = st.sampled_from([
    "Yes.", "", "> old", ">> older", "-- ", "Ann", "On 1 Feb 2016 at 18:32, B <b@x.y> wrote:",
    "From: Bob <b@x.y>", "Sent: Monday 10:00", "To: Ann", "Subject: x", "________________",
    "Sent from my iPhone", "-----Original Message-----", "---------- Forwarded message ---------",
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=25))
def test_newest_words_are_lines_of_the_mail_in_their_order(lines: list[str]) -> None:
    """Nothing is made up, and something is said wherever the mail says something."""
    text = "\n".join(lines)
    newest = newest_words(text)
    kept = iter(line.strip() for line in lines)
    assert all(line.strip() in kept for line in newest.split("\n") if line)
    assert bool(newest.strip()) == bool(text.strip())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["One.", "Two two.", "", "Three?"]), min_size=1, max_size=15))
def test_words_without_marks_stay_as_they_are(lines: list[str]) -> None:
    assert newest_words("\n".join(lines)) == "\n".join(lines).strip()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_markup_becomes_text(markup: str) -> None:
    html_to_text(markup)
    html_to_text(f"<p>{markup}</p><div style='{markup}'>x")
