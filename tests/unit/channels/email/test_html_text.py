from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.channels.email.html_text import html_to_text


def test_blocks_lists_links_and_tables_stay_readable() -> None:
    html = """<h1>Order</h1><p>Two  things&nbsp;&amp; more:</p><ul><li>one<li>two</ul>
    <ol><li>first</li><li>second</li></ol><table><tr><td>a</td><td>b</td></tr></table>
    <p>See <a href="https://x.example/a">the page</a>.<br>Bye</p>"""
    assert html_to_text(html) == (
        "Order\n\nTwo things & more:\n\n- one\n- two\n\n1. first\n2. second\n\na | b\n\n"
        "See the page <https://x.example/a>.\nBye"
    )


def test_quotes_are_marked_by_depth() -> None:
    html = "<p>New</p><blockquote>old<blockquote>older</blockquote></blockquote>"
    assert html_to_text(html) == "New\n\n> old\n>\n> > older"


def test_preformatted_text_keeps_its_lines() -> None:
    assert html_to_text("<pre>a\n  b</pre>") == "a\n  b"


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">EVIL</div>',
        '<div style="DISPLAY : none !important">EVIL</div>',
        '<span style="font-size:0">EVIL</span>',
        '<span style="font-size:0px;">EVIL</span>',
        '<span style="color:#ffffff">EVIL</span>',
        '<span style="color: white">EVIL</span>',
        '<span style="opacity:0">EVIL</span>',
        '<span style="visibility:hidden">EVIL</span>',
        '<div style="max-height:0;overflow:hidden">EVIL</div>',
        "<p hidden>EVIL</p>",
        "<style>.x{content:'EVIL'}</style>",
        "<script>EVIL</script>",
        "<!-- EVIL -->",
        "<title>EVIL</title>",
        "<template>EVIL</template>",
        '<div style="display:none"><p>EVIL<p>EVIL<b>EVIL</div>',
    ],
)
def test_what_a_reader_cannot_see_is_dropped(hidden: str) -> None:
    assert html_to_text(f"<p>seen</p>{hidden}<p>too</p>").split() == ["seen", "too"]


@pytest.mark.parametrize(
    "shown",
    [
        '<div style="background:#000"><span style="color:#fff">text</span></div>',
        '<td bgcolor="navy"><font style="color:white">text</font></td>',
        '<span style="font-size:0.9em">text</span>',
        '<span style="background-color:#fff">text</span>',
        '<span style="opacity:0.8">text</span>',
    ],
)
def test_what_a_reader_can_see_stays(shown: str) -> None:
    assert html_to_text(shown) == "text"


def test_unclosed_and_broken_markup_loses_no_text() -> None:
    assert (
        html_to_text("<p>one<p>two<b>three</p></i> four < five") == "one\n\ntwothree\n\nfour < five"
    )


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<!--", "<!", "<?", "</", "<a ", "<![CDATA[", "<script>", "&#", "<p", "<b x='", "bq",
     "</p>", "<li>", "<blockquote>", "-->", "<script></", '<a href="x">',
     "<td>aaaa</td>", '<a href="http://x"><p>'],
)  # fmt: skip
def test_hostile_markup_takes_linear_time(unit: str, grows_linearly: Callable[..., None]) -> None:
    grows_linearly(lambda n: html_to_text(unit * n), 5_000)
    grows_linearly(lambda n: html_to_text(unit * n + ">"), 5_000)
