from __future__ import annotations

from pathlib import Path

from supportbot.settings.pages import render_env_example, render_settings_page, write_pages
from supportbot.settings.table import describe

ROOT = Path(__file__).parents[3]
CURE = "run `make docs`"


def test_env_example_equals_the_tree() -> None:
    there = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    assert there == render_env_example(), CURE


def test_settings_page_equals_the_tree() -> None:
    there = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert there == render_settings_page(), CURE


def test_env_example_sets_nothing_until_it_is_edited() -> None:
    assert [line for line in render_env_example().splitlines() if line and line[0] != "#"] == []


def test_every_setting_is_described() -> None:
    assert [setting.name for setting in describe() if not setting.description] == []


def test_no_secret_has_a_default() -> None:
    assert [s.name for s in describe() if s.is_secret and s.default is not None] == []


def test_no_variable_sets_two_things() -> None:
    names = [name for setting in describe() for name in setting.env]
    assert len(names) == len(set(names))


def test_pages_are_written_where_they_are_looked_for(tmp_path: Path) -> None:
    written = write_pages(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "deploy/env.example",
        "docs/reference/settings.md",
    ]
    assert written[0].read_text(encoding="utf-8") == render_env_example()


def test_every_table_stands_once_and_its_words_are_no_code_block() -> None:
    page = render_settings_page()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert len(headings) == len(set(headings))
    assert [line for line in page.splitlines() if line.startswith(" ")] == []
