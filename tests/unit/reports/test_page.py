from __future__ import annotations

from pathlib import Path

from supportbot.reports.definitions import METRICS
from supportbot.reports.page import render_metrics_page, write_page

ROOT = Path(__file__).parents[3]


def test_metrics_page_equals_the_definitions() -> None:
    there = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert there == render_metrics_page(), "run `make docs`"


def test_every_metric_has_its_place_on_the_page() -> None:
    page = render_metrics_page()
    assert [m.name for m in METRICS if f"`{m.name}`" not in page] == []


def test_page_is_written_where_it_is_looked_for(tmp_path: Path) -> None:
    assert write_page(tmp_path) == tmp_path / "docs" / "reference" / "metrics.md"
