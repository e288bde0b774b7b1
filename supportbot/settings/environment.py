"""Settings from the environment: a fixed table of names, each also as `<NAME>_FILE`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from supportbot.errors import SettingsError
from supportbot.settings.table import CONFIG_VARIABLE, Setting, describe

_PREFIX = "SUPPORTBOT_"
_FILE = "_FILE"


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a variable gives to a setting."""

    setting: Setting
    variable: str
    value: str | list[str]


def read_variable(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the text of `name`, or of the file that `<name>_FILE` names; empty counts as absent.

    White space around it is nobody's intention: a carriage return of a file from Windows, say.

    Raises:
        SettingsError: both are set, or the file cannot be read.
    """
    value, file = (environ.get(one, "").strip() or None for one in (name, name + _FILE))
    if file is None:
        return value
    if value is not None:
        raise SettingsError(f"{name} and {name}{_FILE} are both set; keep one")
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}{_FILE}: {file} cannot be read ({error})") from error


def read_secret(name: str, environ: Mapping[str, str]) -> str | None:
    """Return a secret as `read_variable` does.

    Raises:
        SettingsError: as of `read_variable`, or it was copied with something that is no part of it.
    """
    value = read_variable(name, environ)
    if value is not None and not value.isprintable():
        raise SettingsError(
            f"{name}: holds a line break, or another character that cannot be seen; copy it anew"
        )
    return value


def read_environment(
    environ: Mapping[str, str], *, also_known: Collection[str] = ()
) -> tuple[tuple[Given, ...], tuple[SettingsError, ...]]:
    """Read every setting that the environment gives, and what is wrong with it.

    `also_known` are variables that the file itself names, such as those of mail passwords.
    """
    given: list[Given] = []
    problems = list(_unknown(environ, also_known))
    for setting in describe():
        try:
            found = _first(setting, environ)
        except SettingsError as problem:
            problems.append(problem)
            continue
        if found is not None:
            given.append(found)
    return tuple(given), tuple(problems)


def _first(setting: Setting, environ: Mapping[str, str]) -> Given | None:
    for variable in setting.env:
        read = read_secret if setting.is_secret else read_variable
        text = read(variable, environ)
        if text is not None:
            value = [part.strip() for part in text.split(",") if part.strip()]
            return Given(setting, variable, value if setting.is_list else text)
    return None


def _unknown(environ: Mapping[str, str], also_known: Collection[str]) -> list[SettingsError]:
    known = {CONFIG_VARIABLE, *also_known}.union(*(setting.env for setting in describe()))
    accepted = known | {name + _FILE for name in known}
    return [
        SettingsError(f"{name}: there is no such variable{_hint(name, known)}")
        for name in sorted(environ)
        if name.startswith(_PREFIX) and name not in accepted
    ]


def _hint(name: str, known: Collection[str]) -> str:
    # All names begin alike: only what follows tells which one was meant.
    meant = {one.removeprefix(_PREFIX): one for one in sorted(known) if one.startswith(_PREFIX)}
    close = get_close_matches(name.removeprefix(_PREFIX), meant, n=1)
    said = f"did you mean {meant[close[0]]}?" if close else "docs/reference/settings.md lists them"
    return f"; {said}"
