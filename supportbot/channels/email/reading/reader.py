"""`python -m supportbot.channels.email.reading.reader MEMORY_BYTES CPU_SECONDS` reads mails.

A stranger may have made a mail so that it takes all time and memory that there is. Of both a mail
gets so much here; one that takes more ends the process, and nothing but it. The process stays for
further mails for a while, for to start takes longer than to read one.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection
from typing import Final

from supportbot.channels.email.reading.parse import parse_mail
from supportbot.files.apart import bound

NO_MEMORY: Final = 3
#: The system's own signal at the end of a time of the processor.
NO_TIME: Final = signal.SIGPROF
_STAYS_SECONDS: Final = 60.0


def main() -> None:
    """Read mails from standard input until nobody sends any, and write what they hold."""
    memory_bytes, cpu_seconds = int(sys.argv[1]), float(sys.argv[2])
    bound(memory_bytes)
    came = Connection(os.dup(0), writable=False)
    goes = Connection(os.dup(1), readable=False)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        while came.poll(_STAYS_SECONDS):
            received_at, limits = pickle.loads(came.recv_bytes())  # noqa: S301 - from whoever started us
            raw = came.recv_bytes()
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
            goes.send_bytes(pickle.dumps(parse_mail(raw, received_at, limits)))
            signal.setitimer(signal.ITIMER_PROF, 0)
    except EOFError:
        return
    except MemoryError:
        sys.exit(NO_MEMORY)


if __name__ == "__main__":
    main()
