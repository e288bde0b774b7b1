"""Short phrases of many languages, written down as a table and found in a whole message.

A phrase is a row of words: `a|b` is one of them, `[a]` may be missing, `_` stands for a space
within a word, `{who}` for what stands under that name, where ` / ` divides whole phrases. Case,
accents and punctuation do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

#: No phrase is longer.
_MOST_CHARS = 150
#: Letters that many keyboards do not have: dotless i, l and o with a stroke, an apostrophe.
_ALIKE = str.maketrans("\u0131\u0142\u00f8\u02bc", "ilo'")


@dataclass(frozen=True, slots=True)
class Said:
    """A message, as it is looked for in the table."""

    #: Without case, accents and punctuation.
    words: tuple[str, ...]
    is_question: bool

    @classmethod
    def of(cls, text: str) -> Said:
        """Read a message; what is too long to be a phrase has no words."""
        short = text if len(text) <= _MOST_CHARS else ""
        return cls(tuple(_plain(short)), "?" in unicodedata.normalize("NFKC", short))


@dataclass(frozen=True)
class Language:
    """What is said in one language; nothing but `hello` and `please` may stand around it."""

    name: str
    #: Not meant where a question mark makes a question of them ("do I need a person?").
    says: tuple[str, ...]
    #: Meant in the form of a question.
    asks: tuple[str, ...]
    hello: str
    please: str
    #: What `{...}` stands for.
    parts: Mapping[str, str]
    #: False: written without spaces.
    spaced: bool = True

    def has(self, said: Said) -> bool:
        """Tell whether a message is one of the phrases, and nothing else."""
        row = self._joined(said.words)
        # Patterns are long: none is made before somebody says something in their language.
        if not row or not self._known.issuperset(said.words if self.spaced else row):
            return False
        pattern = self._asked if said.is_question else self._said
        return pattern.fullmatch(row) is not None

    @cached_property
    def _known(self) -> frozenset[str]:
        """All words of the table, or all letters where words are not divided."""
        rows = (*self.says, *self.asks, self.hello, self.please, *self.parts.values())
        words = _plain(" ".join(rows))
        return frozenset(words if self.spaced else "".join(words))

    @cached_property
    def _said(self) -> re.Pattern[str]:
        return self._one_of(self.says + self.asks)

    @cached_property
    def _asked(self) -> re.Pattern[str]:
        return self._one_of(self.asks)

    def _one_of(self, phrases: tuple[str, ...]) -> re.Pattern[str]:
        hello, please = self._word(self.hello), self._word(self.please)
        said = "|".join(map(self._row, phrases))
        return re.compile(f"(?:{hello}){{0,2}}(?:{said})(?:{please}){{0,2}}")

    def _row(self, phrase: str) -> str:
        return "".join(map(self._word, phrase.split()))

    def _word(self, word: str) -> str:
        if word.startswith("["):
            return f"(?:{self._word(word[1:-1])})?"
        if word.startswith("{"):
            rows = self.parts[word[1:-1]].split(" / ")
            return f"(?:{'|'.join(map(self._row, rows))})"
        one_of = (self._joined(_plain(one.replace("_", " "))) for one in word.split("|"))
        return f"(?:{'|'.join(map(re.escape, one_of))})"

    def _joined(self, words: Sequence[str]) -> str:
        return "".join(f"{word} " if self.spaced else word for word in words)


def _plain(text: str) -> list[str]:
    """Return the words of a text without case, accents and punctuation."""
    letters = unicodedata.normalize("NFKD", text.casefold()).translate(_ALIKE)
    bare = (letter for letter in letters if not unicodedata.combining(letter))
    return "".join(letter if letter.isalnum() else " " for letter in bare).split()
