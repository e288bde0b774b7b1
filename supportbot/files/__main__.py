"""`python -m supportbot.files TEXT_CHARS PDF_PAGES`: a PDF comes in, its text goes out as JSON.

A stranger may have made it so that it takes all time and memory that there is. This process bounds
both, and gives way to all others.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from contextlib import suppress

from supportbot.files.reading import ReadingRules, read

MOST_MEMORY_BYTES = 512 * 1024 * 1024
#: Beyond the patience of whoever started it, in case that one is gone.
_MOST_CPU_SECONDS = 60
_NICE = 10


def bound() -> None:
    """Take little of the machine from now on, as far as the system lets us say so."""
    with suppress(OSError):  # such as deploy/supportbot.service, which forbids it
        os.nice(_NICE)
    bounds = {resource.RLIMIT_CPU: _MOST_CPU_SECONDS, resource.RLIMIT_AS: MOST_MEMORY_BYTES}
    for what, most in bounds.items():
        with suppress(ValueError, OSError):  # macOS has no bound of memory; or it is lower already
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Read standard input, write to standard output."""
    bound()
    text_chars, pdf_pages = map(int, sys.argv[1:])
    raw = sys.stdin.buffer.read()
    found = read("", "application/pdf", raw, ReadingRules(text_chars, pdf_pages))
    json.dump({"text": found.text, "reason": found.reason}, sys.stdout)


if __name__ == "__main__":
    main()
