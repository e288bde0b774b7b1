from __future__ import annotations

import time
from typing import Any

import pytest

from supportbot.channels.email.meaning.forwards import is_forward
from supportbot.channels.email.reading.mail import Mail

DANISH = "Se her:\n\nFra: Bo <bo@x.example>\nSendt: 2. marts 2026\nTil: Ann\nEmne: y\n"
FINNISH = "Kiitos!\n\nLähettäjä: Bo <bo@x.example>\nLähetetty: 2. maaliskuuta 2026\n"


def mail(**read: Any) -> Mail:
    return Mail(headers={}, **read)


@pytest.mark.parametrize(
    "subject",
    [
        "Fwd: Order",
        "FW: Order",
        "fwd : Order",
        "Fwd[2]: Order",
        "WG: AW: Order",
        "TR: Re: Commande",
        "RV: Pedido",
        "ENC: Pedido",
        "I: Ordine",
        "VB: Order",
        "VL: Tilaus",
        "PD: Zamówienie",
        "Doorst: Bestelling",
        "İLT: Sipariş",
        "ilt: Sipariş",
        "ΠΡΘ: Παραγγελία",
        "转发\uff1a订单",
        "転送: 注文",
        "הועבר: הזמנה",
        "[EXTERNAL] [list] Fwd: Order",
        "[Fwd: Order]",
        "Order (fwd)",
    ],
)
def test_a_forward_is_known_by_its_outermost_prefix(subject: str) -> None:
    assert is_forward(mail(subject=subject, text="See below."))


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "",
        "Order",
        "Re: Fwd: Order",
        "AW: WG: Order",
        "SV: VS: Order",
        "R: I: Ordine",
        "[EXTERNAL] Re: Fwd: Order",
        "Forward: march",
        "Iceland: a question",
        "Track: where is it",
        "Wgt: 5 kg",
        "Fwd",
        "Your Fwd: mail",
    ],
)
def test_other_subjects_forward_nothing(subject: str | None) -> None:
    assert not is_forward(mail(subject=subject, text="Thank you."))


@pytest.mark.parametrize(
    ("text", "forwards"),
    [
        (DANISH, True),
        ("Videresendt meddelelse\n\nHej", True),
        (FINNISH, False),
        ("Aitäh!\n\nSaatja: Bo\nSaadetud: 2. märts\n", False),
        ("Thank you!", False),
    ],
)
def test_vs_is_what_the_quoted_mails_language_says(text: str, *, forwards: bool) -> None:
    assert is_forward(mail(subject="VS: Order", text=text)) is forwards
    assert not is_forward(mail(subject="SV: Order", text=text))


@pytest.mark.parametrize(
    ("read", "forwards"),
    [
        (mail(text="Begin forwarded message:\n\nFrom: Bo"), True),
        (mail(text="\n---------- Forwarded message ---------\nFrom: Bo"), True),
        (mail(text="See what they wrote\n\n---------- Forwarded message ---------"), False),
        (mail(subject="Re: Order", text="Begin forwarded message:\n\nFrom: Bo"), False),
        (mail(parts=("multipart/mixed", "message/rfc822")), True),
        (mail(text="Proof:", parts=("multipart/mixed", "text/plain", "message/rfc822")), False),
    ],
)
def test_without_a_prefix_it_must_begin_with_the_other_mail(read: Mail, *, forwards: bool) -> None:
    assert is_forward(read) is forwards


@pytest.mark.parametrize(
    "subject", ["[" * 100_000, "[a] " * 50_000, " " * 200_000, "x" * 200_000 + "(fwd)"]
)
def test_a_hostile_subject_takes_no_time(subject: str) -> None:
    began = time.process_time()
    assert not is_forward(mail(subject=subject, text="\n" * 200_000))
    assert time.process_time() - began < 1
