"""Inputs that are made to cost time or memory; none may take two seconds."""

from __future__ import annotations

from typing import Final

#: Texts for whatever looks for the newest words.
TEXTS: Final = {
    "a thousand deep quotes": ("> " * 50 + "x\n") * 1_000,
    "one line of letters": "a" * 100_000,
    "attributions that never end": "On Mon, 1 Jan 2024 at 10:00 foo bar\n" * 2_000,
    "headers without a mail": "From: a b c\n" * 4_000,
    "spaces": " " * 100_000,
    "two drawn lines": "_" * 50_000 + "-" * 50_000,
    "blank lines": "\n" * 50_000,
    "bq": "bq" * 5_000,
    "le lun.": "Le lun. " * 5_000,
    "drawn lines": "________________\n" * 20_000,
    "two lines of headers": "From: a\nDate: b\n" * 10_000,
    "quotes and answers": "> a@b.c 10:30 2020 wrote:\nyes\n" * 10_000,
    "paragraphs above quotes": "a@b.c 10:30\n2020:\n> x\n\n" * 10_000,
    "signatures": "-- \nAnn\n" * 20_000,
    "delimiters": "- - - - \n" * 20_000,
}
#: HTML for whatever makes text of it.
MARKUP: Final = {
    "nested elements": "<div>" * 5_000 + "x",
    "open comments": "<!--" * 50_000,
    "open styles": "<style" * 50_000,
    "rules": "<style>" + "p.a{color:#fff}" * 10_000 + "</style><p class=a>x",
    "classes": '<p class="' + "a " * 50_000 + '">x',
    "quotes": "<blockquote type=cite>" * 5_000 + "x",
    "cells": "<table><tr>" + "<td>x" * 20_000,
    "entities": "&#" * 100_000,
    "a long style": '<p style="' + "color:#fff;" * 20_000 + '">x',
}
_HEAD: Final = b"From: a@x.example\n"
#: As large as is read at all.
ATTACHED: Final = (
    _HEAD
    + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\n"
    + b"Content-Type: application/pdf; name=x.pdf\nContent-Transfer-Encoding: base64\n\n"
    + (b"AAAA" * 19 + b"\n") * 370_000
    + b"--b--\n"
)
#: Whole mails.
MAILS: Final = {
    "three thousand levels": _HEAD
    + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level)
        for level in range(3_000)
    ),
    "ten thousand parts": _HEAD
    + b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\nx\n" * 10_000,
    "three thousand comments": _HEAD + b"To: " + b"(" * 3_000 + b"\n\nx",
    "four thousand addresses": _HEAD + b"To: " + b"a@b.example, " * 4_000 + b"\n\nx",
    "a hundred thousand addresses": _HEAD + b"To: " + b"a@b.example,\n " * 100_000 + b"\n\nx",
    "a large attachment": ATTACHED,
    "sixty megabytes": _HEAD + b"\n" + b"x" * 60_000_000,
    "endless references": _HEAD + b"References: " + b"<a@b>\n " * 50_000 + b"\n\nx",
    "endless header": _HEAD + b"X: " + b"y" * 2_000_000 + b"\n\nx",
    "many headers": _HEAD + b"X: y\n" * 100_000 + b"\nx",
    "attached mails in attached mails": _HEAD
    + b"Content-Type: message/rfc822\n\n" * 3_000
    + b"\nx",
    "boundaries in a text": _HEAD
    + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"
    + b"boundary=x\n" * 100_000,
    "nul bytes": _HEAD + b"\n" + b"\x00" * 1_000_000,
    "lone carriage returns": _HEAD + b"\n" + b"\r" * 1_000_000,
    "encoded words": _HEAD + b"Subject: " + b"=?utf-8?b?4pyT?= " * 20_000 + b"\n\nx",
    "html of a megabyte": _HEAD
    + b"Content-Type: text/html\n\n"
    + b"<div style='color:#333'><p class=a>Hello <b>you</b></p></div>" * 17_000,
    "a status part of groups": _HEAD
    + b"Content-Type: multipart/report; boundary=b\n\n--b\n"
    + b"Content-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\n\n" * 10_000,
    "a calendar of events": _HEAD
    + b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n"
    + b"BEGIN:X\nSUMMARY:y\n" * 50_000,
}
