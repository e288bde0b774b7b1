from __future__ import annotations

from supportbot.dashboard.pages.overview import bars
from supportbot.model.overview import Overview, Share


def test_bars_fill_the_whole_width_in_order() -> None:
    laid = bars(Overview((), (Share("a", 1), Share("b", 0), Share("c", 3))))
    assert [(bar.name, bar.start, bar.width) for bar in laid] == [
        ("a", 0.0, 25.0),
        ("b", 25.0, 0.0),
        ("c", 25.0, 75.0),
    ]


def test_nothing_counted_draws_nothing() -> None:
    assert [bar.width for bar in bars(Overview((), (Share("a", 0),)))] == [0.0]
