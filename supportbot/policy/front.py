"""Front matter: strict YAML between two `---` lines, read with the line of every key.

All scalars stay the text that was written, so that `off`, `no` and `1.20` mean what they say.
Anchors, aliases, tags and duplicate keys are refused; nothing is ever constructed but text,
lists and mappings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

_FENCE = "---"
_TEXT, _LIST, _MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))

#: Where a value stands: keys and list positions from the top.
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """A file taken apart; `problems` are (line, text) pairs."""

    data: dict[str, object] = field(default_factory=dict)
    #: Line of each key and list item in the file, counted from 1.
    lines: dict[Place, int] = field(default_factory=dict)
    body: str = ""
    problems: tuple[tuple[int, str], ...] = ()


def read_front(text: str) -> Front:
    r"""Divide a file into front matter and body. Without front matter all of it is body.

    Line endings become `\n`; apart from that the body is kept verbatim.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return Front(body=text)
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return Front(problems=((1, "the front matter has no closing `---` line"),))
    reader = _Reader()
    data = reader.read("\n".join(lines[1:end]))
    return Front(data, reader.lines, "\n".join(lines[end + 1 :]), tuple(sorted(reader.problems)))


class _Loader(yaml.SafeLoader):
    """Resolves no scalar to anything but text and notes what YAML allows and we do not."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML's own way to set it

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.refused: list[tuple[int, str]] = []

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML has no types here
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self.refused.append((_line(event.start_mark), "YAML anchors and aliases are refused"))
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


class _Reader:
    """Turns nodes into plain values and remembers their lines."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self.problems: list[tuple[int, str]] = []

    def read(self, text: str) -> dict[str, object]:
        node = self._root(text)
        value = self._value(node, ()) if node is not None else {}
        if isinstance(value, dict):
            return value
        self.problems.append((2, "the front matter must be `key: value` lines"))
        return {}

    def _root(self, text: str) -> yaml.Node | None:
        try:
            loader = _Loader(text)
            node: yaml.Node | None = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problems.append((_line(mark), f"not YAML: {error.problem or error.context}"))
        except yaml.YAMLError as error:
            self.problems.append((1, f"not YAML: {str(error).splitlines()[0]}"))
        except RecursionError:
            self.problems.append((1, "the front matter is nested too deeply"))
        else:
            self.problems += loader.refused
            # An alias may point at its own parent: nothing is walked that holds one.
            return None if loader.refused else node
        return None

    def _value(self, node: yaml.Node, place: Place) -> object:
        self.lines.setdefault(place, _line(node.start_mark))
        if node.tag not in (_TEXT, _LIST, _MAPPING):
            self.problems.append((_line(node.start_mark), f"the YAML tag {node.tag} is refused"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*place, n)) for n, item in enumerate(node.value)]
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = _line(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append((line, "a key must be text"))
                continue
            key = str(key_node.value)
            if key in found:
                first = self.lines[*place, key]
                self.problems.append((line, f"{key!r} stands twice (first in line {first})"))
                continue
            self.lines[*place, key] = line
            found[key] = self._value(value_node, (*place, key))
        return found


def _line(mark: Any) -> int:
    # Marks count from 0, and the opening `---` stands above.
    return int(mark.line) + 2 if mark is not None else 1
