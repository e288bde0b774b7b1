"""`make fuzz`: mutants of real mails; none may raise, hang or cost two seconds.

    python -m tests.mail.fuzz --mutants 100000 --seed 7

Takes the development mails where they are, else the mails of the tests. The seed fixes every
mutant; one that fails is written beside the result, to be read again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.meaning.inspect import inspect
from supportbot.channels.email.meaning.understand import Mailbox, understand
from supportbot.channels.email.reading.mail import Limits
from supportbot.errors import InboundRefused
from supportbot.model.inbound import Inbound
from tests.mail import own_mails
from tests.mail.development import FOLDER, all_mails

MOST_SECONDS: Final = 2.0
_AT: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_HOME: Final = Home("email:help@bot.example")
_MAILBOX: Final = Mailbox(
    address="help@bot.example",
    home=_HOME,
    homes={"help@bot.example": _HOME},
    secret=b"k" * 32,
    limits=Limits(),
)
_GIVEN_UP_SECONDS: Final = 20
_ROUND: Final = 250
_MOST_REPEATED: Final = 3_000
#: What hurts parsers, put anywhere.
_TOKENS: Final = (
    b"\x00", b"\r", b"\n", b"\r\n\r\n", b"\n\n", b"\xff\xfe", b"=?utf-8?q?", b"?=", b"=?b?B?", b"(",
    b'"', b"<", b">", b"--", b"--b\n", b"\n--", b"Content-Type: multipart/mixed; boundary=b\n\n",
    b"Content-Type: message/rfc822\n\n", b"\nContent-Type: text/html\n\n", b"charset=x-unknown",
    b"charset=utf-16", b"charset=punycode", b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: x-uuencode\n", b"\nSubject: a\nSubject: b\n", b"<!--", b"<style",
    b"<blockquote>", b"\n> ", b"\nOn 1 Jan 2020 at 10:00, a@b.c wrote:\n", b"\nFrom: a\n",
    b"-- \n", b"________\n", b"BEGIN:VEVENT\n", b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"\x30\x80", b"\x24\x80", b"\nDate: Mon, 99 Foo 99999999999\n", b"\nMessage-ID: <[ab]@[x]>\n",
    b"%s" * 5, b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"filename*=utf-8''%", b";" * 9, b"\t" * 9,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attack:
    """What came of some mutants."""

    mutants: int
    slowest_seconds: float
    #: The mutant that took longest, or that failed.
    worst: bytes
    failure: str | None = None


def mutant(mails: Sequence[bytes], chance: random.Random) -> bytes:
    """Return a mail with some of it changed, lost, doubled or taken from another one."""
    raw = bytearray(chance.choice(mails))
    for _ in range(chance.randrange(1, 12)):
        place = chance.randrange(len(raw) + 1)
        match chance.randrange(7):
            case 0 if raw:
                raw[min(place, len(raw) - 1)] = chance.randrange(256)
            case 1:
                del raw[place : place + chance.randrange(1, 200)]
            case 2:
                raw[place:place] = raw[place : place + chance.randrange(1, 400)]
            case 3:
                other = chance.choice(mails)
                start = chance.randrange(len(other))
                raw[place:place] = other[start : start + chance.randrange(1, 2_000)]
            case 4:
                raw[place:place] = chance.choice(_TOKENS)
            case 5 if not chance.randrange(20):
                raw[place:place] = chance.choice(_TOKENS) * chance.randrange(2, _MOST_REPEATED)
            case 6 if not chance.randrange(10):
                del raw[place:]
            case _:
                lines = bytes(raw).split(b"\n")
                one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
                lines[one], lines[two] = lines[two], lines[one]
                raw = bytearray(b"\n".join(lines))
    return bytes(raw)


def read(raw: bytes) -> None:
    """Do with a mail what is done with each that arrives."""
    inspect(raw, "mutant.eml")
    with suppress(InboundRefused):
        understand(Inbound("email:help@bot.example", ("k",), raw, {}, _AT), _MAILBOX)


def attack(mails: Sequence[bytes], count: int, seed: str) -> Attack:
    """Read this many mutants; stop at the first that raises."""
    chance = random.Random(seed)
    slowest, worst = 0.0, b""
    for number in range(count):
        raw = mutant(mails, chance)
        started = time.thread_time()
        try:
            read(raw)
        except Exception as failure:  # noqa: BLE001 - whatever is raised is what is looked for
            return Attack(number, slowest, raw, f"{type(failure).__name__}: {failure}")
        took = time.thread_time() - started
        if took > slowest:
            slowest, worst = took, raw
    return Attack(count, slowest, worst)


class HungError(Exception):
    """A mutant took far too long."""


@contextmanager
def _given_up() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise HungError

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(_GIVEN_UP_SECONDS + _ROUND // 10)
    try:
        yield
    finally:
        signal.alarm(0)


def _round(seed: str) -> Attack:
    mails = all_mails() if FOLDER.is_dir() else list(own_mails.ALL)
    with _given_up():
        return attack([*mails, *own_mails.ALL], _ROUND, seed)


def main() -> int:
    """Attack, tell what came of it, and return 1 if a mutant raised or was too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    chosen = parser.parse_args()
    console, begun = Console(highlight=False), time.monotonic()
    rounds = [f"{chosen.seed}-{number}" for number in range(-(-chosen.mutants // _ROUND))]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        attacks = list(pool.imap_unordered(_round, rounds))
    failed = [one for one in attacks if one.failure]
    slowest = max(attacks, key=lambda one: one.slowest_seconds)
    read_ones = sum(one.mutants for one in attacks)
    console.print(
        f"seed {chosen.seed}: {read_ones} mutants in {time.monotonic() - begun:.0f} s, "
        f"{len(failed)} raised, the slowest took {slowest.slowest_seconds:.2f} s of processor time "
        f"({len(slowest.worst)} bytes)"
    )
    bad = [*failed[:3], *([slowest] if slowest.slowest_seconds > MOST_SECONDS else [])]
    for one in bad:
        with tempfile.NamedTemporaryFile(suffix=".eml", delete=False) as file:
            file.write(one.worst)
        console.print(f"{one.failure or 'too slow'}: {Path(file.name)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
