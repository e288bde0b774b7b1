"""The sources of an answer as links, and no link to anywhere else. Pure.

An answer names its source by title or address. Either becomes a link to the passage; where the
title stands there in other letters only, a line with the link is added. An address that stands
neither in a passage nor in the policy, a tool's result or an earlier answer was made up, or slipped
in by a customer: it is shown as code, and leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll

from supportbot.model.completion import Passage, Prompt
from supportbot.model.markdown import inert
from supportbot.model.message import Role
from supportbot.policy.base import Answer
from supportbot.policy.phrases import found_phrase, plain

#: As channels read an answer; HTML is text.
_READER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
#: Code within a paragraph; what is escaped, an address in `<>` and ticks without end begin none.
_CODE = re.compile(
    r"""\\[!-/:-@\[-`{-~] | <[a-z][a-z0-9+.-]{1,31}:[^\s<>]*>
    | (?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)) | `+""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
#: What leads somewhere in Markdown, the first that fits: a link with a plain label, the end of one
#: with any other, and an address, in `<>` or bare.
_PIECE = re.compile(
    r"""
    (?P<link> !?\[(?P<label>[^\[\]\n]*)\]
        \(\s*<?(?P<target>[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+["'][^"'\n]*["'])?\s*\) )
    | (?P<end> (?<!\\)(?P<slashes>\\*)\]\(
        (?:<(?P<angled>[^<>\n]*)> | (?P<to>[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*))? )
    | <(?P<auto>[a-z][a-z0-9+.-]{1,31}:[^\s<>]+)>
    | (?P<bare>https?://[^\s<>`\[\]|\\"]+)
    """,
    re.VERBOSE | re.IGNORECASE,
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
    taken = [piece.span() for piece in _pieces(text)] + _code(text)
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
        if found["link"]:
            return found[0] if _is_known(found["target"], known) else _inert(found)
        if found["end"]:
            return found[0] if _is_known(_to(found), known) else _cut(found)
        if found["auto"]:
            return _address(found["auto"], named, known, found[0])
        bare = _end(found["bare"])
        return _address(bare, named, known, bare) + found["bare"][len(bare) :]

    said, looked_at = [], 0
    for piece in _pieces(text):
        said += [text[looked_at : piece.start()], instead(piece)]
        looked_at = piece.end()
    shown = "".join([*said, text[looked_at:]])
    # However it is written: what leads elsewhere still is shown letter by letter.
    read = {_READER.normalizeLink(one) for one in known}
    return shown if all(_name(one) in read for one in _led_to(shown)) else inert(shown)


def _pieces(text: str) -> Iterator[re.Match[str]]:
    """Yield what leads somewhere, outside of code."""
    looked_at = 0
    for start, end in [*_code(text), (len(text), len(text))]:
        yield from _PIECE.finditer(text, looked_at, start)
        looked_at = max(looked_at, end)


def _code(text: str) -> list[tuple[int, int]]:
    """Return where code stands in a text, in order: blocks of it, and what is set within words."""
    if "`" not in text and "~~~" not in text and "    " not in text and "\t" not in text:
        return []
    lines = [0, *(found.end() for found in re.finditer(r"\r\n?|\n", text)), len(text)]
    spans = []
    for token in _READER.parse(text):
        if token.map is None:
            continue
        start, end = lines[token.map[0]], lines[min(token.map[1], len(lines) - 1)]
        if token.type in {"fence", "code_block"}:
            spans.append((start, end))
        elif token.type == "inline":
            found = _CODE.finditer(text, start, end)
            spans += [one.span() for one in found if one["code"]]
    return sorted(spans)


def _led_to(text: str) -> Iterator[str]:
    """Yield the addresses that a reader of Markdown makes links, or pictures, of."""
    for block in _READER.parse(text):
        for token in block.children or ():
            if token.type in {"link_open", "image"}:
                yield str(token.attrs.get("href") or token.attrs.get("src") or "")


def _is_known(target: str, known: frozenset[str]) -> bool:
    return _name(unescapeAll(target)) in known


def _to(found: re.Match[str]) -> str:
    return found["angled"] or found["to"] or ""


def _cut(found: re.Match[str]) -> str:
    """Return the end of a link so that it ends none; behind a backslash it does not anyway."""
    slashes, target = found["slashes"], _to(found)
    bracket = f"{slashes}]" if len(slashes) % 2 else f"{slashes}\\]"
    return f"{bracket} (`{target}`" if target else f"{bracket}("


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
    found = (one["target"] or _to(one) or one["auto"] or one["bare"] for one in _pieces(text))
    return {_name(unescapeAll(_end(one))) for one in found if one}


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
    return "://" in text or "](" in text or "]:" in text or "<mailto:" in text.lower()


def _is_web(url: str | None) -> bool:
    return (url or "").startswith(("https://", "http://"))


def _name(url: str | None) -> str:
    """Return an address as it is compared: without the place in its page and a last slash."""
    return (url or "").partition("#")[0].rstrip("/")
