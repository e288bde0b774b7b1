from __future__ import annotations

import pytest

from supportbot.knowledge.web_page import read_web_page


def test_the_heading_is_the_title_before_the_title_element() -> None:
    page = "<html><head><title>Site | Refunds</title></head><body><h1>Refunds</h1><p>Yes.</p>"
    assert (read_web_page(page).title, read_web_page(page).text) == ("Refunds", "Yes.")
    assert read_web_page("<title>Site\n | Refunds</title><p>Yes.").title == "Site | Refunds"
    assert read_web_page("<p>Yes.").title is None


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>no()</script>",
        "<style>p{no:1}</style>",
        "<!-- no -->",
        "<template><p>no</p></template>",
        "<div hidden>no <b>no</b></div>",
        "<p style='color:red; display : none'>no",
        "<span style='visibility:hidden'>no</span>",
        "<span style='font-size:0px'>no</span>",
        "<span style='opacity: 0.0'>no</span>",
        "<svg><title>no</title></svg>",
        "<div hidden><p>no</div>",
    ],
)
def test_hidden_nodes_are_dropped(hidden: str) -> None:
    assert read_web_page(f"<p>before</p>{hidden}<p>after</p>").text == "before\n\nafter"


def test_almost_invisible_is_visible() -> None:
    assert read_web_page("<p style='opacity:0.9;font-size:0.8em'>yes").text == "yes"


def test_a_hidden_item_that_was_never_closed_hides_no_other() -> None:
    assert read_web_page("<ul><li hidden>no<li>yes<li>also</ul>").text == "- yes\n- also"


def test_blocks_lists_and_breaks_keep_their_form() -> None:
    page = "<h2>Steps</h2><ol><li><p>One\n two</p></li><li>Three<br>Four</li></ol><p>End &amp; out"
    found = read_web_page(f"<p>Intro</p>{page}")
    assert found.text == "Intro\n\n## Steps\n\n- One two\n- Three\nFour\n\nEnd & out"


def test_preformatted_text_is_fenced_verbatim() -> None:
    assert read_web_page("<pre>a  b\n  <b>c</b></pre>").text == "```\na  b\n  c\n```"


def test_table_cells_do_not_run_together() -> None:
    page = "<table><tr><td>Plan<td>Price<tr><td>Small<td>5</table>"
    assert read_web_page(page).text == "Plan Price\n\nSmall 5"


@pytest.mark.parametrize("page", ["</div></p>text", "<div><b>text", "<p>text</div></b>", "text<"])
def test_broken_pages_are_read(page: str) -> None:
    assert read_web_page(page).text.startswith("text")
