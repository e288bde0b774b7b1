"""The bot folder's file before it is validated: its values, and where each of them stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supportbot.errors import SettingsError
from supportbot.settings import toml_lines

_POSITION = re.compile(r" \((?:at line (?P<line>\d+), column \d+|at end of document)\)$")


@dataclass(slots=True)
class Source:
    """The values that were found, and where each of them stands."""

    file: Path
    values: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[toml_lines.Path, int] = field(default_factory=dict)
    #: The variable that gave a value, by path.
    variables: dict[toml_lines.Path, str] = field(default_factory=dict)

    def problem(self, path: toml_lines.Path, message: str) -> SettingsError:
        """Make the error for a path: it names the variable, else the file and nearest line."""
        prefixes = [path[:end] for end in range(len(path), 0, -1)]
        for prefix in prefixes:
            if prefix in self.variables:
                return SettingsError(f"{self.variables[prefix]}: {message}")
        line = next((self.lines[prefix] for prefix in prefixes if prefix in self.lines), None)
        return SettingsError(f"{_dotted(path)}: {message}", path=self.file, line=line)


def read_file(file: Path) -> Source:
    """Read a TOML file.

    Raises:
        SettingsError: it is not there, cannot be read, or is no TOML; names the line.
    """
    try:
        text = file.read_bytes().decode("utf-8")
        return Source(file, tomllib.loads(text), toml_lines.lines_of(text))
    except FileNotFoundError as error:
        raise SettingsError(
            f"there is no {file.name} here; "
            "name a bot folder with --config, or make one with `supportbot init DIR`",
            path=file,
        ) from error
    except OSError as error:
        raise SettingsError(f"cannot be read ({error.strerror})", path=file) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError("this line is not UTF-8 text", path=file, line=line) from error
    except tomllib.TOMLDecodeError as error:
        place = _POSITION.search(str(error))
        last = len(text.rstrip("\n").split("\n"))
        line = int(place["line"]) if place and place["line"] else last
        message = _POSITION.sub("", str(error))
        raise SettingsError(f"not valid TOML: {message}", path=file, line=line) from error


def occurrences(
    values: Any, keys: tuple[str, ...], at: toml_lines.Path = ()
) -> list[toml_lines.Path]:
    """Find the paths of a setting in nested values; `name[]` stands for each element. Pure."""
    if not keys:
        return [at]
    name = keys[0].removesuffix("[]")
    if not isinstance(values, dict) or name not in values:
        return []
    below = values[name]
    if not keys[0].endswith("[]"):
        return occurrences(below, keys[1:], (*at, name))
    elements = enumerate(below) if isinstance(below, list) else ()
    return [
        path
        for index, element in elements
        for path in occurrences(element, keys[1:], (*at, name, index))
    ]


def prune(values: dict[str, Any], path: toml_lines.Path) -> None:
    """Take out the deepest part of a path that is there."""
    while path and value_at(values, path) is None:
        path = path[:-1]
    if not path:
        return
    parent: Any = value_at(values, path[:-1])
    parent.pop(path[-1])


def value_at(values: Any, path: toml_lines.Path) -> Any:
    """Return what stands at a path of nested values, None where nothing does. Pure."""
    for key in path:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def _dotted(path: toml_lines.Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
