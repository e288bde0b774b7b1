"""What a model call costs: a versioned table of list prices. Pure.

The built-in table was put together on the day its version names, from public sources that quote
https://developers.openai.com/api/docs/pricing: standard tier, requests below 272,000 tokens
(longer ones cost more). A model that is not listed is unpriced, which is not the same as free.
Settings may add and override.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from supportbot.model.completion import Completion, Usage

#: From US dollars per million tokens to billionths of a dollar per token.
_NUSD_PER_TOKEN = 1000
#: A snapshot costs what its model costs: `gpt-5.4-mini-2026-03-17`.
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_SHOWN_HASH = 8


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float
    #: Input found in the vendor's prompt cache; None: as dear as other input.
    cached_input: float | None = None
    #: Input put into that cache; None: as dear as other input.
    cache_write: float | None = None


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by model name, as of a version."""

    version: str
    prices: Mapping[str, Price]

    def find(self, model: str) -> Price | None:
        """Return the price of a model or of a dated snapshot of it; None: nobody knows."""
        return self.prices.get(model) or self.prices.get(_SNAPSHOT.sub("", model))

    def priced(self, completion: Completion) -> Completion:
        """Fill in what a call cost and by which version; an unlisted model stays unpriced."""
        price = self.find(completion.model)
        if price is None:
            return completion
        cost = cost_nusd(completion.usage, price)
        return replace(completion, cost_nusd=cost, price_version=self.version)

    def changed(self, changes: Mapping[str, Price]) -> PriceTable:
        """Return the table with prices added or overridden; its version then tells them apart."""
        if not changes:
            return self
        named = repr(sorted(changes.items(), key=lambda item: item[0]))
        mark = hashlib.sha256(named.encode()).hexdigest()[:_SHOWN_HASH]
        return PriceTable(f"{self.version}+{mark}", {**self.prices, **changes})


def cost_nusd(usage: Usage, price: Price) -> int:
    """Return billionths of a US dollar. Output includes reasoning, as vendors count it."""
    cached = price.input if price.cached_input is None else price.cached_input
    written = price.input if price.cache_write is None else price.cache_write
    fresh = max(0, usage.prompt - usage.cached - usage.cache_written)
    dollars_per_million = (
        fresh * price.input
        + usage.cached * cached
        + usage.cache_written * written
        + usage.output * price.output
    )
    return round(dollars_per_million * _NUSD_PER_TOKEN)


#: What is built in.
PRICES = PriceTable(
    "2026-11-24",
    {
        "gpt-6-astra": Price(10.00, 50.00, cached_input=1.00, cache_write=12.50),
        "gpt-6-sol": Price(2.00, 10.00, cached_input=0.20, cache_write=2.50),
        "gpt-6-luna": Price(0.10, 0.50, cached_input=0.01, cache_write=0.125),
        "gpt-5.6-sol": Price(4.00, 20.00, cached_input=0.40, cache_write=5.00),
        "gpt-5.6-terra": Price(2.00, 12.00, cached_input=0.20, cache_write=2.50),
        "gpt-5.6-luna": Price(0.20, 1.20, cached_input=0.02, cache_write=0.25),
        "gpt-5.5": Price(5.00, 30.00, cached_input=0.50),
        "gpt-5.4": Price(2.50, 15.00, cached_input=0.25),
        "gpt-5.4-mini": Price(0.75, 4.50, cached_input=0.075),
        "gpt-5.4-nano": Price(0.20, 1.25, cached_input=0.02),
        "gpt-5.2": Price(1.75, 14.00, cached_input=0.175),
        "gpt-5.1": Price(1.25, 10.00, cached_input=0.125),
        "gpt-5": Price(1.25, 10.00, cached_input=0.125),
        "gpt-5-mini": Price(0.25, 2.00, cached_input=0.025),
        "gpt-5-nano": Price(0.05, 0.40, cached_input=0.005),
        "gpt-4.1": Price(2.00, 8.00, cached_input=0.50),
        "gpt-4.1-mini": Price(0.40, 1.60, cached_input=0.10),
        "gpt-4.1-nano": Price(0.10, 0.40, cached_input=0.025),
        "gpt-4o": Price(2.50, 10.00, cached_input=1.25),
        "gpt-4o-mini": Price(0.15, 0.60, cached_input=0.075),
        # Quotes our own pages: free, which is a price.
        "kb-extractive-1": Price(0.0, 0.0),
    },
)
