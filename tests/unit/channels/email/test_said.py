# ruff: noqa: E501 - markup as programs of many languages write it
"""The newest words of mails that come as HTML, as the common programs write them."""

from __future__ import annotations

import pytest

from supportbot.channels.email.meaning.newest import newest_words
from supportbot.channels.email.meaning.said import said_now
from supportbot.channels.email.reading.html_text import html_to_text
from supportbot.channels.email.reading.parse import parse_mail

OUTLOOK_LINE = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"

TOP = {
    "gmail": '<div dir="ltr">Yes, please.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, Feb 1, 2016 at 6:32 PM Bob &lt;<a href="mailto:b@x.example">b@x.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><div>Hello</div></blockquote></div>',
    "gmail in a language without a rule": '<div>Yes, please.</div><div class="gmail_quote"><div class="gmail_attr">სამ, 1 თებ, 2016, ავტორი Bob: <br></div><blockquote class="gmail_quote">Hello</blockquote></div>',
    "outlook desktop": f"<div class=WordSection1><p class=MsoNormal>Yes, please.<o:p></o:p></p><div><div style='{OUTLOOK_LINE}'><p class=MsoNormal><b>From:</b> Bob &lt;b@x.example&gt; <br><b>Sent:</b> Monday, February 1, 2016 6:32 PM<br><b>To:</b> Ann<br><b>Subject:</b> Order</p></div></div><p class=MsoNormal>Hello</p></div>",
    "outlook desktop in a language without a rule": f"<p>Yes, please.</p><div style='{OUTLOOK_LINE}'><p><b>ავტორი:</b> Bob &lt;b@x.example&gt; <br><b>გაგზავნილია:</b> 1 თებერვალი 2016 18:32<br><b>მიმღები:</b> Ann<br><b>თემა:</b> Order</p></div><p>Hello</p>",
    "outlook web": '<div>Yes, please.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri" style="font-size:11pt" color="#000000"><b>From:</b> Bob &lt;b@x.example&gt;<br><b>Sent:</b> Monday, February 1, 2016 6:32 PM<br><b>To:</b> Ann<br><b>Subject:</b> Order</font><div>&nbsp;</div></div><div>Hello</div>',
    "apple mail": '<html><body>Yes, please.<br><div><br><blockquote type="cite"><div>On 1 Feb 2016, at 18:32, Bob &lt;b@x.example&gt; wrote:</div><br><div>Hello</div></blockquote></div></body></html>',
    "thunderbird": '<p>Yes, please.</p><div class="moz-cite-prefix">On 01/02/16 18:32, Bob wrote:<br></div><blockquote type="cite" cite="mid:1@x"><p>Hello</p></blockquote>',
    "thunderbird in a language without a rule": '<p>Yes, please.</p><div class="moz-cite-prefix">01/02/16 18:32-ում, Bob-ը գրել է`<br></div><blockquote type="cite" cite="mid:1@x"><p>Hello</p></blockquote>',
    "yahoo": '<div>Yes, please.</div><div id="ydp1yahoo_quoted_1" class="yahoo_quoted"><div><div>On Monday, February 1, 2016, 06:32:10 PM GMT+1, Bob &lt;b@x.example&gt; wrote: </div><div>Hello</div></div></div>',
    "gmx": '<div>Yes, please.</div><div name="quote" style="border-left: 2px solid #C3D9E5;"><div><b>Gesendet:</b> Montag, 01. Februar 2016<br/><b>Von:</b> Bob</div><div name="quoted-content">Hello</div></div>',
    "proton": '<div>Yes, please.<br></div><div class="protonmail_quote">On Monday, February 1st, 2016 at 6:32 PM, Bob &lt;b@x.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">Hello</blockquote></div>',
    "roundcube": '<p>Yes, please.</p><p id="reply-intro">Am 2016-02-01 18:32, schrieb Bob:</p><blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid">Hello</blockquote>',
    "zoho": '<div>Yes, please.</div><div class="zmail_extra"><div>---- On Mon, 01 Feb 2016 18:32:10 +0100 <b>Bob &lt;b@x.example&gt;</b> wrote ----</div><blockquote style="border-left: 1px solid rgb(204, 204, 204); padding-left: 6px; margin: 0 0 0 5px"><div>Hello</div></blockquote></div>',
    "notes": "<p>Yes, please.</p><p><font size=1 color=#5F5F5F>From: </font><font size=1>Bob/ACME</font><br><font>To: Ann/ACME</font><br><font>Date: 01.02.2016 18:32</font><br><font>Subject: Order</font></p><hr noshade><p>Hello</p>",
}  # fmt: skip


@pytest.mark.parametrize("client", TOP)
def test_answer_above_the_old_mail_is_told_from_its_markup(client: str) -> None:
    assert newest_words(html_to_text(TOP[client])) == "Yes, please."


def test_answer_below_a_quote_is_kept_alone() -> None:
    html = (
        '<div class="moz-cite-prefix">On 01/02/16 18:32, Bob wrote:</div>'
        '<blockquote type="cite">Red?</blockquote><p>No.</p>'
    )
    assert newest_words(html_to_text(html)) == "No."


def test_answers_between_the_quotes_of_gmail_are_kept_with_them() -> None:
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">On 1 Feb 2016 18:32 Bob wrote:</div>'
        '<blockquote class="gmail_quote">Red?</blockquote><div>No.</div>'
        '<blockquote class="gmail_quote">Blue?</blockquote><div>Yes.</div></div>'
    )
    newest = newest_words(html_to_text(html))
    assert [line for line in newest.split("\n") if line.strip("> ")][-4:] == [
        "> Red?", "No.", "> Blue?", "Yes.",
    ]  # fmt: skip


def test_words_that_were_only_indented_are_no_quote() -> None:
    html = '<div>Steps:</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px">I press Save</blockquote>'
    assert newest_words(html_to_text(html)) == "Steps:\n\nI press Save"


def test_forward_is_kept_whole() -> None:
    html = (
        "<div>What is this?</div>"
        '<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------'
        "<br>From: Bob</div><div>Hello</div></div>"
    )
    assert "Hello" in newest_words(html_to_text(html))


def _both(plain: str, html: str, subject: str = "Re: Order") -> bytes:
    return (
        f'Subject: {subject}\nContent-Type: multipart/alternative; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
    ).encode()


UNMARKED = "Yes, please.\n\n01/02/16 18:32-ում, Bob-ը գրել է`\n\nHello"


def test_html_tells_what_is_old_where_the_plain_form_does_not() -> None:
    html = TOP["thunderbird in a language without a rule"]
    assert said_now(parse_mail(_both(UNMARKED, html))) == "Yes, please."
    assert "Hello" in said_now(parse_mail(_both(UNMARKED, html, "Fwd: Order")))


def test_html_that_says_something_else_than_the_plain_form_is_not_taken() -> None:
    html = TOP["thunderbird in a language without a rule"].replace("Yes", "No")
    assert said_now(parse_mail(_both(UNMARKED, html))) == UNMARKED
