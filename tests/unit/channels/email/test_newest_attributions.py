# ruff: noqa: RUF001 - lines of clients in many scripts
"""What programs of many languages write above a quote."""

from __future__ import annotations

import pytest

from supportbot.channels.email.meaning.newest import newest_words

ANSWER = "Yes, please.\n\nAnn"
QUOTE = "> Hello Ann,\n> how are you?\n"

ABOVE_QUOTES = [
    "> On 1 Feb 2016, at 18:32, Bob Builder <bob@x.example> wrote:",
    "On Feb 1, 2016, at 6:32 PM, Bob Builder <bob@x.example> wrote:",
    "> Am 01.02.2016 um 18:32 schrieb Bob Builder <bob@x.example>:",
    "Am 1. Februar 2016 um 18:32:10 schrieb Bob Builder (bob@x.example):",
    "> Le 1 févr. 2016 à 18:32, Bob <bob@x.example> a écrit :",
    "> El 1 feb 2016, a las 18:32, Bob <bob@x.example> escribió:",
    "> Il giorno 1 feb 2016, alle ore 18:32, Bob <bob@x.example> ha scritto:",
    "Il giorno 01/feb/2016, alle ore 18.32, Bob ha scritto:",
    "> Op 1 feb. 2016, om 18:32 heeft Bob <bob@x.example> het volgende geschreven:",
    "Op 1 februari 2016 om 18:32 schreef Bob:",
    "> 1 feb. 2016 kl. 18:32 skrev Bob <bob@x.example>:",
    "> Den 1. feb. 2016 kl. 18.32 skrev Bob <bob@x.example>:",
    "> 1. feb. 2016 kl. 18:32 skrev Bob <bob@x.example>:",
    "> Wiadomość napisana przez Bob <bob@x.example> w dniu 1 lut 2016, o godz. 18:32:",
    "> No dia 01/02/2016, às 18:32, Bob <bob@x.example> escreveu:",
    "> Em 1 de fev de 2016, à(s) 18:32, Bob <bob@x.example> escreveu:",
    "> 1 февр. 2016 г., в 18:32, Bob <bob@x.example> написал(а):",
    "> 2016/02/01 18:32、Bob <bob@x.example>のメール:",
    "2016年2月1日(月) 18:32 Bob <bob@x.example>:",
    "> 在 2016年2月1日，下午6:32，Bob <bob@x.example> 写道：",
    "> Bob <bob@x.example> 於 2016年2月1日 下午6:32 寫道：",
    "> 2016. 2. 1. 오후 6:32, Bob <bob@x.example> 작성:",
    "> Bob <bob@x.example> şunları yazdı (1 Şub 2016 18:32):",
    "> Bob <bob@x.example> kirjoitti 1.2.2016 kello 18.32:",
    "> 1. 2. 2016 v 18:32, Bob <bob@x.example>:",
    "> 2016. febr. 1. dátummal, 18:32 időpontban Bob <bob@x.example> írta:",
    "> 1 лют. 2016 р. о 18:32 Bob <bob@x.example> пише:",
    "> Στις 1 Φεβ 2016, στις 18:32, ο/η Bob <bob@x.example> έγραψε:",
    "> Pe 1 feb. 2016, la 18:32, Bob <bob@x.example> a scris:",
    "> El dia 1 febr. 2016, a les 18:32, Bob <bob@x.example> va escriure:",
    "> Dana 1. velj 2016., u 18:32, Bob <bob@x.example> je napisao:",
    "On Mon, Feb 1, 2016 at 6:32 PM Bob Builder With Long Name\n<bob@x.example> wrote:",
    (
        "On Mon, Feb 1, 2016 at 6:32 PM, Bob Builder With Long Name <\n"
        "bob-with-a-long-address@x.example> wrote:"
    ),
    "Am Mo., 1. Feb. 2016 um 18:32 Uhr schrieb Bob <bob@x.example>:",
    "Am Mo., 1. Feb. 2016 um 18:32 Uhr schrieb Bob Builder <\nbob@x.example>:",
    "Le lun. 1 févr. 2016 à 18:32, Bob <bob@x.example> a écrit :",
    "po 1. 2. 2016 v 18:32 odesílatel Bob <bob@x.example> napsal:",
    "po 1. 2. 2016 o 18:32 Bob <bob@x.example> napísal(a):",
    "Bob <bob@x.example> ezt írta (időpont: 2016. febr. 1., H, 18:32):",
    "lun., 1 feb. 2016 la 18:32, Bob <bob@x.example> a scris:",
    "На пн, 1.02.2016 г. в 18:32 Bob <bob@x.example> написа:",
    "2016-02-01, pr, 18:32 Bob <bob@x.example> rašė:",
    "pirmd., 2016. g. 1. febr., plkst. 18:32 — lietotājs Bob (<bob@x.example>) rakstīja:",
    "Kuupäev E, 1. veebruar 2016 kell 18:32 kirjutas Bob <bob@x.example>:",
    "V V pon., 1. feb. 2016 ob 18:32 je oseba Bob <bob@x.example> napisala:",
    "pon, 1. velj 2016. u 18:32 Bob <bob@x.example> napisao je:",
    "Στις Δευ 1 Φεβ 2016 στις 6:32 μ.μ., ο χρήστης Bob <bob@x.example> έγραψε:",
    "пн, 1 лют. 2016 р. о 18:32 Bob <bob@x.example> пише:",
    "Vào Th 2, 1 thg 2, 2016 vào lúc 18:32 Bob <bob@x.example> đã viết:",
    "Pada tanggal Sen, 1 Feb 2016 pukul 18.32 Bob <bob@x.example> menulis:",
    "ในวันที่ จ. 1 ก.พ. 2016 เวลา 18:32 Bob <bob@x.example> เขียนว่า:",
    "في الاثنين، 1 فبراير 2016 في 6:32 م تمت كتابة ما يلي بواسطة Bob <bob@x.example>:",
    (
        "\u202bבתאריך יום ב׳, 1 בפבר׳ 2016 ב-18:32 מאת \u202aBob\u202c\u200f "
        "<\u202abob@x.example\u202c\u200f>:\u202c"
    ),
    "सोम, 1 फ़र॰ 2016 को 6:32 pm बजे को Bob <bob@x.example> ने लिखा:",
    "در تاریخ دوشنبه ۱ فوریه ۲۰۱۶،\u200f ۱۸:۳۲ Bob <bob@x.example> نوشت:",
    "Bob <bob@x.example> დაწერა 1 თებ. 2016 18:32:",
    "Þann mán., 1. feb. 2016 kl. 18:32 skrifaði Bob <bob@x.example>:",
    "On 01/02/16 18:32, Bob wrote:",
    "On 2016-02-01 6:32 p.m., Bob Builder via Support wrote:",
    "Am 01.02.16 um 18:32 schrieb Bob:",
    "Le 01/02/2016 à 18:32, Bob a écrit :",
    "On 2016/02/01 18:32, Bob wrote:",
    "Bob Builder wrote:",
    "Bob Builder schrieb:",
    "El 1/2/16 a las 18:32, Bob escribió:",
    "W dniu 01.02.2016 o 18:32, Bob pisze:",
    "Op 01-02-16 om 18:32 schreef Bob:",
    "Dne 01. 02. 16 v 18:32 Bob napsal(a):",
    "01.02.2016 18:32, Bob пишет:",
    "Den 2016-02-01 kl. 18:32, skrev Bob:",
    "On Monday, 1 February 2016 18:32:10 CET Bob wrote:",
    "Am Montag, 1. Februar 2016, 18:32:10 CET schrieb Bob:",
    "On Mon, Feb 01, 2016 at 06:32:10PM +0100, Bob wrote:",
    "* Bob Builder <bob@x.example> [2016-02-01 18:32]:",
    "On February 1, 2016 6:32:10 PM GMT+01:00, Bob <bob@x.example> wrote:",
    "Am 1. Februar 2016 18:32:10 MEZ schrieb Bob <bob@x.example>:",
    "On Monday, February 1, 2016, 06:32:10 PM GMT+1, Bob <bob@x.example> wrote:",
    "     On Monday, February 1, 2016, 06:32:10 PM GMT+1, Bob <bob@x.example> wrote:  ",
    (
        "Sent with [Proton Mail](https://proton.me/) secure email.\n"
        "\n"
        "------- Original Message -------\n"
        "On Monday, February 1st, 2016 at 6:32 PM, Bob <bob@x.example> wrote:"
    ),
    (
        "Sent with Proton Mail secure email.\n"
        "\n"
        "On Monday, February 1st, 2016 at 18:32, Bob <bob@x.example> wrote:"
    ),
    'Le 12 déc. 2016 18:48, "Foo Bar" <x@y.example> a écrit :',
    "2 февр. 2016 г. 14:31 пользователь Foo <x@y.example> написал:",
    "søn. 9. apr. 2017 kl. 23:09 skrev Foo <x@y.example>:",
    "W dniu 2016-02-01 18:32:10 użytkownik Foo <x@y.example> napisał:",
    "El 01/02/16 a las 18:32, Foo via X escribió:",
    "在 2016年2月1日 星期一，Foo <x@y.example> 写道：",
    "Em 1 de fevereiro de 2016 18:32, Foo <x@y.example> escreveu:",
    "Am 1. Februar 2016 um 18:32 schrieb Foo <\nx@y.example>:",
    '1.2.2016 18.32 "Foo" <x@y.example> kirjoitti:',
    "2016-02-01 18:32 skrev Foo:",
    "Le lundi 1 février 2016, Foo <x@y.example> a écrit :",
    "Foo <x@y.example> a écrit le 1 févr. 2016 à 18:32 :",
    "Foo wrote (on 1 Feb 2016 18:32):",
    "On Monday, February 1, 2016, Foo Bar <x@y.example> wrote:",
    "On 2/1/2016 6:32 PM, Foo Bar via Discourse wrote:",
    "Quoting Foo Bar <x@y.example>:",
    "Zitat von Foo Bar <x@y.example>:",
    "Citando Foo <x@y.example>:",
    "Foo Bar writes:",
    '"Foo Bar" <x@y.example> writes:',
    "On Mon 1 Feb 2016 at 18:32, Foo Bar\n(via Example) <x@y.example> wrote:",
    '>>>>> "Foo" == Foo <x@y.example> writes:',
    "Il 01/02/2016 18:32, Foo ha scritto:",
    "Il giorno lun, 01/02/2016 alle 18.32 +0100, Foo ha scritto:",
    "Am Montag, den 01.02.2016, 18:32 +0100 schrieb Foo:",
    "lör 2016-02-01 klockan 18:32 +0100 skrev Foo:",
    "Le lundi 01 février 2016 à 18:32 +0100, Foo a écrit :",
    "El lun, 01-02-2016 a las 18:32 +0100, Foo escribió:",
    "Op ma 01-02-2016 om 18:32 [+0100], schreef Foo:",
    "On 01.02.2016 at 18:32 Foo Bar wrote:",
    "On Mon, 1 Feb 2016 18:32:10 +0100\nFoo Bar <x@y.example> wrote:",
    "Dne 1.2.2016 v 18:32 Foo napsal(a):",
    "Dňa 1.2.2016 o 18:32 Foo napísal(a):",
    "2016.02.01. 18:32 keltezéssel, Foo írta:",
    "01.02.2016 18:32 tarihinde Foo yazdı:",
    "La 01.02.2016 18:32, Foo a scris:",
    "01.02.2016 18:32, Foo написав:",
    "На 1.2.2016 г. в 18:32 ч., Foo написа:",
    "Στις 1/2/2016 6:32 μ.μ., ο Foo έγραψε:",
    "2016年02月01日 18:32, Foo 写道:",
    "於 2016/2/1 下午 06:32, Foo 提到:",
    "2016-02-01 오후 6:32에 Foo 이(가) 쓴 글:",
    "(2016/02/01 18:32), Foo wrote:",
    "On 2016/02/01 18:32, Foo さんは書きました:",
]  # fmt: skip


@pytest.mark.parametrize("above", ABOVE_QUOTES)
def test_what_a_client_writes_above_a_quote_is_cut(above: str) -> None:
    assert newest_words(f"{ANSWER}\n\n{above}\n\n{QUOTE}") == ANSWER
    assert newest_words(f"{ANSWER}\n\n{above}\n{QUOTE}") == ANSWER
