"""Markdown where it is not rendered. Pure."""

from __future__ import annotations

import re

#: A link; round brackets within its address are balanced, or it stands in `<>`.
_LINK = re.compile(
    r"(?<!\\)\[(?P<label>(?:\\.|[^\[\]\\\n])+)\]"
    r"\((?:<(?P<angled>https?://[^\s<>]+)>"
    r"|(?P<bare>https?://[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*))\)"
)


#: What makes links, emphasis, code and HTML of words; a name must not end the emphasis around it.
_POWER = re.compile(r"([\\\[<`*_])")


def inert(text: str) -> str:
    """Keep somebody's words from becoming a link whose text hides where it leads, or any markup."""
    return _POWER.sub(r"\\\1", text)


def with_links_spelled_out(markdown: str, address: str) -> str:
    """Write links as their words and their address, such as `Plans (https://...)`.

    `address` is how the address is written behind the words, such as `({})`; empty: not at all.
    Where the words are the address itself, it stands there once and bare.
    """

    def spelled_out(link: re.Match[str]) -> str:
        label = re.sub(r"\\(\W)", r"\1", link["label"])
        url = link["angled"] or link["bare"]
        return url if label == url else f"{label} {address.format(url)}"

    return _LINK.sub(spelled_out, markdown)
