"""A text that is too long: its head and its tail stay, with a mark between. Pure."""

from __future__ import annotations


def head_and_tail(text: str, keep_chars: int) -> str:
    """Keep about so many characters, a third of them at the end; say what is left out between."""
    if keep_chars >= len(text):
        return text
    tail = keep_chars // 3
    mark = f"\n[... {len(text) - keep_chars} characters left out ...]\n"
    return text[: keep_chars - tail] + mark + (text[-tail:] if tail else "")
