from __future__ import annotations

from datetime import UTC, datetime

import pytest

from supportbot.completions.extractive import MODEL
from supportbot.completions.prices import PRICES, Price, PriceTable, cost_nusd
from supportbot.model.completion import Completion, Usage
from supportbot.settings.models import DEFAULT_MODEL

TABLE = PriceTable("2026-01-01", {"m": Price(2.0, 8.0, cached_input=0.5)})


def completion(model: str, usage: Usage) -> Completion:
    return Completion(model, "e", "", None, datetime(2026, 1, 1, tzinfo=UTC), 0, usage=usage)


@pytest.mark.parametrize(
    ("usage", "price", "nusd"),
    [
        (Usage(), Price(1, 1), 0),
        (Usage(prompt=1_000_000), Price(0.75, 4.5), 750_000_000),
        (Usage(output=1_000_000), Price(0.75, 4.5), 4_500_000_000),
        (Usage(prompt=1), Price(0.05, 0.4), 50),
        (Usage(prompt=1000, cached=800), Price(1, 1, cached_input=0.1), 280_000),
        (Usage(prompt=1000, cached=800), Price(1, 1), 1_000_000),
        (Usage(prompt=1000, cache_written=600), Price(1, 1, cache_write=1.25), 1_150_000),
        (Usage(output=10, reasoning=8), Price(1, 1), 10_000),
        (Usage(prompt=3, cached=5), Price(1, 1, cached_input=0.1), 500),
    ],
)
def test_cost_is_counted_in_billionths_of_a_dollar(usage: Usage, price: Price, nusd: int) -> None:
    assert cost_nusd(usage, price) == nusd


def test_dated_snapshot_costs_what_its_model_costs() -> None:
    assert PRICES.find("gpt-5.4-mini-2026-03-17") == PRICES.find("gpt-5.4-mini")


@pytest.mark.parametrize("model", ["gpt-5.4-pro", "gpt-5.4-mini-special", "llama", ""])
def test_name_that_only_begins_like_a_known_one_has_no_price(model: str) -> None:
    assert PRICES.find(model) is None


def test_unknown_model_is_unpriced_and_not_free() -> None:
    priced = TABLE.priced(completion("other", Usage(prompt=5)))
    assert (priced.cost_nusd, priced.price_version) == (None, None)


def test_known_model_is_priced_by_a_version() -> None:
    priced = TABLE.priced(completion("m", Usage(prompt=5, output=1)))
    assert (priced.cost_nusd, priced.price_version) == (18_000, "2026-01-01")


def test_quoting_our_own_pages_is_free_and_not_unpriced() -> None:
    assert PRICES.priced(completion(MODEL, Usage(prompt=9))).cost_nusd == 0


def test_default_model_has_a_price() -> None:
    assert PRICES.find(DEFAULT_MODEL) is not None


def test_price_of_ones_own_is_told_by_the_version() -> None:
    cheap, dear = TABLE.changed({"m": Price(1, 1)}), TABLE.changed({"m": Price(2, 2)})
    assert cheap.find("m") == Price(1, 1)
    assert len({TABLE.version, cheap.version, dear.version}) == 3
    assert cheap.version == TABLE.changed({"m": Price(1, 1)}).version
    assert len(cheap.version) <= 24, "the width of its column"
    assert TABLE.changed({}) is TABLE
