"""From text to index terms: words, lower case, stemmed.

Documents are indexed with every word; a question leaves out the words of the stop list, unless it
has no others, so that "what is it" still finds something.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]  # ships no types

from supportbot.errors import KnowledgeError

#: The width of the term column; a longer "word" is encoded data and compares by its beginning.
MAX_TERM_CHARS = 128

#: Words that cost time in a question and find nothing (measured: quality is the same).
_STOP_WORDS = {
    "english": "a an and are as at be but by can did do does for from had has have how i if in is"
    " it its me my no not of on or our so that the their them then there these they this to was we"
    " were what when where which who why will with would you your",
}
_STEMS_KEPT = 20_000
_WORD = re.compile(r"\w+")


class Analyzer:
    """Turns text into terms by the rules of one language. Not for two threads at once."""

    def __init__(self, language: str = "english") -> None:
        if language not in snowballstemmer.algorithms():
            known = ", ".join(snowballstemmer.algorithms())
            raise KnowledgeError(f"language {language!r} is not known; use one of {known}")
        self._stop_words = frozenset(_STOP_WORDS.get(language, "").split())
        self._stem = lru_cache(_STEMS_KEPT)(snowballstemmer.stemmer(language).stemWord)

    def count(self, text: str) -> Counter[str]:
        """Count each term of a document's text."""
        return self._stemmed(_words(text))

    def count_question(self, text: str) -> Counter[str]:
        """Count each term of a question that is worth looking for."""
        words = _words(text)
        telling = Counter({word: n for word, n in words.items() if word not in self._stop_words})
        return self._stemmed(telling or words)

    def _stemmed(self, words: Counter[str]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for word, n in words.items():
            counts[self._stem(word)] += n
        return counts


def _words(text: str) -> Counter[str]:
    # NFC, because an accent that is a character of its own would cut the word.
    plain = unicodedata.normalize("NFC", text).lower()
    return Counter(word[:MAX_TERM_CHARS] for word in _WORD.findall(plain))
