from __future__ import annotations

import pytest

from supportbot.channels.web.html import to_html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**b** and `c`", "<p><strong>b</strong> and <code>c</code></p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>\n"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


def test_link_opens_elsewhere_and_tells_nothing() -> None:
    html = to_html("[x](https://example.com/?a=1&b=2)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html
    assert 'href="https://example.com/?a=1&amp;b=2"' in html


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_link_that_runs_something_loses_its_address(url: str) -> None:
    assert "href" not in to_html(f"[x]({url})")


def test_picture_is_never_loaded() -> None:
    assert "<img" not in to_html("![x](https://example.com/pixel.png)")
