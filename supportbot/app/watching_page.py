"""The page "Watching it run", rendered from the metrics of `/metrics` so that it cannot rot."""

from __future__ import annotations

from pathlib import Path

from supportbot.app.metrics import METRICS

_HEAD = """\
# Watching it run

<!-- Generated from supportbot/app/metrics.py by `make docs`; edits here are lost. -->

Every process answers `GET /metrics` in the text format of Prometheus, in every role. What is
counted in the database is the same whichever process is asked. Worth an alarm: `supportbot_up`
at 0, `supportbot_oldest_runnable_job_seconds` over a minute, any `supportbot_violations`, any
`supportbot_dead_letters`, `supportbot_model_usable` at 0: that model is left alone, and the log
says why (`model_left_alone`); with PostgreSQL also `supportbot_workers` at 0: nobody answers then.

| metric | label | says |
|---|---|---|
"""


def render_watching_page() -> str:
    """Render `docs/reference/watching.md`. Pure."""
    rows = (f"| `{m.name}` | {f'`{m.label}`' if m.label else ''} | {m.help} |" for m in METRICS)
    return _HEAD + "\n".join(rows) + "\n"


def write_watching_page(root: Path) -> Path:
    """Write the page into a checkout; return its path. Safe to repeat."""
    path = root / "docs" / "reference" / "watching.md"
    path.write_text(render_watching_page(), encoding="utf-8")
    return path
