"""The tools of a bot folder: what its `tools.py` declares, and what installed packages bring."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from supportbot.app.plugins import load_all
from supportbot.errors import ConfigError, PolicyError
from supportbot.model.policy import CompiledPolicy
from supportbot.policy.front import read_front
from supportbot.policy.load import ORG
from supportbot.tools.attempt import Raised, attempt
from supportbot.tools.declare import DeclaredTool
from supportbot.tools.tool import Tool
from supportbot.tools.toolbox import Gathered, Toolbox, gather

#: Entry points; each names a declared tool or a `Tool`.
TOOLS = "supportbot.tools"


def load_tools(folder: Path) -> Gathered:
    """Load the tools of a bot folder; the file may be missing. Nothing is raised.

    Whatever is wrong is named in `problems`, with file and line.
    """
    path = folder / "tools.py"
    found, problems = list[DeclaredTool[..., Any] | Tool](), list[ConfigError]()
    if path.is_file():
        declared = attempt(lambda: _declared(_load(path)))
        if isinstance(declared, Raised):
            problems.append(_broken(path, declared.error))
        else:
            found += declared
    for brought in load_all(TOOLS):
        if isinstance(brought, DeclaredTool | Tool):
            found.append(brought)
        else:
            said = f"a package offers {brought!r} as a tool; declare it with @supportbot.tool"
            problems.append(ConfigError(said))
    gathered = gather(found)
    return Gathered(gathered.toolbox, (*problems, *gathered.problems))


def tool_problems(
    toolbox: Toolbox, policies: Mapping[str, CompiledPolicy], folder: Path
) -> list[PolicyError]:
    """Name what the policies ask of tools and cannot have, with file and line."""
    return [
        _asked_for(folder / "policies", product, name, said)
        for product, policy in sorted(policies.items())
        for name, said in toolbox.problems(policy)
    ]


def _asked_for(policies: Path, product: str, name: str, said: str) -> PolicyError:
    """Find the line that names a tool; a product may have it from the layer for all products."""
    own = policies / "products" / f"{product}.md"
    for path in (own, policies / f"{ORG}.md"):
        if path.is_file():
            line = read_front(path.read_text(encoding="utf-8")).lines.get(("tools", name))
            if line is not None:
                return PolicyError(f"tools.{name}: {said}", path=path, line=line)
    return PolicyError(f"tools.{name}: {said}", path=own)


class _Fresh(SourceFileLoader):
    """Reads the file as it is now: a byte-code file beside it could be of a moment before."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader's own signature
        """Compile the source, and leave nothing beside it."""
        return self.source_to_code(self.get_data(self.path), self.path)


def _load(path: Path) -> ModuleType:
    """Run the file as a module, under a name that no other folder's file has."""
    name = f"supportbot_tools_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    loader = _Fresh(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and models declared in the file look their module up by its name.
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def _declared(module: ModuleType) -> Iterable[DeclaredTool[..., Any] | Tool]:
    """Find what a module declares, once where it has two names."""
    found = (one for one in vars(module).values() if isinstance(one, DeclaredTool | Tool))
    return {id(one): one for one in found}.values()


def _broken(path: Path, error: BaseException) -> ConfigError:
    """Name the line of the file at which running it failed."""
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return ConfigError(f"SyntaxError: {error.msg}", path=path, line=error.lineno)
    if isinstance(error, SystemExit):
        said = f"it ends the program ({said}); a file of tools may only declare them"
    return ConfigError(said, path=path, line=_line_in(path, error.__traceback__))


def _line_in(path: Path, place: TracebackType | None) -> int | None:
    line = None
    while place is not None:
        if place.tb_frame.f_code.co_filename == str(path):
            line = place.tb_lineno
        place = place.tb_next
    return line
