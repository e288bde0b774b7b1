"""A maildir that replies are written to instead of being sent: for trying things out."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


class Outbox:
    """Writes each message once, under a name that follows from its Message-ID.

    Blocking: call it in a thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, message_id: str, content: bytes) -> None:
        """Store the message durably; writing it again changes nothing.

        Raises:
            OSError: the folder cannot be made or written.
        """
        for folder in ("tmp", "new", "cur"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        if self.holds(message_id):
            return
        temporary = self.path / "tmp" / _name(message_id)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.path / "new" / _name(message_id))

    def holds(self, message_id: str) -> bool:
        """Tell whether the message is in there, read (`cur`, with flags) or not."""
        name = _name(message_id)
        unread = (self.path / "new" / name).exists()
        return unread or any((self.path / "cur").glob(f"{name}*"))

    def forget(self, message_id: str) -> bool:
        """Delete the message; False: it is not in there.

        Raises:
            OSError: it cannot be deleted.
        """
        name = _name(message_id)
        found = [*(self.path / "new").glob(name), *(self.path / "cur").glob(f"{name}*")]
        for file in found:
            file.unlink(missing_ok=True)
        return bool(found)


def _name(message_id: str) -> str:
    return f"{hashlib.sha256(message_id.encode()).hexdigest()[:32]}.supportbot"
