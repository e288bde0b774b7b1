"""`python -m supportbot.files TEXT_CHARS PDF_PAGES`: a PDF comes in, its text goes out as JSON.

A stranger may have made it so that it takes all time and memory that there is. This process bounds
both, and gives way to all others.
"""

from __future__ import annotations

import json
import sys

from supportbot.files.apart import bound
from supportbot.files.reading import ReadingRules, read

MOST_MEMORY_BYTES = 512 * 1024 * 1024
#: Beyond the patience of whoever started it, in case that one is gone.
_MOST_CPU_SECONDS = 60


def main() -> None:
    """Read standard input, write to standard output."""
    bound(MOST_MEMORY_BYTES, _MOST_CPU_SECONDS)
    text_chars, pdf_pages = map(int, sys.argv[1:])
    raw = sys.stdin.buffer.read()
    found = read("", "application/pdf", raw, ReadingRules(text_chars, pdf_pages))
    json.dump({"text": found.text, "reason": found.reason}, sys.stdout)


if __name__ == "__main__":
    main()
