"""Markdown of our own replies as safe HTML. What customers write is never rendered, only shown."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

#: Below the headings of the page, so that a reply can't pretend to be a part of it.
_HEADING = "h4"
_TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "a", "blockquote", "hr",
    "table", "thead", "tbody", "tr", "th", "td", _HEADING,
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


#: No raw HTML and no images: a picture would tell a stranger's server who reads the ticket.
_PARSER = (
    MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
)


def to_html(text: str) -> Markup:
    """Render Markdown. Pure; raw HTML in it comes out as text, unsafe links as words."""
    tokens = _PARSER.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = _HEADING
    rendered = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 - cleaned right above, by an allow-list
