# ruff: noqa: RUF001 - lines of clients in many scripts
"""Headers and titles that programs put above an old mail, in more shapes."""

from __future__ import annotations

import pytest

from supportbot.channels.email.meaning.newest import newest_words

ABOVE_MAILS = [
    (
        "From: Foo <x@y.example>\n"
        "Reply-To: Foo <r@y.example>\n"
        "Date: Monday, 1 February 2016 at 18:32\n"
        "To: Ann <a@b.example>\n"
        "Cc: Eve <e@b.example>\n"
        "Subject: Order"
    ),
    (
        "From: Foo <x@y.example>\n"
        "Date: Monday, 1 February 2016 at 18:32\n"
        "To: Ann <a@b.example>\n"
        "Subject: Order\n"
        "Importance: High\n"
        "Attachments: a.pdf"
    ),
    (
        "From: Foo [mailto:x@y.example] On Behalf Of Bar\n"
        "Sent: Monday, February 1, 2016 6:32 PM\n"
        "To: Ann\n"
        "Subject: Order"
    ),
    (
        "________________________________\n"
        "\n"
        "From: Foo <x@y.example>\n"
        "Sent: Monday 18:32\n"
        "To: Ann\n"
        "Subject: x"
    ),
    "-----Original Message-----\nFrom: Foo\nSent: Monday\nTo: Ann\nSubject: x",
    "---- Original Message ----\nFrom: Foo <x@y.example>\nTo: Ann\nSubject: x",
    "--- Original Message ---\n",
    "-----Oorspronkelijk bericht-----\nVan: Foo",
    "-----Messaggio originale-----\nDa: Foo",
    "-----Mensaje original-----\nDe: Foo",
    "-----Mensagem Original-----\nDe: Foo",
    "-----Původní zpráva-----\nOd: Foo",
    "-----Eredeti üzenet-----\nFeladó: Foo",
    "-----Ursprungligt meddelande-----\nFrån: Foo",
    "-----Opprinnelig melding-----\nFra: Foo",
    "-----Oprindelig meddelelse-----\nFra: Foo",
    "-----Alkuperäinen viesti-----\nLähettäjä: Foo",
    "-----Исходное сообщение-----\nОт: Foo",
    (
        "----- Original Message ----- \n"
        'From: "Foo" <x@y.example>\n'
        "To: <a@b.example>\n"
        "Sent: Monday, February 01, 2016 6:32 PM\n"
        "Subject: Order"
    ),
    "*From: *Foo <x@y.example>\n*Date: *Monday, 1 February 2016\n*To: *Ann\n*Subject: *Order",
    'From:"Foo" <x@y.example>\nDate:Mon, Feb 1, 2016 at 6:32 PM\nSubject:Order',
    "From : Foo <x@y.example>\nSent : Monday 18:32\nTo : Ann\nSubject : Order",
    "Date: Mon, 1 Feb 2016 18:32\nSubject: Order\nFrom: x@y.example\nTo: a@b.example",
    "发自: Foo <x@y.example>\n时间: 2016年2月1日 18:32\n收件人: Ann <a@b.example>\n主题: x",
]  # fmt: skip


@pytest.mark.parametrize("above", ABOVE_MAILS)
def test_old_mail_below_a_title_or_headers_is_cut(above: str) -> None:
    text = f"Yes, please.\n\nAnn\n\n{above}\n\nHello Ann,\nhow are you?\n\nBob\n"
    assert newest_words(text) == "Yes, please.\n\nAnn"
