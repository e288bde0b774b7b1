"""Mails are read in a process of their own unless they are small; see `reader`.

To read a large mail keeps the interpreter for seconds, which a thread would take from the loop, and
takes ten times its size in memory. A small one is read in less time than it takes to hand it over.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import weakref
from datetime import datetime
from multiprocessing.connection import Connection
from typing import IO, Final

from supportbot.channels.email.reading.mail import Limits, Mail
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.channels.email.reading.reader import NO_MEMORY, NO_TIME
from supportbot.errors import TooLarge, Unparsable
from supportbot.files.apart import environment

#: What is larger is read apart.
SMALL_BYTES: Final = 65_536
_PROGRAM: Final = ("-P", "-m", "supportbot.channels.email.reading.reader")
_PROCESSES: Final = 2
#: Below the patience of whoever parses: it counts that as a failure of the machine.
_WALL_SECONDS: Final = 18.0
#: Whoever read a mail like this keeps its memory.
_LAST_MAIL_BYTES: Final = 4_000_000


class Readers:
    """Reads mails, a few large ones at a time. Blocks: call it in a thread."""

    def __init__(self, memory_bytes: int = 512 * 1024 * 1024, cpu_seconds: float = 10.0) -> None:
        self._limits = (memory_bytes, cpu_seconds)
        self._places = threading.BoundedSemaphore(_PROCESSES)
        self._idle: list[_Process] = []

    def read(self, raw: bytes, received_at: datetime | None, limits: Limits) -> Mail:
        """Read a mail as `parse_mail` does.

        Raises:
            TooLarge: it took more memory, or more of the processor, than a mail gets.
            Unparsable: its reader ended otherwise.
            TimeoutError: the machine gave it too little of its time.
        """
        if len(raw) <= SMALL_BYTES:
            return parse_mail(raw, received_at, limits)
        how = pickle.dumps((received_at, limits))
        if not self._places.acquire(timeout=_WALL_SECONDS):
            raise TimeoutError
        try:
            process, answer = self._asked(how, raw)
            if answer is None:
                raise self._refused(process.ended())
            if len(raw) > _LAST_MAIL_BYTES:
                process.end()
            else:
                self._idle.append(process)
        finally:
            self._places.release()
        mail: Mail = pickle.loads(answer)  # noqa: S301 - made by our own program
        return mail

    def _asked(self, how: bytes, raw: bytes) -> tuple[_Process, bytes | None]:
        """Ask a process that is there already, or a new one; no answer: it ended."""
        while self._idle:
            process = self._idle.pop()
            answer = process.ask(how, raw)
            # One that had nothing to do for long ends by itself, maybe just now.
            if answer is not None or process.ended() != 0:
                return process, answer
        process = _Process(*self._limits)
        return process, process.ask(how, raw)

    def _refused(self, code: int) -> TooLarge | Unparsable:
        memory_bytes, cpu_seconds = self._limits
        if code == NO_MEMORY:
            return TooLarge(f"to read it takes more than {memory_bytes // 2**20} MB of memory")
        if code == -NO_TIME:
            return TooLarge(f"to read it takes the processor for over {cpu_seconds:g} seconds")
        return Unparsable(f"whoever read it was ended ({code})")


class _Process:
    """One reader."""

    def __init__(self, memory_bytes: int, cpu_seconds: float) -> None:
        self._running = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *_PROGRAM, str(memory_bytes), str(cpu_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # complaints quote what the mail says
            env=environment(),
        )
        self._to = Connection(_own(self._running.stdin), readable=False)
        self._from = Connection(_own(self._running.stdout), writable=False)
        #: Ends it when nobody holds it any more.
        self.end = weakref.finalize(self, _end, self._running)

    def ask(self, how: bytes, raw: bytes) -> bytes | None:
        """Hand a mail over and wait for what it holds; None: the process ended.

        Raises:
            TimeoutError: it takes too long; the process is ended.
        """
        late = threading.Event()
        watch = threading.Timer(_WALL_SECONDS, self._give_up, [late])
        watch.daemon = True
        watch.start()
        try:
            self._to.send_bytes(how)
            self._to.send_bytes(raw)
            return self._from.recv_bytes()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            if late.is_set():
                self.end()
                raise TimeoutError from None
            return None
        finally:
            watch.cancel()

    def _give_up(self, late: threading.Event) -> None:
        late.set()
        self._running.kill()

    def ended(self) -> int:
        """Wait for its end; return the code or, below 0, the signal."""
        return self._running.wait()


def _own(pipe: IO[bytes] | None) -> int:
    """Take a pipe from the object that holds it."""
    if pipe is None:
        raise OSError("a process without pipes")
    with pipe:
        return os.dup(pipe.fileno())


def _end(running: subprocess.Popen[bytes]) -> None:
    running.kill()
    running.wait()
