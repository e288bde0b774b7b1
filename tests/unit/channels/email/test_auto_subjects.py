# ruff: noqa: RUF001 - subjects of many scripts
"""Automatic subjects of many languages, and people's subjects that sound alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.channels.email.meaning.auto_subjects import is_automatic
from supportbot.channels.email.meaning.disposition import Evidence, judge
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.model.inbound import DispositionKind

AUTOMATIC = [
    "Automatic reply: Your order", "AutoReply: Your order", "Auto-Reply: Order", "Auto: Order",
    "Auto Response: Order", "[Auto-Reply] Order", "Automated response", "Out of Office: Order",
    "Out of Office AutoReply: Order", "Out of office", "Out of the office until 5 May", "OOO: Ann",
    "RE: Automatic reply: Order", "Away until May 5", "On vacation", "On annual leave from 3 May",
    "I am on holiday (was: Order)", "Vacation reply: Order",
    "Abwesenheitsnotiz: Bestellung", "Abwesenheitsmeldung", "Automatische Antwort: Bestellung",
    "AW: Automatische Antwort: Bestellung", "Nicht im Büro", "Im Urlaub bis 5. Mai",
    "Ich bin derzeit nicht erreichbar", "Automatische Rückmeldung",
    "Réponse automatique : commande", "Réponse automatique\u00a0: commande", "Absence du bureau",
    "En congés jusqu'au 5 mai", "Message d'absence : Ann",
    "Respuesta automática: pedido", "Respuesta automatica: pedido", "Fuera de la oficina",
    "De vacaciones hasta el 5 de mayo", "Risposta automatica: ordine", "Fuori sede: ordine",
    "In ferie fino al 5 maggio", "Fuori ufficio Re: ordine",
    "Automatisch antwoord: bestelling", "Automatische reactie", "Afwezigheidsbericht: x",
    "Niet op kantoor", "Op vakantie tot 5 mei",
    "Autosvar: Order", "Automatiskt svar: order", "Frånvaro: order", "På semester",
    "Automatisk svar: ordre", "Fraværsbesked", "Fravær: ordre", "Ikke på kontoret",
    "Automaattinen vastaus: tilaus", "Poissa toimistosta",
    "Autoodpowiedź: zamówienie", "Odpowiedź automatyczna: zamówienie", "Nieobecność",
    "Automatyczna odpowiedź: zamówienie", "Poza biurem",
    "Resposta automática: pedido", "Fora do escritório", "De férias até 5 de maio",
    "Automatická odpověď: objednávka", "Mimo kancelář", "Automatikus válasz: rendelés",
    "Otomatik yanıt: sipariş", "Ofis dışında", "Răspuns automat: comandă",
    "Автоответ: заказ", "Автоматический ответ: заказ", "Вне офиса", "В отпуске до 5 мая",
    "Автоматична відповідь: замовлення", "Αυτόματη απάντηση: παραγγελία",
    "自動返信: 注文", "自動応答：注文", "不在通知", "不在のお知らせ",
    "自动回复: 订单", "自动答复：订单",
    "自動回覆: 訂單", "자동 회신: 주문", "부재중: 주문", "Trả lời tự động: đơn hàng",
]  # fmt: skip

BY_PEOPLE = [
    "Your automatic reply feature is broken", "Automatic reply does not work",
    "Automatic replies for my shop", "Auto insurance", "Automatic renewal",
    "On holiday I lost my card", "Out of office hours support?", "Away from home, where is it?",
    "Vacation rental booking", "Leave request form", "Urlaub gebucht, aber kein Geld zurück",
    "Abwesenheit im Kalender eintragen geht nicht", "Automatische Antwort einrichten",
    "Im Urlaub Ware bestellt", "Absence de réponse", "Absence de colis",
    "Réponse automatique impossible à désactiver", "Vacances annulées",
    "Respuesta a mi pedido", "Ausente el repartidor", "Ferie prenotate", "Autosvars funktion",
    "Automatyczna faktura", "不在票が届きました", "自动续费问题", "自動更新について",
    "Re: Auto", "OOOH nice", "Nicht im Lieferumfang", "",
]  # fmt: skip


@pytest.mark.parametrize("subject", AUTOMATIC)
def test_automatic_subject_is_told(subject: str) -> None:
    assert is_automatic(subject)


@pytest.mark.parametrize("subject", BY_PEOPLE)
def test_subject_of_a_person_is_told_from_an_automatic_one(subject: str) -> None:
    assert not is_automatic(subject)


def test_alone_it_only_suppresses_and_beside_a_header_it_is_machine_mail() -> None:
    raw = "From: ann@cust.example\nSubject: Automatic reply: Order\n"
    alone = judge(Evidence(parse_mail(f"{raw}\nx".encode())))
    assert (alone.kind, alone.reply_allowed) == (DispositionKind.HUMAN, False)
    assert alone.reasons == ("auto_subject",)
    confirmed = f"{raw}X-Auto-Response-Suppress: All\n\nx"
    assert judge(Evidence(parse_mail(confirmed.encode()))).kind is DispositionKind.AUTO_REPLY


@pytest.mark.parametrize("unit", ["re: ", "[", " ", "auto", "aw:", "out of ", "im urlaub "])
def test_hostile_subject_takes_bounded_time(unit: str, grows_linearly: Callable[..., None]) -> None:
    grows_linearly(lambda n: is_automatic(unit * n), 5_000)
