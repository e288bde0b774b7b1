# ruff: noqa: RUF001 - attributions of many scripts
from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.channels.email.meaning.newest import newest_words

QUOTE = "> Hello Ann,\n> how are you?\n"


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Feb 1, 2016 at 6:32 PM, Bob <bob@x.example> wrote:",
        "On Mon, Feb 1, 2016 at 6:32 PM, Bob\n<bob@x.example> wrote:",
        "Am 01.02.2016 um 18:32 schrieb Bob <bob@x.example>:",
        "Le lun. 1 févr. 2016 à 18:32, Bob <bob@x.example> a écrit :",
        "El lun, 1 feb 2016 a las 18:32, Bob (<bob@x.example>) escribió:",
        "Il giorno lun 1 feb 2016 alle ore 18:32 Bob <bob@x.example> ha scritto:",
        "Op ma 1 feb 2016 om 18:32 schreef Bob <bob@x.example>:",
        "Em seg., 1 de fev. de 2016 às 18:32, Bob <bob@x.example> escreveu:",
        "Den mån 1 feb. 2016 kl 18:32 skrev Bob <bob@x.example>:",
        "pon., 1 lut 2016 o 18:32 Bob <bob@x.example> napisał(a):",
        "po 1. 2. 2016 v 18:32 odesílatel Bob <bob@x.example> napsal:",
        "пн, 1 февр. 2016 г. в 18:32, Bob <bob@x.example> написал:",
        "ma 1. helmik. 2016 klo 18.32 Bob <bob@x.example> kirjoitti:",
        "Bob <bob@x.example>, 1 Şub 2016 Pzt, 18:32 tarihinde şunu yazdı:",
        "Bob <bob@x.example> 于2016年2月1日周一 18:32写道：",
        "2016年2月1日(月) 18:32 Bob <bob@x.example>のメール:",
        "2016년 2월 1일 (월) 오후 6:32, Bob <bob@x.example>님이 작성:",
        "2016-02-01 18:32 GMT+01:00 Bob <bob@x.example>:",
        "Bob <bob@x.example> wrote on 1.2.2016 18:32:",
    ],
)
def test_attribution_of_any_client_is_cut_with_its_quote(attribution: str) -> None:
    assert newest_words(f"Yes, please.\n\n{attribution}\n\n{QUOTE}") == "Yes, please."


@pytest.mark.parametrize(
    "block",
    [
        "From: Bob <bob@x.example>\nSent: Monday, 1 February 2016\nTo: Ann\nSubject: Order",
        "*From:* Bob\n*Sent:* Monday\n*To:* Ann\n*Subject:* Order",
        "Von: Bob\nGesendet: Montag\nAn: Ann\nBetreff: Bestellung",
        "De : Bob\nEnvoyé : lundi\nÀ : Ann\nObjet : Commande",
        "Från: Bob\nSkickat: måndag\nTill: Ann\nÄmne: Order",
        "发件人: Bob\n发送时间: 2016\n收件人: Ann\n主题: 订单",
        "________________________________\nFrom: Bob\nSent: Monday\nTo: Ann\nSubject: Order",
        "-----Original Message-----\nFrom: Bob",
        "-----Ursprüngliche Nachricht-----\nVon: Bob",
    ],
)
def test_header_block_is_cut_with_all_below(block: str) -> None:
    assert newest_words(f"Yes, please.\n\n{block}\n\nHello Ann,\nhow are you?") == "Yes, please."


def test_answer_below_the_quote_is_kept_without_it() -> None:
    text = f"On Mon, 1 Feb 2016 at 6:32, Bob <bob@x.example> wrote:\n{QUOTE}\nFine.\n"
    assert newest_words(text) == "Fine."


def test_answers_between_quotes_keep_the_quotes() -> None:
    text = "On 1 Feb 2016 18:32, Bob <b@x.example> wrote:\n> Red?\nNo.\n> Blue?\nYes.\n"
    assert newest_words(text) == "> Red?\nNo.\n> Blue?\nYes."


def test_quote_without_attribution_above_the_answer_is_kept() -> None:
    assert newest_words("> Is it red?\n\nYes.") == "> Is it red?\n\nYes."


def test_signature_is_cut() -> None:
    assert newest_words("Yes.\n\n-- \nAnn\nACME Ltd\n") == "Yes."


def test_long_text_below_two_dashes_is_no_signature() -> None:
    story = "\n".join(f"line {number}" for number in range(20))
    assert "line 19" in newest_words(f"Yes.\n--\n{story}")


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Sendt fra min iPad",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Gesendet mit der GMX Mail App",
        "发自我的 iPhone",
    ],
)
def test_device_line_is_cut(line: str) -> None:
    assert newest_words(f"Yes.\n\n{line}") == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "Sent via FedEx yesterday, nothing came.",
        "From: Berlin\nI fly on Monday.",
        "To: whom it may concern\n\nMy order is late.",
        "On Monday I wrote:\nnobody answered.",
        "Please note the following:\n- a\n- b",
        "I got this error:\n\n--------------------\nError 42\n--------------------\nWhat now?",
        "— is this your dash?",
        "Sent my iPhone back last week.\n\nNothing came.",
        "Hello,\n\niPhone won't charge",
        "Hello,\n\nOutlook does not work on my phone",
        "Hello,\n\nGet iPhone support for my account please",
        "Hello,\n\nDownload the Android app fails",
        "Hello,\n\nSent from my iPhone, why does it not arrive?",
        "Hello,\n\nSent from my iPhone it is fine,\nfrom my PC it is not.",
        "Order 1 is here.\n--\nOrder 2 is missing. Where is it?",
        f"Part one.\n—\nPart two is longer: {'I have waited for weeks. ' * 4}And now this.",
        "Thanks!\n\n--\nP.S. the invoice is wrong too",
        "Hi\n\nI wrote to Bob <bob@x.example> on 3 May 2026 at 10:30 and he wrote:\n\nNo.\n\nOk?",
        "It says:\n\n2026-03-01 10:00:01 ERROR mail of <b@x.example>:\n2026-03-01 10:00 no\n\nWhy?",
        "Hi\n____________________\nName: Ann\nMail: a@x.example\nDate: 2026-03-01 10:00\nHelp",
        "Le 3 mai 2026 à 10:00 votre livreur a écrit :\n\n« absent »\n\nJ'étais là !",
        "Am 3. Mai um 10:00 schrieb mir Ihr Kollege:\n\nDas geht nicht.\n\nStimmt das?",
        "Your colleague Bob wrote:\n> come back later\n\nIs that so?",
        "My order:\nDate: 3 May 2026\nTo: Ann, Berlin\nFrom: Shop\n\nWhen?",
        "Hi\n\nNo: 4711\nDate: 2026-03-01\nSubject: refund to a@x.example\n\nPlease.",
        "> only a quote",
        "",
    ],
)
def test_prose_that_looks_like_marks_is_kept(text: str) -> None:
    assert newest_words(text) == text


def test_forward_is_kept_whole() -> None:
    text = (
        "See below.\n\n---------- Forwarded message ---------\nFrom: Bob\nDate: x\nSubject: y\n\nHi"
    )
    assert newest_words(text) == text
    block = "See below.\n\nFrom: Bob\nSent: x\nTo: Ann\nSubject: y\n\nHi"
    assert newest_words(block, forwarded=True) == block
    assert newest_words(block) == "See below."


@pytest.mark.parametrize(
    "unit",
    [
        "> " * 50 + "\n",
        "a" * 100,
        "On Mon, 1 Jan 2024 at 10:00 foo bar\n",
        "From: a b c\n",
        "From: a\nTo: b\n",
        " ",
        "_" * 50,
        "-" * 50,
        "\n",
        "Le lun. ",
        "On 1.1.2020 10:00 a@b.c wrote:\n",
        "--\n\n\n",
        "Sent from my iPhone\n",
        "________\n",
    ],
)
def test_hostile_text_takes_linear_time(unit: str, grows_linearly: Callable[..., None]) -> None:
    grows_linearly(lambda n: newest_words("words\n" + unit * n), 1_500)
