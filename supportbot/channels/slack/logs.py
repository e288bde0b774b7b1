"""The logger that Slack's libraries write to: no token and no traceback leaves it.

Their tracebacks and messages may hold a web socket address with its ticket, or the code of an
installation that failed.
"""

from __future__ import annotations

import logging
import re

from slack_bolt.logger.messages import (
    warning_client_prioritized_and_token_skipped,
    warning_token_skipped,
)

_SECRET = re.compile(
    r"(xox[a-z]-|xapp-|xoxe\.|ticket=|secret=|\bcode[=:]\s?)[^\s'\"&,)]+", re.IGNORECASE
)
#: We hand over a client and our own `authorize` on purpose.
_KNOWN = frozenset({warning_client_prioritized_and_token_skipped(), warning_token_skipped()})


def vendor_logger() -> logging.Logger:
    """Return the one logger for slack-bolt and slack-sdk, with its filter in place."""
    logger = logging.getLogger("supportbot.slack")
    # Unset, the SDK takes the level for DEBUG and formats every request.
    logger.setLevel(logging.INFO)
    # A filter is added once, however often this is called.
    logger.addFilter(harmless)
    return logger


def harmless(record: logging.LogRecord) -> bool:
    """Cut secrets and tracebacks out of a record; drop what is known and meant."""
    message = record.getMessage()
    record.msg, record.args = _SECRET.sub(r"\1***", message), ()
    record.exc_info, record.exc_text = None, None
    return message not in _KNOWN
