from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.channels.email.reading.html_text import html_to_text


def test_blocks_lists_links_and_tables_stay_readable() -> None:
    html = """<h1>Order</h1><p>Two  things&nbsp;&amp; more:</p><ul><li>one<li>two</ul>
    <ol><li>first</li><li>second</li></ol><table><tr><td>a</td><td>b</td></tr></table>
    <p>See <a href="https://x.example/a">the page</a>.<br>Bye</p>"""
    assert html_to_text(html) == (
        "Order\n\nTwo things & more:\n\n- one\n- two\n\n1. first\n2. second\n\na | b\n\n"
        "See the page <https://x.example/a>.\nBye"
    )


def test_lists_in_lists_are_indented() -> None:
    html = (
        "<p>See:</p><ol><li>one<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul></li>"
        "<li>two</li></ol><p>Bye</p>"
    )
    assert html_to_text(html) == "See:\n\n1. one\n  - a\n  - b\n    - c\n2. two\n\nBye"


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
        '<div style="position:absolute;left:-9999px">EVIL</div>',
        '<div style="text-indent:-9999px">EVIL</div>',
        '<span style="position:absolute;clip:rect(0,0,0,0)">EVIL</span>',
        '<div style="height:0;overflow:hidden">EVIL</div>',
        '<span style="font-size:1px">EVIL</span>',
        '<span style="font:0/0 a">EVIL</span>',
        '<div style="font-size:0"><span style="font-size:2em">EVIL</span></div>',
        '<span style="color:transparent">EVIL</span>',
        '<span style="color:rgba(0, 0, 0, 0)">EVIL</span>',
        '<font color="#FEFEFE">EVIL</font>',
        '<span style="color:rgb(255, 255, 255)">EVIL</span>',
        '<div style="background:#000"><b style="color:#000">EVIL</b></div>',
        '<td bgcolor="#112233" style="color:#112234">EVIL</td>',
        '<div style="background:#fff"><span style="color:WHITE !important">EVIL</span></div>',
        "<style>.pre, p.x { display : none }</style><span class='a pre'>EVIL</span>",
        "<style>#y{color:#fff}</style><span id=Y>EVIL</span>",
        '<span style="mso-hide:all">EVIL</span>',
        '<img src="x" alt="EVIL" hidden>',
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
        '<td style="font-size:0px"><div style="font-size:13px">text</div></td>',
        '<td background="night.png"><font color="white">text</font></td>',
        '<div style="background:url(x.png) #fff;color:#fff">text</div>',
        "<style>.dark{background:#222}</style><td class=dark><b style='color:#fff'>text</b></td>",
        "<style>@media (max-width:600px){.m{display:none}}</style><b class=m>text</b>",
        "<style>.a .b{display:none}</style><b class=b>text</b>",
        "<style>b{display:none}</style><b style='display:inline'>text</b>",
        '<div style="margin-left:-15px;color:#333;max-width:0">text</div>',
        '<span style="color:#fff;background:#c00">text</span>',
        '<div style="color:#fff"><span style="color:#000">text</span></div>',
        '<div style="font-size:1.0em">text</div>',
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
     "<td>aaaa</td>", '<a href="http://x"><p>', "<style", "<style>{", "<style>a{b:c}", "<style>@a{",
     "<p style='", "<p style='color:#fff;left:-9'>", "<i class='a b c d'>", "/*"],
)  # fmt: skip
def test_hostile_markup_takes_linear_time(unit: str, grows_linearly: Callable[..., None]) -> None:
    grows_linearly(lambda n: html_to_text(unit * n), 5_000)
    grows_linearly(lambda n: html_to_text(unit * n + ">"), 5_000)
    grows_linearly(lambda n: html_to_text("<style>" + unit * n), 5_000)


def test_five_thousand_nested_elements_lose_no_text() -> None:
    assert html_to_text("<div>" * 5_000 + "deep" + "</div>" * 5_000 + "after") == "deep\nafter"
