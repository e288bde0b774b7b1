"""Tools of a bot folder and of installed packages, as files on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from supportbot.app.house import answering
from supportbot.app.tools import load_tools, tool_problems
from supportbot.cli.check import find_problems
from supportbot.cli.init import write_starter
from supportbot.errors import ConfigError
from supportbot.policy.compile import compile_policies
from supportbot.policy.load import load_policies
from supportbot.settings.load import examine
from supportbot.tools.toolbox import Gathered

HEAD = "import supportbot\n\n@supportbot.tool\n"


async def load(folder: Path, text: str) -> Gathered:
    (folder / "tools.py").write_text(text, encoding="utf-8")
    return load_tools(folder)


async def problem(folder: Path, text: str) -> ConfigError:
    (found,) = (await load(folder, text)).problems
    return found


async def test_a_folder_without_tools_is_fine(tmp_path: Path) -> None:
    gathered = load_tools(tmp_path)
    assert (dict(gathered.toolbox.tools), gathered.problems) == ({}, ())


async def test_a_folders_functions_become_tools(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "import supportbot\n"
        "@dataclass\n"
        "class Line:\n"
        "    item: str\n"
        "def helper(): ...\n"
        "@supportbot.tool(writes=True)\n"
        "async def order(lines: list[Line]) -> str:\n"
        "    return lines[0].item\n"
        "again = order\n"
        "def answer(n): return n\n"
        "spec = supportbot.ToolSpec('raw', 'Raw.', {'properties': {'n': {'type': 'integer'}}})\n"
        "raw = supportbot.tool_from_schema(spec, answer)\n"
    )
    gathered = await load(tmp_path, text)
    assert gathered.problems == ()
    assert [*gathered.toolbox.tools] == ["order", "raw"]
    tool = gathered.toolbox.tools["order"]
    assert tool.rules.writes
    given: dict[str, Any] = tool.read('{"lines":[{"item":"a"}]}')
    assert given["lines"][0].item == "a"


async def test_a_change_of_the_file_is_seen_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    for number in (1, 2):
        gathered = await load(tmp_path, f"{HEAD}def f() -> int:\n    return {number}\n")
        assert gathered.toolbox.tools["f"].function() == number
    assert names(tmp_path) == ["tools.py"]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_two_folders_do_not_share_their_tools(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        text = f"NAME = {name!r}\n{HEAD}def f() -> str:\n    return NAME\n"
        found.append(await load(tmp_path / name, text))
    assert [one.toolbox.tools["f"].function() for one in found] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\ndef broken(:\n", 2, "SyntaxError"),
        ("import nowhere_at_all\n", 1, "No module named 'nowhere_at_all'"),
        ("\n\nlimits = {}['x']\n", 3, "KeyError"),
        ("import sys\nsys.exit(0)\n", 2, "it ends the program (SystemExit: 0)"),
        ("\nraise SystemExit('bye')\n", 2, "it ends the program (SystemExit: bye)"),
        ("def f():\n    raise ValueError('no key')\n\nf()\n", 2, "no key"),
        (f"{HEAD}def f(x) -> None: ...\n", 3, "'x' has no type"),
        (f"{HEAD}def handoff() -> None: ...\n", 3, "kept for giving a ticket"),
        (f"{HEAD}def f() -> None: ...\n@supportbot.tool(name='f')\ndef g(): ...\n", 5, "two tools"),
    ],
)
async def test_what_is_wrong_is_named_with_file_and_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    found = await problem(tmp_path, text)
    assert str(found).startswith(f"{tmp_path / 'tools.py'}:{line}: ")
    assert said in str(found)


async def test_packages_bring_tools_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, folder = tmp_path / "site", tmp_path / "bot"
    about = site / "shop_tools_for_tests-1.dist-info"
    about.mkdir(parents=True)
    folder.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: shop-tools-for-tests\nVersion: 1\n"
    )
    (about / "entry_points.txt").write_text(
        "[supportbot.tools]\nstock = shop_tools_for_tests:stock\nodd = shop_tools_for_tests:odd\n"
    )
    (site / "shop_tools_for_tests.py").write_text(
        f"{HEAD}def stock(item: str) -> int:\n    return 7\nodd = 3\n"
    )
    monkeypatch.syspath_prepend(str(site))
    try:
        gathered = await load(folder, f"{HEAD}def mine() -> int:\n    return 1\n")
        twice = await load(folder, f"{HEAD}def stock() -> int:\n    return 1\n")
    finally:
        sys.modules.pop("shop_tools_for_tests", None)
    assert [*gathered.toolbox.tools] == ["mine", "stock"]
    (said,) = map(str, gathered.problems)
    assert "offers 3 as a tool" in said
    assert any("two tools named 'stock'" in str(one) for one in twice.problems)


async def test_the_starters_tools_can_be_offered(tmp_path: Path) -> None:
    write_starter(tmp_path)
    gathered = load_tools(tmp_path)
    assert gathered.problems == ()
    assert [*gathered.toolbox.tools] == ["get_plan_storage", "request_backup"]
    assert gathered.toolbox.tools["request_backup"].rules.idempotent


def allow(folder: Path, tools: str) -> None:
    """Let the starter's hosting product use tools, by the line that waits there in a comment."""
    policy = folder / "policies" / "products" / "hosting.md"
    lines = policy.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f"tools: {tools}\n" if line.startswith("# tools:") else line for line in lines]
    assert changed != lines
    policy.write_text("".join(changed), encoding="utf-8")


async def test_a_policy_is_checked_against_the_tools(tmp_path: Path) -> None:
    write_starter(tmp_path)
    allow(tmp_path, "{get_plan_storage: {access: read}}")
    compiled = compile_policies(load_policies(tmp_path / "policies")).by_product
    toolbox = load_tools(tmp_path).toolbox
    assert tool_problems(toolbox, compiled, tmp_path) == []
    assert await find_problems(tmp_path, {"SUPPORTBOT_PORT": "0"}) == []


async def test_check_tells_what_a_policy_cannot_have(tmp_path: Path) -> None:
    write_starter(tmp_path)
    allow(tmp_path, "{fly: {access: read}, request_backup: {access: read}}")
    first, second = await find_problems(tmp_path, {"SUPPORTBOT_PORT": "0"})
    policy = tmp_path / "policies" / "products" / "hosting.md"
    before, _, _ = policy.read_text(encoding="utf-8").partition("tools: {fly")
    place = f"{policy}:{before.count(chr(10)) + 1}"
    assert first == (
        f"{place}: tools.fly: there is no such tool; known are: get_plan_storage, request_backup"
    )
    assert second.startswith(f"{place}: tools.request_backup: it changes things")


async def test_check_tells_what_is_wrong_with_the_tools_alone(tmp_path: Path) -> None:
    write_starter(tmp_path)
    allow(tmp_path, "{get_plan_storage: {access: read}}")
    (tmp_path / "tools.py").write_text("import nowhere_at_all\n", encoding="utf-8")
    (found,) = await find_problems(tmp_path, {"SUPPORTBOT_PORT": "0"})
    assert found.startswith(f"{tmp_path / 'tools.py'}:1: ")


async def test_a_tool_asked_for_product_by_product_is_named_where_it_stands(tmp_path: Path) -> None:
    write_starter(tmp_path)
    allow(tmp_path, "\n  get_plan_storage: {access: read}\n  fly:\n    access: read")
    (found,) = await find_problems(tmp_path, {"SUPPORTBOT_PORT": "0"})
    policy = tmp_path / "policies" / "products" / "hosting.md"
    lines = policy.read_text(encoding="utf-8").splitlines()
    assert found.startswith(f"{policy}:{lines.index('  fly:') + 1}: tools.fly: ")


async def test_broken_tools_are_the_only_thing_told_at_a_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_starter(tmp_path)
    allow(tmp_path, "{get_plan_storage: {access: read}}")
    (tmp_path / "tools.py").write_text("import sys\nsys.exit(0)\n", encoding="utf-8")
    settings, problems = examine(tmp_path, {})
    assert problems == ()
    assert settings is not None
    with pytest.raises(ConfigError) as refused:
        async with answering(settings):
            pass
    assert str(refused.value).startswith(f"{tmp_path / 'tools.py'}:2: it ends the program")
    assert "no such tool" not in str(refused.value)
    assert "work_failed" not in "".join(capsys.readouterr())
