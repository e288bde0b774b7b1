"""The sources of an answer as links, and no link to anywhere else. Pure.

An answer names its source by title or address. Either becomes a link to the passage; where the
title stands there in other letters only, a line with the link is added. An address that stands
neither in a passage nor in the policy, a tool's result or an earlier answer was made up, or slipped
in by a customer: it is shown as code, and leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from supportbot.model.completion import Passage, Prompt
from supportbot.model.message import Role
from supportbot.policy.base import Answer
from supportbot.policy.phrases import found_phrase, plain

#: What is looked at in Markdown, the first that fits: code is left alone.
_PIECE = re.compile(
    r"""
    (?P<code> ^[ \t>]*(?P<fence>`{3,}|~{3,}).*?(?:^[ \t>]*(?P=fence)|\Z)
            | (?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`) )
    | (?P<link> !?\[(?P<label>[^\[\]\n]*)\]
        \(\s*<?(?P<target>[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+["'][^"'\n]*["'])?\s*\) )
    | <(?P<auto>(?:https?|mailto):[^\s<>]+)>
    | (?P<bare>https?://[^\s<>`\[\]|\\"]+)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_ADDRESS = re.compile(r"""https?://[^\s<>`\[\]|\\"']+""", re.IGNORECASE)
_MAILBOX = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
#: What ends a sentence, or emphasis, and not an address.
_BEHIND = ".,;:!?'*_~"
_MOST_SOURCES = 5


def with_sources(text: str, answer: Answer) -> str:
    """Return what a model said under review, with its sources as links.

    Where a title holds a phrase that must never be said, no title is added.
    """
    prompt = answer.prompt
    passages = [one for one in prompt.passages if _is_web(one.url)]
    named = _with_links(_only_known(text, passages, prompt), passages)
    if found_phrase(named, answer.policy.never):
        return _only_known(text, (), prompt)
    return named


def link(passage: Passage) -> str:
    """Write a passage's title as a link to it, in Markdown."""
    title = re.sub(r"([\[\]\\*_`<>])", r"\\\1", _title(passage))
    # Round brackets and spaces would end an address that stands bare.
    odd = any(character in (passage.url or "") for character in "() ")
    return f"[{title or passage.url}]({f'<{passage.url}>' if odd else passage.url})"


def _with_links(text: str, passages: Sequence[Passage]) -> str:
    """Link to the passages whose titles are named: where they stand, else in a line below."""
    led = _links(text)
    missing = [one for one in _named(text, passages) if _name(one.url) not in led]
    for passage in missing[:_MOST_SOURCES]:
        text = _in_place(text, passage)
    led = _links(text) if missing else led
    missing = [one for one in missing[:_MOST_SOURCES] if _name(one.url) not in led]
    return f"{text.rstrip()}\n\n{_line(missing)}" if missing else text


def _line(passages: Sequence[Passage]) -> str:
    return f"Source{'s' if len(passages) > 1 else ''}: " + ", ".join(map(link, passages))


def _title(passage: Passage) -> str:
    return " ".join(passage.title.split())


def _named(text: str, passages: Iterable[Passage]) -> Iterator[Passage]:
    """Yield the passages whose titles stand in a text as whole words, each address once."""
    said, seen = plain(text), set()
    for passage in passages:
        name = _name(passage.url)
        if name not in seen and _whole(plain(passage.title)).search(said):
            seen.add(name)
            yield passage


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)" if words else r"(?!)")


def _in_place(text: str, passage: Passage) -> str:
    """Make a link of a title where it stands last, letter by letter, outside of code and links."""
    taken = [piece.span() for piece in _PIECE.finditer(text)]
    for found in reversed(list(_whole(_title(passage)).finditer(text))):
        start, end = found.span()
        if not any(start < last and first < end for first, last in taken):
            return text[:start] + link(passage) + text[end:]
    return text


def _only_known(text: str, passages: Sequence[Passage], prompt: Prompt) -> str:
    """Make links of the addresses of passages, and code of addresses that nobody gave us."""
    if not _may_lead(text):
        return text
    named = {_name(one.url): one for one in reversed(passages)}
    known = frozenset(_known(prompt))

    def instead(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        if found["link"]:
            return found[0] if _name(found["target"]) in known else _inert(found)
        if found["auto"]:
            return _address(found["auto"], named, known, found[0])
        bare = _end(found["bare"])
        return _address(bare, named, known, bare) + found["bare"][len(bare) :]

    return _PIECE.sub(instead, text)


def _address(address: str, named: Mapping[str, Passage], known: frozenset[str], as_is: str) -> str:
    if (passage := named.get(_name(address))) is not None:
        return link(passage)
    return as_is if _name(address) in known else f"`{address}`"


def _inert(found: re.Match[str]) -> str:
    label, target = found["label"].strip(), found["target"]
    return f"`{target}`" if label in {"", target} else f"{label} (`{target}`)"


def _end(address: str) -> str:
    """Return an address without what only stands behind it in a sentence."""
    while address and (
        address[-1] in _BEHIND or (address[-1] == ")" and address.count(")") > address.count("("))
    ):
        address = address[:-1]
    return address


def _links(text: str) -> set[str]:
    """Name the addresses in a text that lead somewhere."""
    found = (match for match in _PIECE.finditer(text) if not match["code"])
    return {_name(one["target"] or one["auto"] or _end(one["bare"])) for one in found}


def _known(prompt: Prompt) -> Iterator[str]:
    """Name the addresses that may be linked to: ours, our passages', our tools', our answers'.

    What we said before counts only where it was a link: as code it was not ours.
    """
    for passage in prompt.passages:
        yield _name(passage.url)
        yield from _addresses(passage.text)
    for message in prompt.messages:
        if message.role is Role.ASSISTANT:
            yield from _links(message.content) if _may_lead(message.content) else ()
        elif message.role is not Role.USER:
            yield from _addresses(message.content)


def _addresses(text: str) -> Iterator[str]:
    """Name all addresses in a text of ours, wherever they stand."""
    if "://" in text:
        yield from (_name(_end(found)) for found in _ADDRESS.findall(text))
    if "@" in text:
        yield from (f"mailto:{found}" for found in _MAILBOX.findall(text))


def _may_lead(text: str) -> bool:
    return "://" in text or "](" in text or "<mailto:" in text.lower()


def _is_web(url: str | None) -> bool:
    return (url or "").startswith(("https://", "http://"))


def _name(url: str | None) -> str:
    """Return an address as it is compared: without the place in its page and a last slash."""
    return (url or "").partition("#")[0].rstrip("/")
