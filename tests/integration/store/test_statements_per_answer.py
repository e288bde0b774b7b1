"""An answer costs no more SQL than it did: each statement is paid for by every message."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


async def test_an_answer_stays_below_the_ceiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(_BENCHMARKS)
    counting = importlib.import_module("statements")
    folder = importlib.import_module("programs").write_bot_folder(tmp_path)
    first, follow_up = await counting.count_statements(folder)
    counted = {"first message of a thread": first, "follow-up": follow_up}
    for name, ceiling in counting.CEILING.items():
        said = "\n".join(counted[name].sql)
        assert counted[name].statements <= ceiling, f"{name}:\n{said}"
