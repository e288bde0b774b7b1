from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.dashboard.markdown import to_html


def test_usual_markup_is_rendered() -> None:
    html = to_html("# Title\n\n1. **a**\n2. `b`\n\n| x |\n| - |\n| y |\n\n[l](https://a.test)")
    assert "<h4>Title</h4>" in html
    assert "<strong>a</strong>" in html
    assert "<td>y</td>" in html
    assert '<a href="https://a.test" rel="noopener noreferrer nofollow">l</a>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "![x](https://evil.test/pixel.png)",
        '<a href="https://a.test" style="position:fixed">x</a>',
        '```"><script>alert(1)</script>\nx\n```',
    ],
)
def test_nothing_active_gets_through(text: str) -> None:
    html = to_html(text)
    for active in ("<script", "<img", "<iframe", 'javascript:alert(1)"', 'href="data:', "<a style"):
        assert active not in html


@given(st.text(alphabet="<>a\"'=&;/ \n`*_[]()!#:javscript", max_size=60))
def test_only_allowed_elements_come_out(text: str) -> None:
    html = to_html(text)
    assert "<script" not in html
    assert "<img" not in html
