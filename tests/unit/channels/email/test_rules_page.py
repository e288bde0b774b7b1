from __future__ import annotations

from pathlib import Path

from supportbot.channels.email.meaning.disposition import RULES
from supportbot.channels.email.meaning.rules_page import render_rules_page, write_rules_page

ROOT = Path(__file__).parents[4]


def test_page_in_the_docs_is_the_one_that_the_rules_make() -> None:
    there = (ROOT / "docs" / "reference" / "mail-rules.md").read_text(encoding="utf-8")
    assert there == render_rules_page(), "run `make docs`"


def test_page_names_every_rule_in_its_order(tmp_path: Path) -> None:
    text = write_rules_page(tmp_path).read_text(encoding="utf-8")
    places = [text.index(f"| `{rule.name}` | {rule.description} |") for rule in RULES]
    assert places == sorted(places)
