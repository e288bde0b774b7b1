"""The page about policies and knowledge names what the code knows, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from supportbot.knowledge.read import SUFFIXES, read_collection
from supportbot.model.catalog import Mode
from supportbot.policy.load import Allowing, FrontMatter, parse_policy
from supportbot.policy.review import RULES

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page() -> str:
    return (ROOT / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")


def table(page: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose first column is headed so."""
    (rows,) = re.findall(rf"(?m)^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows.splitlines()]


def first_cells(page: str, head: str) -> list[str]:
    return [name for row in table(page, head) for name in re.findall(r"`(.+?)`", row[0])]


def keys(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield each key of the format as it is written on the page."""
    for name, field in section.model_fields.items():
        key = before + {"policy_schema": "schema"}.get(name, name)
        kinds = (field.annotation, *get_args(field.annotation))
        inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        if inner is not None:
            yield from keys(inner, f"{key}.")
        elif name == "tools":
            yield from keys(Allowing, "tools.<name>.")
        else:
            yield f"{key}.<name>" if name == "canned" else key


def test_every_key_has_a_row_and_no_other_has(page: str) -> None:
    assert first_cells(page, "key") == list(keys(FrontMatter))


def test_the_example_is_a_policy(page: str) -> None:
    (example,) = re.findall(r"```markdown\n(.*?)```", page, re.DOTALL)
    policy = parse_policy(Path("hosting.md"), example)
    assert policy.front.delivery.default is Mode.DRAFT
    assert policy.body.startswith("You support Brightfield Hosting")


def test_modes_stand_there_from_the_tightest_to_the_loosest(page: str) -> None:
    assert first_cells(page, "mode") == [*Mode]


def test_rules_stand_there_in_their_order_and_words(page: str) -> None:
    shown = [(row[0].strip("`"), row[1].replace("`", "")) for row in table(page, "rule")]
    assert shown == [(rule.name, rule.description.replace("`", "")) for rule in RULES]


def test_canned_words_are_those_that_are_looked_up(page: str) -> None:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "supportbot").rglob("*.py"))
    used = {name for text in sources for name in re.findall(r"canned\.get\(\"(\w+)\"", text)}
    assert set(first_cells(page, "name")) == used


def test_every_kind_of_knowledge_file_has_a_row(page: str) -> None:
    assert set(first_cells(page, "file")) - {"title", "url"} == SUFFIXES


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.md", "---\ntitle: Front\n---\n# Heading\nText.\n", "Front"),
        ("a.md", "# Heading\nText.\n", "Heading"),
        ("a.html", "<title>Element</title><h1>Heading</h1><p>Text.", "Heading"),
        ("a.html", "<title>Element</title><p>Text.", "Element"),
        ("how-to_pay.txt", "Text.", "how to pay"),
        ("a.jsonl", '{"id": "1", "title": "Row", "text": "Text."}\n', "Row"),
    ],
)
def test_titles_come_from_where_the_page_says(
    tmp_path: Path, name: str, text: str, title: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (document,) = read_collection(tmp_path).documents
    assert document.title == title
