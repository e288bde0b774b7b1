"""Asking for a person in so many words: recognised without a model, whichever one answers."""

from __future__ import annotations

import re

from supportbot.model.phrases import Said
from supportbot.model.wish_phrases import LANGUAGES

_MOST_WORDS = 15


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PERSONS = _words(
    "human humans person people someone somebody agent representative operator colleague employee "
    "staff rep"
)
_WISHES = _words(
    "talk talking speak speaking chat want wanna need like please connect transfer escalate get "
    "give put pass prefer rather let can could"
)
#: What may stand around them. Any other word makes it a question of its own, for the model.
_AROUND = _words(
    "a an the to with from of for your you me us i i'd i'm we we'd would and or but hi hello hey "
    "ok okay now instead just really actual actually real live another some any one no not bot "
    "robot machine is there be am directly right away sorry thanks thank dear support team "
    "service in through over on here this may might do"
)
#: With these alone, a person that is named is a wish too.
_BARE = _words("a an real live actual human")
#: Whom one may not want, or want no longer, and still wish for a person.
_UNWANTED = _words("bot robot machine you this")
_ARTICLES = _words("a an the another some any real actual")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


def wants_person(text: str) -> bool:
    """Tell whether a message asks for a person and for nothing else.

    Strict, because nothing is answered then: "How do I add a person?" is a question, "a human,
    please" is a wish. In other languages than English, only what `wish_phrases` has is one.
    """
    if _in_english(text):
        return True
    said = Said.of(text)
    return any(language.has(said) for language in LANGUAGES)


def _in_english(text: str) -> bool:
    words = [word.replace("\u2019", "'") for word in _WORD.findall(text.casefold())]
    known = set(words)
    if len(words) > _MOST_WORDS or not known & _PERSONS:
        return False
    if known - (_PERSONS | _WISHES | _AROUND):
        return False
    if _refuses(words):
        return False
    return bool(known & _WISHES) or known <= _PERSONS | _BARE


def _refuses(words: list[str]) -> bool:
    """Tell whether a wish is denied: "not a bot" and "no, a human" are none of it."""
    for place, word in enumerate(words):
        rest = (one for one in words[place + 1 :] if one not in _ARTICLES)
        follows = next(rest, "")
        if word == "not" and follows not in _UNWANTED:
            return True
        if word == "no" and words[place + 1 : place + 2] == [follows] and follows in _PERSONS:
            return True
    return False
