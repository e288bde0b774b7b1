"""What one process does of the whole: `supportbot run --only worker,slack`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from supportbot.errors import SettingsError
from supportbot.settings.tree import Settings

#: Answers, delivers and sweeps.
WORKER = "worker"
#: Serves the dashboard and the web chat.
WEB = "web"


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of this process; besides `worker` each is a kind of channel, which it hears."""

    chosen: frozenset[str]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.chosen))

    @property
    def works(self) -> bool:
        """Whether tickets are answered here."""
        return WORKER in self.chosen

    @property
    def shows(self) -> bool:
        """Whether people look at pages here."""
        return WEB in self.chosen

    def hears(self, kind: str) -> bool:
        """Whether channels of this kind listen here; every process can send through all."""
        return kind in self.chosen


def all_roles(settings: Settings) -> frozenset[str]:
    """Return every role there is with these settings."""
    return frozenset({WORKER, WEB, "slack", "email", *(c.kind for c in settings.channels)})


def choose(settings: Settings, only: Iterable[str] = ()) -> Roles:
    """Return the roles to take: those that are named, divided by commas or not; all if none is.

    Raises:
        SettingsError: there is no such role, a list names none, or SQLite is to be shared by
            processes.
    """
    known, only = all_roles(settings), tuple(only)
    named = frozenset(name.strip() for names in only for name in names.split(",") if name.strip())
    if unknown := sorted(named - known):
        raise SettingsError(
            f"--only {', '.join(unknown)}: there is no such role; "
            f"there are: {', '.join(sorted(known))}"
        )
    if only and not named:
        raise SettingsError(f"--only names no role; there are: {', '.join(sorted(known))}")
    if named and named != known and settings.database.url.startswith("sqlite"):
        raise SettingsError(
            "--only divides the work between processes, and SQLite serves one; "
            "run without --only, or set SUPPORTBOT_DATABASE_URL to a PostgreSQL database"
        )
    return Roles(named or known)
