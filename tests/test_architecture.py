"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "supportbot"
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: The starter's files are a bot folder's own: they stand outside, and import what others import.
INSIDE = [path for path in SOURCES if "starter" not in path.parts]

#: The places that may catch everything, as ARCHITECTURE.md names them: where work is claimed, and
#: where a bot folder's own code is called.
CATCH_ALL = frozenset({"orchestrator/guard.py", "tools/attempt.py"})

#: The suite that plugins run breaks sends off, and an adapter may raise anything of its vendor's.
BREAKS_SENDS = PACKAGE / "testing" / "contracts" / "channel.py"


def test_the_import_ladder_holds() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_crowded(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_function_is_crowded(path: Path) -> None:
    crowded = [f"{f.name}:{f.lineno}" for f in _functions(path) if _lines(f) > 60]
    assert crowded == []


def test_everything_is_caught_in_the_named_places_only() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in SOURCES
        if path != BREAKS_SENDS and any(map(_catches_everything, ast.walk(_tree(path))))
    }
    assert found == CATCH_ALL


def test_the_places_that_catch_everything_are_named_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rule = text.split("- catch everything anywhere but", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"`([\w/]+\.py)`", rule)) == CATCH_ALL


@pytest.mark.parametrize(
    "code",
    [
        "try: ...\nexcept: ...",
        "try: ...\nexcept BaseException: ...",
        "try: ...\nexcept (SystemExit, Exception): ...",
        "with suppress(Exception): ...",
        "with contextlib.suppress(OSError, BaseException): ...",
        "class Hold:\n def __exit__(self, *_: object) -> bool: ...",
        "class Hold:\n async def __aexit__(self, *_: object) -> bool: ...",
    ],
)
def test_each_way_to_catch_everything_is_seen(code: str) -> None:
    assert any(map(_catches_everything, ast.walk(ast.parse(code))))


@pytest.mark.parametrize(
    "code",
    [
        "try: ...\nexcept BaseException:\n tidy()\n raise",
        "try: ...\nexcept (OSError, ValueError): ...",
        "with suppress(TimeoutError): ...",
        "class Hold:\n def __exit__(self, *_: object) -> None: ...",
    ],
)
def test_what_catches_little_or_tidies_up_is_let_be(code: str) -> None:
    assert not any(map(_catches_everything, ast.walk(ast.parse(code))))


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


def _catches_everything(node: ast.AST) -> bool:
    match node:
        case ast.ExceptHandler():
            return _is_broad(node)
        case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress")):
            return any(map(_names_all, node.args))
        case ast.FunctionDef(name="__exit__") | ast.AsyncFunctionDef(name="__aexit__"):
            # One that never holds anything back returns None.
            return ast.unparse(node.returns or ast.Name("bool")) != "None"
        case _:
            return False


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """A handler that tidies up and raises again catches nothing."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    return handler.type is None or _names_all(handler.type)


def _names_all(caught: ast.expr) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(k, ast.Name) and k.id in {"Exception", "BaseException"} for k in kinds)
