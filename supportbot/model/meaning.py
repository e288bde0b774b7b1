"""Whether an edit changed what a message means, by a rule that can be told. Pure.

Case, punctuation, spacing and typing errors aside, words that are new or gone are counted. The
meaning changed where they are a tenth of the longer version, or where one of them is a number, a
name with a digit in it, or turns a sentence round.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from difflib import SequenceMatcher

#: In scripts without spaces each character counts as a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+(?:['.@/-]\w+)*")
#: One word in so many, new or gone, makes another question.
_SHARE = 10
#: Two words are this alike where one is a typing error of the other.
_ALIKE = 0.75
#: Beyond so many different words nobody has only mended typing errors.
_MOST_ERRORS = 20
_TURNS_ROUND = frozenset(
    {"no", "not", "never", "nothing", "none", "without", "cannot", "can't", "don't", "doesn't"}
    | {"didn't", "isn't", "won't", "nicht", "kein", "keine", "keinen", "nie", "ohne", "pas"}
    | {"non", "jamais", "sans", "nunca", "sin", "nao", "mai", "senza"}
)


def changes_meaning(before: str, after: str) -> bool:
    """Tell whether the second version asks for something else than the first."""
    old, new = Counter(_words(before)), Counter(_words(after))
    gone, come = _without_errors([*(old - new).elements()], [*(new - old).elements()])
    if any(word in _TURNS_ROUND or any(map(str.isdigit, word)) for word in (*gone, *come)):
        return True
    # A word that was replaced by another counts once.
    different = max(len(gone), len(come))
    return different > 0 and different * _SHARE >= max(old.total(), new.total())


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).replace("\u2019", "'").casefold()
    return _WORD.findall(folded)


def _without_errors(gone: list[str], come: list[str]) -> tuple[list[str], list[str]]:
    """Leave out pairs of words that are only spelt in two ways."""
    if max(len(gone), len(come)) > _MOST_ERRORS:
        return gone, come
    really_come = []
    for word in come:
        mistyped = next((other for other in gone if _alike(word, other)), None)
        if mistyped is None:
            really_come.append(word)
        else:
            gone.remove(mistyped)
    return gone, really_come


def _alike(one: str, other: str) -> bool:
    if any(map(str.isdigit, one + other)) or {one, other} & _TURNS_ROUND:
        return False
    return SequenceMatcher(None, one, other).ratio() >= _ALIKE
