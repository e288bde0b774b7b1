"""Tells the log when a connection is lost and when it is back, once each."""

from __future__ import annotations

import structlog

_log = structlog.get_logger(__name__)


class Outage:
    """What one loop that connects again and again knows of its database."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._away = False

    def begins(self, error: BaseException) -> None:
        """Note that it failed; only the first time after it worked is told."""
        if not self._away:
            reason = " ".join(str(error).split())
            _log.warning(
                "database_lost", what=self._what, error=type(error).__name__, reason=reason
            )
        self._away = True

    def ends(self) -> None:
        """Note that it works."""
        if self._away:
            _log.info("database_back", what=self._what)
        self._away = False
