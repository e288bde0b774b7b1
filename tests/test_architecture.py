"""The house rules that a machine can check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "supportbot"
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: The starter's files are a bot folder's own: they stand outside, and import what others import.
INSIDE = [path for path in SOURCES if "starter" not in path.parts]

#: The one place that may catch everything.
CLAIMS_WORK = PACKAGE / "orchestrator" / "guard.py"


def test_the_import_ladder_holds() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_crowded(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_function_is_crowded(path: Path) -> None:
    crowded = [f"{f.name}:{f.lineno}" for f in _functions(path) if _lines(f) > 60]
    assert crowded == []


def test_only_the_guard_catches_everything() -> None:
    broad = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path != CLAIMS_WORK
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]
    assert broad == []


def test_nothing_inside_imports_the_bare_package() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in INSIDE
        for node in ast.walk(_tree(path))
        if (isinstance(node, ast.Import) and any(a.name == "supportbot" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "supportbot")
    ]
    assert bare == []


def test_none_of_our_own_modules_is_imported_for_types_only() -> None:
    hidden = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "TYPE_CHECKING" in path.read_text(encoding="utf-8")
    ]
    assert hidden == []


def test_no_index_address_and_no_machine_path_is_committed() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert " @ " not in text


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """A handler that tidies up and raises again catches nothing."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = handler.type
    return caught is None or (
        isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"}
    )
