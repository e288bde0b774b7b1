"""Logs of the running product: one line each on standard error, never a customer's words."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """Set structlog and the standard library's logs up once, at the start of a process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    # Vendors may put request bodies or addresses into their INFO lines.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s [%(name)s] %(message)s")
    # It logs what a job failed of with its words; the dispatcher logs the same without them.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    # It tells of each vain attempt to connect; we tell of the first.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    # It repeats what it takes for an unknown command: that may be a line of somebody's mail.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
