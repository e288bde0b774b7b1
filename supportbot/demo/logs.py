"""The product's logs go to a file meanwhile, so that the printed day stays readable."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Write everything that is logged in this block to the file; put the set-up back afterwards."""
    before = structlog.get_config()
    root = logging.getLogger()
    handlers = root.handlers[:]
    with file.open("a", encoding="utf-8", buffering=1) as stream:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.dev.ConsoleRenderer(colors=False),
            ],
            logger_factory=structlog.WriteLoggerFactory(file=stream),
        )
        handler = logging.StreamHandler(stream)
        handler.setLevel(logging.WARNING)
        handler.setFormatter(logging.Formatter("%(asctime)s [%(name)s] %(message)s"))
        root.handlers = [handler]
        try:
            yield
        finally:
            root.handlers = handlers
            structlog.configure(**before)
