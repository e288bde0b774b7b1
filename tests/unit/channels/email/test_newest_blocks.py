# ruff: noqa: RUF001 - lines of clients in many scripts
"""What programs of many languages put above an old mail that is not marked line by line."""

from __future__ import annotations

import pytest

from supportbot.channels.email.meaning.newest import newest_words

ANSWER = "Yes, please.\n\nAnn"
UNMARKED = "Hello Ann,\nhow are you?\n\nBob\n"

#: Above an old mail that is not marked.
ABOVE_MAILS = [
    "    On Monday, February 1, 2016, 06:32:10 PM GMT+1, Bob <bob@x.example> wrote:  \n ",
    "Am Montag, 1. Februar 2016, 18:32:10 MEZ hat Bob <bob@x.example> Folgendes geschrieben:",
    "Le lundi 1 février 2016 à 18:32:10 UTC+1, Bob <bob@x.example> a écrit :",
    "El lunes, 1 de febrero de 2016, 18:32:10 CET, Bob <bob@x.example> escribió:",
    "Il lunedì 1 febbraio 2016 alle ore 18:32:10 CET, Bob <bob@x.example> ha scritto:",
    (
        "--------------------------------------------\n"
        "On Mon, 2/1/16, Bob <bob@x.example> wrote:\n"
        "\n"
        " Subject: Order\n"
        ' To: "Ann" <ann@x>\n'
        " Date: Monday, February 1, 2016, 6:32 PM\n"
    ),
    (
        "Gesendet: Montag, 01. Februar 2016 um 18:32 Uhr\n"
        'Von: "Bob" <bob@x.example>\n'
        "An: ann@x.example\n"
        "Betreff: Bestellung\n"
        "Hello"
    ),
    "-------- Original Message --------\nOn Feb 1, 2016, 6:32 PM, Bob < bob@x.example> wrote:",
    "-------- Original Message --------\nOn 2/1/16 18:32, Bob wrote:\n",
    "---- On Mon, 01 Feb 2016 18:32:10 +0100 Bob <bob@x.example> wrote ----",
    " ---- On Mon, 01 Feb 2016 18:32:10 +0100 bob@x.example wrote ----",
    (
        "Sent using Zoho Mail\n"
        "\n"
        "\n"
        "---- Le lun., 01 févr. 2016 18:32:10 +0100 Bob <bob@x.example> a écrit ----"
    ),
    "From:   Bob/ACME\nTo:     Ann/ACME@ACME\nDate:   01/02/2016 18:32\nSubject:        Order",
    (
        "Von:    Bob <bob@x.example>\n"
        "An:     ann@x.example\n"
        "Datum:  01.02.2016 18:32\n"
        "Betreff:        Bestellung"
    ),
    (
        "From: Bob Builder <bob@x.example>\n"
        "Sent: Monday, February 1, 2016 6:32 PM\n"
        "To: Ann <ann@x.example>\n"
        "Cc: Eve <e@x.example>\n"
        "Subject: RE: Order"
    ),
    (
        "From: Bob Builder [mailto:bob@x.example]\n"
        "Sent: Monday, February 1, 2016 6:32 PM\n"
        "To: Ann\n"
        "Subject: RE: Order"
    ),
    (
        "From: Bob Builder <bob@x.example>\n"
        "Sent: Monday, February 1, 2016 6:32 PM\n"
        "To: Ann <ann@x.example>; Carl <carl@x.example>; Dora <dora@x.example>;\n"
        " Emil <emil@x.example>\n"
        "Subject: RE: Order"
    ),
    (
        "________________________________\n"
        "From: Bob Builder <bob@x.example>\n"
        "Sent: Monday, February 1, 2016 6:32 PM\n"
        "To: Ann <ann@x.example>\n"
        "Subject: RE: Order"
    ),
    (
        "Von: Bob <bob@x.example>\n"
        "Gesendet: Montag, 1. Februar 2016 18:32\n"
        "An: Ann <ann@x.example>\n"
        "Betreff: AW: Bestellung"
    ),
    (
        "-----Ursprüngliche Nachricht-----\n"
        "Von: Bob [mailto:bob@x.example]\n"
        "Gesendet: Montag, 1. Februar 2016 18:32\n"
        "An: Ann\n"
        "Betreff: AW: Bestellung"
    ),
    (
        "De : Bob <bob@x.example>\n"
        "Envoyé : lundi 1 février 2016 18:32\n"
        "À : Ann <ann@x.example>\n"
        "Objet : RE: Commande"
    ),
    (
        "-----Message d'origine-----\n"
        "De : Bob\n"
        "Envoyé : lundi 1 février 2016 18:32\n"
        "À : Ann\n"
        "Objet : RE: Commande"
    ),
    (
        "De: Bob <bob@x.example>\n"
        "Enviado el: lunes, 1 de febrero de 2016 18:32\n"
        "Para: Ann <ann@x.example>\n"
        "Asunto: RE: Pedido"
    ),
    (
        "De: Bob <bob@x.example>\n"
        "Enviado: lunes, 1 de febrero de 2016 18:32\n"
        "Para: Ann <ann@x.example>\n"
        "Asunto: RE: Pedido"
    ),
    (
        "Da: Bob <bob@x.example>\n"
        "Inviato: lunedì 1 febbraio 2016 18:32\n"
        "A: Ann <ann@x.example>\n"
        "Oggetto: R: Ordine"
    ),
    (
        "Van: Bob <bob@x.example>\n"
        "Verzonden: maandag 1 februari 2016 18:32\n"
        "Aan: Ann <ann@x.example>\n"
        "Onderwerp: RE: Bestelling"
    ),
    (
        "De: Bob <bob@x.example>\n"
        "Enviada em: segunda-feira, 1 de fevereiro de 2016 18:32\n"
        "Para: Ann <ann@x.example>\n"
        "Assunto: RES: Pedido"
    ),
    (
        "De: Bob <bob@x.example>\n"
        "Data: segunda-feira, 1 de fevereiro de 2016 18:32\n"
        "Para: Ann <ann@x.example>\n"
        "Assunto: RES: Pedido"
    ),
    (
        "Från: Bob <bob@x.example>\n"
        "Skickat: den 1 februari 2016 18:32\n"
        "Till: Ann <ann@x.example>\n"
        "Ämne: SV: Order"
    ),
    (
        "Fra: Bob <bob@x.example>\n"
        "Sendt: 1. februar 2016 18:32\n"
        "Til: Ann <ann@x.example>\n"
        "Emne: SV: Ordre"
    ),
    (
        "Fra: Bob <bob@x.example>\n"
        "Sendt: mandag 1. februar 2016 18:32\n"
        "Til: Ann <ann@x.example>\n"
        "Emne: SV: Ordre"
    ),
    (
        "Lähettäjä: Bob <bob@x.example>\n"
        "Lähetetty: maanantai 1. helmikuuta 2016 18.32\n"
        "Vastaanottaja: Ann <ann@x.example>\n"
        "Aihe: VS: Tilaus"
    ),
    (
        "Od: Bob <bob@x.example>\n"
        "Wysłano: poniedziałek, 1 lutego 2016 18:32\n"
        "Do: Ann <ann@x.example>\n"
        "Temat: RE: Zamówienie"
    ),
    (
        "From: Bob <bob@x.example> \n"
        "Sent: poniedziałek, 1 lutego 2016 18:32\n"
        "To: Ann <ann@x.example>\n"
        "Subject: RE: Zamówienie"
    ),
    (
        "Od: Bob <bob@x.example>\n"
        "Odesláno: pondělí 1. února 2016 18:32\n"
        "Komu: Ann <ann@x.example>\n"
        "Předmět: RE: Objednávka"
    ),
    (
        "Od: Bob <bob@x.example>\n"
        "Odoslané: pondelok 1. februára 2016 18:32\n"
        "Komu: Ann <ann@x.example>\n"
        "Predmet: RE: Objednávka"
    ),
    (
        "Feladó: Bob <bob@x.example>\n"
        "Elküldve: 2016. február 1., hétfő 18:32\n"
        "Címzett: Ann <ann@x.example>\n"
        "Tárgy: RE: Rendelés"
    ),
    (
        "Kimden: Bob <bob@x.example>\n"
        "Gönderildi: 1 Şubat 2016 Pazartesi 18:32\n"
        "Kime: Ann <ann@x.example>\n"
        "Konu: YNT: Sipariş"
    ),
    (
        "От: Bob <bob@x.example>\n"
        "Отправлено: 1 февраля 2016 г. 18:32\n"
        "Кому: Ann <ann@x.example>\n"
        "Тема: RE: Заказ"
    ),
    (
        "Від: Bob <bob@x.example>\n"
        "Надіслано: 1 лютого 2016 р. 18:32\n"
        "Кому: Ann <ann@x.example>\n"
        "Тема: RE: Замовлення"
    ),
    (
        "Από: Bob <bob@x.example>\n"
        "Στάλθηκε: Δευτέρα, 1 Φεβρουαρίου 2016 18:32\n"
        "Προς: Ann <ann@x.example>\n"
        "Θέμα: ΑΠ: Παραγγελία"
    ),
    (
        "De la: Bob <bob@x.example>\n"
        "Trimis: luni, 1 februarie 2016 18:32\n"
        "Către: Ann <ann@x.example>\n"
        "Subiect: RE: Comandă"
    ),
    (
        "差出人: Bob <bob@x.example>\n"
        "送信日時: 2016年2月1日 18:32\n"
        "宛先: Ann <ann@x.example>\n"
        "件名: RE: 注文"
    ),
    (
        "发件人: Bob <bob@x.example>\n"
        "发送时间: 2016年2月1日 18:32\n"
        "收件人: Ann <ann@x.example>\n"
        "主题: 回复: 订单"
    ),
    (
        "寄件者: Bob <bob@x.example>\n"
        "寄件日期: 2016年2月1日 18:32\n"
        "收件者: Ann <ann@x.example>\n"
        "主旨: RE: 訂單"
    ),
    (
        "------------------ 原始邮件 ------------------\n"
        '发件人: "Bob"<bob@x.example>;\n'
        "发送时间: 2016年2月1日(星期一) 晚上6:32\n"
        '收件人: "Ann"<ann@x.example>;\n'
        "主题: 订单"
    ),
    'At 2016-02-01 18:32:10, "Bob" <bob@x.example> wrote:',
    '在 2016-02-01 18:32:10，"Bob" <bob@x.example> 写道：',
    (
        "보낸 사람: Bob <bob@x.example>\n"
        "보낸 날짜: 2016년 2월 1일 월요일 오후 6:32\n"
        "받는 사람: Ann <ann@x.example>\n"
        "제목: RE: 주문"
    ),
    (
        "מאת: Bob <bob@x.example>\n"
        "נשלח: יום שני 01 פברואר 2016 18:32\n"
        "אל: Ann <ann@x.example>\n"
        "נושא: RE: הזמנה"
    ),
    (
        "من: Bob <bob@x.example>\n"
        "تاريخ الإرسال: 01/02/2016 06:32 م\n"
        "إلى: Ann <ann@x.example>\n"
        "الموضوع: RE: طلب"
    ),
    (
        "Từ: Bob <bob@x.example>\n"
        "Đã gửi: 01 Tháng Hai 2016 18:32\n"
        "Đến: Ann <ann@x.example>\n"
        "Chủ đề: RE: Đơn"
    ),
    (
        "*From:* Bob Builder <bob@x.example>\n"
        "*Sent:* Monday, February 1, 2016 6:32 PM\n"
        "*To:* Ann <ann@x.example>\n"
        "*Subject:* RE: Order"
    ),
    (
        "Get Outlook for Android<https://aka.ms/x>\n"
        "________________________________\n"
        "From: Bob Builder <bob@x.example>\n"
        "Sent: Monday, February 1, 2016 6:32:10 PM\n"
        "To: Ann <ann@x.example>\n"
        "Subject: RE: Order"
    ),
    (
        "From: Bob Builder <bob@x.example>\n"
        "\n"
        "Sent: Monday, February 1, 2016 6:32 PM\n"
        "\n"
        "To: Ann <ann@x.example>\n"
        "\n"
        "Subject: RE: Order"
    ),
    (
        "-------- Original message --------\n"
        "From: Bob <bob@x.example>\n"
        "Date: 01/02/2016 18:32 (GMT+01:00)\n"
        "To: Ann <ann@x.example>\n"
        "Subject: Order"
    ),
    (
        "-------- Ursprüngliche Nachricht --------\n"
        "Von: Bob <bob@x.example>\n"
        "Datum: 01.02.16 18:32 (GMT+01:00)\n"
        "An: Ann <ann@x.example>\n"
        "Betreff: Bestellung"
    ),
    (
        "-------- Message d'origine --------\n"
        "De : Bob <bob@x.example>\n"
        "Date : 01/02/2016 18:32 (GMT+01:00)\n"
        "À : Ann\n"
        "Objet : Commande"
    ),
    (
        "-------- Messaggio originale --------\n"
        "Da: Bob <bob@x.example>\n"
        "Data: 01/02/16 18:32 (GMT+01:00)\n"
        "A: Ann\n"
        "Oggetto: Ordine"
    ),
    (
        "-------- Original Message --------\n"
        "Subject: Order\n"
        "Date: Mon, 1 Feb 2016 18:32:10 +0100\n"
        "From: Bob <bob@x.example>\n"
        "To: Ann <ann@x.example>"
    ),
    (
        "-- \n"
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.\n"
        "Am 01.02.16, 18:32, Bob <bob@x.example> schrieb:"
    ),
    "Gesendet mit der WEB.DE Mail App\n\nAm 1. Februar 2016, 18:32, Bob schrieb:",
    "Понедельник, 1 февраля 2016, 18:32 +03:00 от Bob <bob@x.example>:",
    '01.02.2016, 18:32, "Bob" <bob@x.example>:',
    "On 1 Feb 2016, 18:32 +0100, Bob <bob@x.example>, wrote:",
    "On Feb 1 2016, at 6:32 pm, Bob <bob@x.example> wrote:",
    (
        "Date: Mon, 1 Feb 2016 18:32:10 +0100\n"
        "From: bob@x.example\n"
        "To: ann@x.example\n"
        "Subject: Order"
    ),
    (
        "Subject: Order\n"
        "To: ann@x.example\n"
        "From: bob@x.example\n"
        "Date: Mon, 1 Feb 2016 18:32:10 +0100"
    ),
    "##- Please type your reply above this line -##\n\nYour request (123) has been updated.",
    "--- Reply above this line ---\n\nYour request (123) has been updated.",
    "----- Please reply above this line -----\nBob commented:",
    "## Bitte antworten Sie oberhalb dieser Zeile ##\nHallo",
]  # fmt: skip

FORWARDS = [
    "---------- Weitergeleitete Nachricht ---------",
    "---------- Message transféré ----------",
    "---------- Mensaje reenviado ---------",
    "---------- Messaggio inoltrato ---------",
    "---------- Doorgestuurd bericht ---------",
    "---------- Przekazana wiadomość ---------",
    "---------- Пересылаемое сообщение ---------",
    "---------- 転送メッセージ ----------",
    "---------- Mensagem encaminhada ---------",
    "-------- Weitergeleitete Nachricht --------",
    "-------- Forwarded Message --------",
    "---------- Vidarebefordrat meddelande ----------",
    "---------- Videresendt meddelelse ----------",
    "-------- Välitetty viesti / Fwd.Msg --------",
]  # fmt: skip


@pytest.mark.parametrize("above", ABOVE_MAILS)
def test_what_a_client_writes_above_an_unmarked_mail_is_cut_with_it(above: str) -> None:
    assert newest_words(f"{ANSWER}\n\n{above}\n\n{UNMARKED}") == ANSWER


@pytest.mark.parametrize("line", FORWARDS)
def test_forwarded_mail_is_kept(line: str) -> None:
    text = f"See below.\n\n{line}\nVon: Bob <b@x.example>\nDatum: x\nBetreff: y\n\nHi"
    assert newest_words(text) == text
