"""The table of all settings, generated from the tree: names, variables, kinds, defaults."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from supportbot.settings.tree import Settings

#: Names of the bot folder or its file; read by the commands, no part of the tree.
CONFIG_VARIABLE = "SUPPORTBOT_CONFIG"

_KINDS: Mapping[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One leaf of the tree."""

    #: Keys from the root, such as ("server", "port"); `mailboxes[]` stands for an array of tables.
    path: tuple[str, ...]
    #: Variables that set it, the strongest first; empty: only the file can.
    env: tuple[str, ...]
    type: str
    default: object
    required: bool
    description: str

    @property
    def name(self) -> str:
        """The dotted name, such as `server.port`."""
        return ".".join(self.path)

    @property
    def is_secret(self) -> bool:
        """True: it may stand in the environment only."""
        return self.type == "secret"

    @property
    def is_list(self) -> bool:
        """True: a variable gives it as values divided by commas."""
        return self.type.startswith("list of ")


def describe() -> tuple[Setting, ...]:
    """Return every setting in the order of the tree. Pure."""
    return tuple(
        setting
        for name, field in Settings.model_fields.items()
        if name != "folder"
        for setting in _leaves((name,), field, in_array=False)
    )


def section_at(path: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the table that stands at a path of keys and indexes, if one does."""
    section: type[BaseModel] = Settings
    keys = iter(key for key in path if isinstance(key, str))
    for key in keys:
        field = section.model_fields.get(key)
        inner = field and (_table(field.annotation) or _array_of_tables(field.annotation))
        if field and not inner:
            inner = _mapped_table(field.annotation)
            next(keys, None)  # the name under which this table stands
        if not inner:
            return None
        section = inner
    return section


def _leaves(path: tuple[str, ...], field: FieldInfo, *, in_array: bool) -> Iterator[Setting]:
    annotation = _plain(field.annotation)
    element = _array_of_tables(annotation)
    inner = element or _table(annotation)
    if inner is None:
        yield _setting(path, field, in_array=in_array)
        return
    here = (*path[:-1], f"{path[-1]}[]") if element else path
    for name, child in inner.model_fields.items():
        yield from _leaves((*here, name), child, in_array=in_array or element is not None)


def _setting(path: tuple[str, ...], field: FieldInfo, *, in_array: bool) -> Setting:
    kind = _kind(field.annotation)
    settable = not in_array and kind != "table"
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    vendor = (str(extra["env"]),) if "env" in extra else ()
    return Setting(
        path=path,
        env=("_".join(("SUPPORTBOT", *path)).upper(), *vendor) if settable else (),
        type=kind,
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        required=field.is_required(),
        description=field.description or "",
    )


def _kind(annotation: Any) -> str:
    plain = _plain(annotation)
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Literal:
        return " or ".join(f'"{choice}"' for choice in arguments)
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    if origin is Mapping:
        return "table"
    return _KINDS[plain]


def _plain(annotation: Any) -> Any:
    """Take constraints and `| None` off an annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        (only,) = (part for part in get_args(annotation) if part is not types.NoneType)
        return _plain(only)
    return annotation


def _table(annotation: Any) -> type[BaseModel] | None:
    plain = _plain(annotation)
    return plain if isinstance(plain, type) and issubclass(plain, BaseModel) else None


def _mapped_table(annotation: Any) -> type[BaseModel] | None:
    plain = _plain(annotation)
    return _table(get_args(plain)[1]) if get_origin(plain) is Mapping else None


def _array_of_tables(annotation: Any) -> type[BaseModel] | None:
    plain = _plain(annotation)
    return _table(get_args(plain)[0]) if get_origin(plain) is tuple else None
