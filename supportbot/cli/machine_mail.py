"""`supportbot email machine`: what machines wrote, and by which rules they were recognised."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from supportbot.app.house import database
from supportbot.cli.options import Format
from supportbot.cli.output import emit
from supportbot.model.inbound import DispositionKind
from supportbot.settings.load import load
from supportbot.store import set_aside

_COLUMNS = ("id", "at", "channel", "kind", "rules", "ticket")
_KINDS = [kind.value for kind in DispositionKind if kind is not DispositionKind.HUMAN]


async def show(config: Path, limit: int, output: Format) -> None:
    """Print the newest mails of machines."""
    async with database(load(config, os.environ)) as db, db.reading() as work:
        found = await set_aside.machine_mail(work, _KINDS, limit)
    emit(_COLUMNS, map(asdict, found), output)
