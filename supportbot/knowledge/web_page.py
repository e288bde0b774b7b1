"""Reading an HTML article: what a visitor would see, as Markdown-like text.

Scripts, styles, comments and hidden nodes are dropped; headings, list items and preformatted text
keep their form. Elements that were never closed are closed where the next one implies it, as
https://html.spec.whatwg.org/multipage/syntax.html#optional-tags says.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from supportbot.knowledge.document import Article
from supportbot.knowledge.markdown import titled

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_UNSEEN_NAMES = (
    "script style template noscript svg math iframe object canvas audio video title select"
)
_UNSEEN = frozenset(_UNSEEN_NAMES.split())
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_BLOCK_NAMES = (
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody"
    " tfoot thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
#: A start tag closes the nearest of the first set, looking outwards up to one of the second.
_IMPLIED_ENDS = {
    "li": ({"li"}, {"ul", "ol"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "tr": ({"tr"}, {"table"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
}
_INVISIBLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?![.\d]*[1-9])",
    re.IGNORECASE,
)


def read_web_page(text: str) -> Article:
    """Read one page; its title is the first heading, else the `<title>` element. Pure."""
    page = _Page()
    page.feed(text)
    page.close()
    found = titled(page.text())
    return Article(found.text, found.title or " ".join(page.title.split()) or None)


class _Page(HTMLParser):
    """Collects visible text block by block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        #: Open elements from the outside in, each with whether it hides what is inside.
        self._open: list[tuple[str, bool]] = []
        self._blocks: list[str] = []
        self._line: list[str] = []
        self._prefix = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._imply_ends(tag)
        if tag == "br":
            self._line.append("\n")
        elif tag in _BLOCKS:
            self._flush()
            self._prefix = "- " if tag == "li" else _HEADINGS.get(tag, self._prefix)
        if tag not in _VOID:
            given = dict(attrs)
            hides = "hidden" in given or bool(_INVISIBLE.search(given.get("style") or ""))
            self._open.append((tag, hides or tag in _UNSEEN))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open_tags():
            return
        while self._open[-1][0] != tag:
            self._close_last()
        self._close_last()

    def handle_data(self, data: str) -> None:
        tags = self._open_tags()
        if tags and tags[-1] == "title" and "svg" not in tags:
            self.title += data
        if any(hides for _, hides in self._open):
            return
        self._line.append(data if "pre" in tags else data.replace("\n", " "))

    def text(self) -> str:
        """Return what was collected."""
        self._flush()
        joined = "\n\n".join(self._blocks)
        return re.sub(r"^(- .*)\n\n(?=- )", r"\1\n", joined, flags=re.MULTILINE)

    def _open_tags(self) -> list[str]:
        return [tag for tag, _ in self._open]

    def _imply_ends(self, tag: str) -> None:
        closes, boundary = _IMPLIED_ENDS.get(tag, ({"p"}, _BLOCKS - {"p"}))
        if tag not in _IMPLIED_ENDS and tag not in _BLOCKS:
            return
        for name in reversed(self._open_tags()):
            if name in closes:
                self.handle_endtag(name)
                return
            if name in boundary:
                return

    def _close_last(self) -> None:
        tag, _ = self._open[-1]
        if tag == "pre":
            self._flush_preformatted()
        elif tag in _BLOCKS:
            self._flush()
            self._prefix = ""
        elif tag in ("td", "th"):
            self._line.append(" ")
        self._open.pop()

    def _flush(self) -> None:
        lines = (" ".join(line.split()) for line in "".join(self._line).split("\n"))
        text = "\n".join(line for line in lines if line)
        self._line.clear()
        if text:
            self._blocks.append(self._prefix + text)
            self._prefix = ""

    def _flush_preformatted(self) -> None:
        text = "".join(self._line).strip("\n")
        self._line.clear()
        if text.strip():
            self._blocks.append(f"```\n{text}\n```")
