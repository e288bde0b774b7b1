"""Cutting a text that is too long: its head and its tail stay, with a mark between. Pure."""

from __future__ import annotations

from collections.abc import Callable

from supportbot.model.excerpt import head_and_tail

#: No text has more characters a token than this; what is longer is cut before it is counted.
_MOST_CHARACTERS_PER_TOKEN = 8
#: No counter counts more for a character than this; what is shorter need not be counted.
_MOST_TOKENS_PER_CHARACTER = 6


def cut(text: str, most_tokens: int, count: Callable[[str], int]) -> str:
    """Return the text itself if it is no longer than that, else its head and tail."""
    if len(text) * _MOST_TOKENS_PER_CHARACTER <= most_tokens:
        return text
    keep = min(len(text), most_tokens * _MOST_CHARACTERS_PER_TOKEN)
    shown = head_and_tail(text, keep)
    while (tokens := count(shown)) > most_tokens and keep > 1:
        # Text is not even: aim a little below what the average says, until it fits.
        keep = keep * most_tokens * 9 // (tokens * 10)
        shown = head_and_tail(text, keep)
    return shown
