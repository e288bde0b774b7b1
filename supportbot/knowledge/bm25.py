"""The numbers of BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).

A score is the sum over terms of `question_weight * rarity * weight`. `weight` depends on the chunk
alone and is stored with the posting. `rarity` is worked out for each question over exactly the
collections that it may use: several collections of a product rank as if they were one, and what
other products import changes nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

#: How fast repeating a word in a chunk stops to count.
K1 = 1.2
#: How much a long chunk is held against it, from 0 to 1.
B = 0.75
#: A word in the title counts as so many in the text.
TITLE_WEIGHT = 3
#: How fast repeating a word in a question stops to count.
_QUESTION_SATURATION = 8


def chunk_frequencies(title: Counter[str], body: Counter[str]) -> Counter[str]:
    """Weigh the terms of a chunk; every chunk carries its document's title."""
    return Counter({term: TITLE_WEIGHT * n for term, n in title.items()}) + body


def rarity(chunks: int, containing: int) -> float:
    """Tell how telling a term is that stands in `containing` of so many chunks."""
    return math.log(1 + (chunks - containing + 0.5) / (containing + 0.5))


def question_weight(count: int) -> float:
    """Weigh a term that a question says `count` times: 1 for once, never more than 9."""
    return count * (_QUESTION_SATURATION + 1) / (count + _QUESTION_SATURATION)


def weigh_question(
    counts: Mapping[str, int], containing: Mapping[str, int], chunks: int
) -> dict[str, float]:
    """Weigh a question's terms by repetition and rarity; terms that no chunk has are left out."""
    return {
        term: question_weight(n) * rarity(chunks, containing[term])
        for term, n in counts.items()
        if term in containing
    }
