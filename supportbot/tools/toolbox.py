"""All tools of a bot folder, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from supportbot.errors import ConfigError
from supportbot.model.completion import ToolSpec
from supportbot.model.policy import CompiledPolicy
from supportbot.tools.declare import DeclaredTool
from supportbot.tools.tool import Tool, misdeclared


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools there are; which of them a product may use is its policy's decision."""

    tools: Mapping[str, Tool] = field(default_factory=dict)

    def allowed(self, names: Sequence[str]) -> tuple[ToolSpec, ...]:
        """Describe those of the named tools that there are, ordered by name."""
        return tuple(self.tools[name].spec for name in sorted({*names} & {*self.tools}))

    def permitted(self, name: str, policy: CompiledPolicy) -> bool:
        """Tell whether a policy lets a tool be called: named, and not read-only where it writes."""
        tool = self.tools.get(name)
        if tool is None or name not in policy.tools:
            return False
        return not (tool.rules.writes and name in policy.read_only_tools)

    def problems(self, policy: CompiledPolicy) -> Iterator[tuple[str, str]]:
        """Tell which tools a policy asks for and cannot have: their names, and why."""
        known = ", ".join(sorted(self.tools)) or "none"
        for name in policy.tools:
            if name not in self.tools:
                yield name, f"there is no such tool; known are: {known}"
            elif not self.permitted(name, policy):
                yield name, "it changes things; allow it with access: write, or remove it"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The tools that can be used, and what is wrong with the others."""

    toolbox: Toolbox
    problems: tuple[ConfigError, ...]


def gather(declared: Iterable[DeclaredTool[..., Any] | Tool]) -> Gathered:
    """Build a toolbox; nothing is raised, every problem is named with its file and line."""
    tools: dict[str, Tool] = {}
    problems: list[ConfigError] = []
    for one in declared:
        try:
            tool = one if isinstance(one, Tool) else one.build()
            if tool.name in tools:
                raise misdeclared(tool.function, f"there are two tools named {tool.name!r}")
        except ConfigError as problem:
            problems.append(problem)
        else:
            tools[tool.name] = tool
    return Gathered(Toolbox(dict(sorted(tools.items()))), tuple(problems))
