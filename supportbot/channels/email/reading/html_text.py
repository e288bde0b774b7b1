"""HTML to the text that a reader would see: hidden nodes dropped, quotes marked with `> `.

What a reader can't see must not reach the model (white on white, `display:none`, size 0): it is
the usual place for text that is meant for machines only.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final, NamedTuple

from supportbot.channels.email.reading.html_quotes import is_header_block, is_quote
from supportbot.channels.email.reading.html_style import Look, StyleSheet, look, style_sheet

#: Comments, declarations and whole invisible elements go first, by expressions that never look
#: back: the library's parser searches for the end of each of them again and again.
_INVISIBLE: Final = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|title|template|noscript|svg|head)\b[^>]{0,2000}>.*?"
    r"(?:</\1\b[^>]{0,200}>?|\Z)"
    r"|<[!?][^>]*(?:>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_VOID: Final = frozenset(
    {
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    }
)
_BLOCKS: Final = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    }
)
_APART: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"}
)
#: Elements that a second one of their kind closes.
_IMPLIED_END: Final = frozenset({"p", "li", "td", "th", "tr", "dt", "dd", "option"})
_MAX_OPEN: Final = 10_000
_MAX_KNOWN: Final = 2_000
_MAX_INDENT: Final = 12
_LISTS: Final = frozenset({"ul", "ol"})
#: Links within links are no HTML; a few are borne.
_MAX_LINKS: Final = 4
_STYLES: Final = re.compile(
    r"<style\b[^>]{0,2000}>(.*?)(?:</style\b|\Z)", re.DOTALL | re.IGNORECASE
)
#: Stands above the headers of an old mail, as it does where such a client writes plain text.
_DRAWN: Final = "_" * 32
_SPACE: Final = re.compile(r"[ \t\r\n\f\xa0\u200b\u200c\ufeff]+")


def html_to_text(html: str, max_chars: int = 500_000) -> str:
    """Turn HTML into plain text with lists, links and quote marks; linear in its length."""
    visible = _INVISIBLE.sub(" ", html[:max_chars])
    walker = _Walker(style_sheet("\n".join(_STYLES.findall(html[:max_chars]))))
    walker.feed(visible[: visible.rfind(">") + 1])
    walker.close()
    walker.handle_data(visible[visible.rfind(">") + 1 :])
    return walker.text()


class _Shown(NamedTuple):
    """What an element is for a reader: how it looks, and whether it holds or heads old words."""

    look: Look
    quote: bool
    headers: bool


class _Element(NamedTuple):
    """An open element."""

    tag: str
    shown: _Shown


class _Walker(HTMLParser):
    """Collects lines; a line knows how deeply it is quoted."""

    def __init__(self, sheet: StyleSheet) -> None:
        super().__init__(convert_charrefs=True)
        self._sheet = sheet
        self._lines: list[tuple[int, str]] = []
        self._line: list[str] = []
        self._said = False
        self._open: list[_Element] = []
        self._look = Look()
        self._known: dict[tuple[str, tuple[tuple[str, str | None], ...], Look], _Shown] = {}
        self._quotes = 0
        self._pre = 0
        self._indent = 0
        self._counters: list[int | None] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in reversed(attrs)}
        if tag in _IMPLIED_END and self._open and self._open[-1].tag == tag:
            self.handle_endtag(tag)
        shown = self._shown(tag, tuple(attrs), facts)
        if tag == "br":
            self._break(apart=not self._said)
        elif tag in _BLOCKS:
            self._break(apart=tag in _APART and not (tag in _LISTS and self._counters))
        if tag not in _VOID and len(self._open) < _MAX_OPEN:
            self._look = shown.look
            self._open.append(_Element(tag, shown))
            self._open_quote(shown)
        if not shown.look.hidden:
            self._enter(tag, facts)

    def handle_endtag(self, tag: str) -> None:
        if not any(element.tag == tag for element in self._open[-50:]):
            return
        while self._open:
            element = self._open.pop()
            if not element.shown.look.hidden:
                self._leave(element.tag)
            self._look = self._open[-1].shown.look if self._open else Look()
            if element.shown.quote:
                self._break(apart=True)
                self._quotes -= 1
            if element.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._look.unseen and data.strip():
            return
        if self._pre:
            head, *rest = data.split("\n")
            self._add(head)
            for line in rest:
                self._break(apart=not self._said)
                self._add(line)
        else:
            self._add(_SPACE.sub(" ", data))

    def text(self) -> str:
        """Join the lines; blank ones at most one at a time."""
        self._break()
        out: list[str] = []
        apart, before = False, 0
        for quotes, line in self._lines:
            if line and apart and out:
                out.append("> " * min(before, quotes))
            if line:
                out.append(f"{'> ' * quotes}{line}")
                before = quotes
            apart = not line
        return "\n".join(line.rstrip() for line in out)

    def _shown(
        self, tag: str, attrs: tuple[tuple[str, str | None], ...], facts: dict[str, str]
    ) -> _Shown:
        """Judge an element; mails say the same of thousands of them."""
        key = (tag, attrs, self._look)
        known = self._known.get(key)
        if known is None:
            shown = look(tag, facts, self._look, self._sheet)
            known = _Shown(shown, is_quote(tag, facts), is_header_block(facts))
            if len(self._known) < _MAX_KNOWN:
                self._known[key] = known
        return known

    def _open_quote(self, shown: _Shown) -> None:
        if shown.quote:
            self._break(apart=True)
            self._quotes += 1
        elif shown.headers and not self._quotes:
            self._break(apart=True)
            self._add(_DRAWN)
            self._break()

    def _enter(self, tag: str, facts: dict[str, str]) -> None:
        match tag:
            case "pre":
                self._pre += 1
            case "ul" | "ol":
                self._counters.append(0 if tag == "ol" else None)
            case "li":
                self._indent = 2 * max(0, len(self._counters) - 1)
                self._add(self._bullet())
            case "td" | "th" if self._said:
                self._add(" | ")
            case "a" if len(self._links) < _MAX_LINKS:
                self._links.append((facts.get("href", ""), len(self._line)))
            case "img" if facts.get("alt", "").strip():
                self._add(f"[{facts['alt'].strip()}]")

    def _leave(self, tag: str) -> None:
        if tag in _BLOCKS:
            # Around a list in a list there is no blank line.
            inner = tag in _LISTS and len(self._counters) > 1
            self._break(apart=tag in _APART and not inner)
        match tag:
            case "pre":
                self._pre = max(0, self._pre - 1)
            case "ul" | "ol" if self._counters:
                self._counters.pop()
            case "a" if self._links:
                href, start = self._links.pop()
                label = "".join(self._line[start:]).strip()
                if href.startswith(("http://", "https://")) and href.rstrip("/") not in label:
                    self._add(f" <{href}>")

    def _add(self, text: str) -> None:
        self._line.append(text)
        self._said = self._said or bool(text.strip())

    def _bullet(self) -> str:
        if not self._counters or self._counters[-1] is None:
            return "- "
        self._counters[-1] += 1
        return f"{self._counters[-1]}. "

    def _break(self, *, apart: bool = False) -> None:
        line = "".join(self._line)
        self._line = []
        self._said = False
        self._links = [(href, 0) for href, _ in self._links]
        line = line.rstrip() if self._pre else _SPACE.sub(" ", line).strip()
        if line:
            indent = " " * min(self._indent, _MAX_INDENT)
            self._lines.append((min(self._quotes, 20), f"{indent}{line}"))
            self._indent = 0
        if apart:
            self._lines.append((min(self._quotes, 20), ""))
