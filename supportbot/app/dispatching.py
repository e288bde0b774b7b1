"""Which dispatcher: lanes of this process with SQLite, durable jobs with PostgreSQL."""

from __future__ import annotations

from supportbot.dispatch.base import Dispatcher
from supportbot.dispatch.local import LocalDispatcher
from supportbot.settings.tree import Settings
from supportbot.store.database import Database


def build_dispatcher(settings: Settings, db: Database) -> Dispatcher:
    """Make the dispatcher of a database; until it is started it wakes others, if there are any."""
    parallel = settings.tickets.parallel
    if db.is_sqlite:
        return LocalDispatcher(parallel=parallel)
    from supportbot.dispatch.procrastinate import ProcrastinateDispatcher

    url = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return ProcrastinateDispatcher(url, parallel=parallel)
