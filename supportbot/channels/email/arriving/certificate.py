"""The certificate that STARTTLS is offered with; one that was renewed on disk is taken up."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from supportbot.errors import SettingsError

_log = structlog.get_logger(__name__)


class Certificate:
    """A certificate chain and its key, from PEM files."""

    def __init__(self, chain: Path, key: Path | None) -> None:
        """Read them.

        Raises:
            SettingsError: a file is not there, or they are no pair.
        """
        self._files = (chain, key or chain)
        self._stamps = self._modified()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Return what a new connection is secured with; broken new files leave the old ones."""
        try:
            stamps = self._modified()
            if stamps != self._stamps:
                self._context, self._stamps = self._read(), stamps
        except SettingsError as error:
            _log.warning("certificate_unreadable", detail=str(error))
        return self._context

    def _modified(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in self._files)
        except OSError as error:
            raise _unreadable(error.filename, error.strerror) from error

    def _read(self) -> ssl.SSLContext:
        chain, key = self._files
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(chain, key)
        except (OSError, ssl.SSLError) as error:
            raise _unreadable(str(chain), error.strerror or str(error)) from error
        return context


def _unreadable(file: str, cause: str | None) -> SettingsError:
    return SettingsError(
        f"[email.listener] certificate: {file} cannot be used ({cause}); give PEM files of a "
        "certificate chain and of its key"
    )
