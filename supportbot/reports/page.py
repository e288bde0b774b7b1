"""The page "How we count", rendered from the metrics so that it cannot rot.

`docs/reference/metrics.md` equals this text; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from supportbot.reports.definitions import HEADLINE, METRICS
from supportbot.reports.metric import LEAST_FOR_PERCENTILES, Basis, Metric, Unit

_HEAD = f"""\
# How we count

<!-- Generated from supportbot/reports by `make docs`; edits here are lost. -->

Every number in reports and dashboard is defined here, once, and computed by the code this page is
made from.

- **Episode**: one open-to-resolved cycle of a ticket. A reopened ticket is a new episode, with its
  own response and resolution times.
- **Left out everywhere**: console tickets, spam, and tickets merged into others.
- **Days** are local days of one time zone per installation, `[reports] timezone`; `--to` is
  included.
- **cohort**: counted on the day the episode was opened. **flow**: counted on the day it happened.
  **now**: as of now, whatever the dates.
- **Durations** are calendar time, shown as median (p50) and p90 by nearest rank, with n. Fewer than
  {LEAST_FOR_PERCENTILES} values have no percentiles.
- **Nothing to measure** is `n/a` (`null` in JSON, empty in CSV), never 0.
- **Immature**: of how many the result is not final yet.
"""

_UNITS = {Unit.COUNT: "number", Unit.SHARE: "share", Unit.SECONDS: "duration"}
_BASES = {Basis.COHORT: "cohort", Basis.FLOW: "flow", Basis.NOW: "now"}


def render_metrics_page() -> str:
    """Render `docs/reference/metrics.md`: every metric with its edge cases. Pure."""
    return _HEAD + "".join("\n".join(_entry(metric)) for metric in METRICS)


def write_page(root: Path) -> Path:
    """Write the page into a checkout; return its path. Safe to repeat."""
    path = root / "docs" / "reference" / "metrics.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_metrics_page(), encoding="utf-8")
    return path


def _entry(metric: Metric) -> Iterator[str]:
    facts = [f"`{metric.name}`", _UNITS[metric.unit], _BASES[metric.basis]]
    if metric in HEADLINE:
        facts.append("headline")
    yield f"\n## {metric.title}\n"
    yield f"{' · '.join(facts)}\n"
    yield f"{metric.definition}\n"
    yield from (f"- {case}" for case in metric.edge_cases)
    yield ""
