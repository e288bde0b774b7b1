"""A bare script that reads a mailbox: IDLE, fetch, write to a file, mark as seen.

    python -m tests.benchmarks.bare_mailbox PORT USER FILE

It writes a line for each mail: when it was on disk, by the machine's monotonic clock.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from imapclient import SEEN, IMAPClient  # type: ignore[import-untyped]  # ships no types


def main(port: int, user: str, file: Path) -> None:
    """Read for ever."""
    client = IMAPClient("127.0.0.1", port, ssl=False, timeout=30)
    client.login(user, "secret")
    folder = client.select_folder("INBOX")
    last = 0 if file.exists() else int(folder[b"UIDNEXT"]) - 1
    with file.open("ab") as out:
        write(out.fileno(), b"ready\n")
        while True:
            for uid in client.search(["UID", f"{last + 1}:*"]):
                if uid > last:
                    raw = client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
                    write(out.fileno(), b"%f %d\n" % (time.monotonic(), len(raw)))
                    client.add_flags([uid], [SEEN], silent=True)
                    last = uid
            client.idle()
            client.idle_check(timeout=60)
            client.idle_done()


def write(handle: int, line: bytes) -> None:
    """Put a line on disk."""
    os.write(handle, line)
    os.fsync(handle)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
