"""The installation's own secret: given by the environment, else made once and kept in a file."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from supportbot.errors import SettingsError
from supportbot.settings.tree import Settings

FILE_NAME = ".supportbot-secret"

_ENTROPY_BYTES = 32
_ONLY_OWNER = 0o600


def installation_secret(settings: Settings) -> SecretStr:
    """Return `[secret] key`, else the secret kept in the bot folder; the first call makes it.

    The file is readable by its owner only. Two processes that start at once get the same secret.

    Raises:
        SettingsError: the file is neither there nor can it be written.
    """
    if settings.secret.key is not None:
        return settings.secret.key
    file = settings.folder / FILE_NAME
    try:
        _make(file)
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the installation secret cannot be kept here ({error}); set SUPPORTBOT_SECRET_KEY",
            path=file,
        ) from error
    if not text:
        raise SettingsError("is empty; delete it or set SUPPORTBOT_SECRET_KEY", path=file)
    return SecretStr(text)


def _make(file: Path) -> None:
    """Write a new secret unless there is one; the file appears whole or not at all."""
    if file.exists():
        return
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OWNER)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(_ENTROPY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        # A hard link fails where the name exists: whoever is second keeps the first one's secret.
        with suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        draft.unlink()
