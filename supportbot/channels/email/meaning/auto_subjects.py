# ruff: noqa: RUF001 - words of many scripts: their letters look alike on purpose
"""Subjects of automatic replies, as mail programs and people of many languages write them.

A customer may write about automatic replies or holidays too: what could begin a sentence counts
only where nothing, a mark or a time follows.
"""

from __future__ import annotations

import re
from typing import Final

_MAX_SUBJECT_CHARS: Final = 300
_PREFIX: Final = (
    r"\s*(?:(?:re|aw|sv|antw|odp|vs|ynt|回复|答复|回覆|返信)\s?[:：]\s*){0,3}[\[(*]?\s?"
)

#: No sentence of a person begins so.
_SURE: Final = (
    r"auto(?:-|\s)?(?:reply|respon[sd]e?r?|resposta|respuesta|svar|odpowied[zź]|vastaus)\s?[:：\])]"
    r"|auto\s?[:：]|autosvar\b|autoreply|autoresponder|\[auto\]"
    r"|out of (?:the )?office(?! (?:hours|suppl|equip|software|work))|\booo\s?[:：-]"
    r"|vacation (?:auto-?)?(?:reply|response|responder|notice|message)"
    r"|abwesenheits(?:notiz|assistent|agent|meldung|nachricht|info|mitteilung|benachrichtigung)"
    r"|urlaubs(?:notiz|meldung|benachrichtigung)|außer haus|nicht im (?:büro|hause?)\b"
    r"|absence du bureau|absent\(?e?\)? du bureau|message d['’]absence|avis d['’]absence"
    r"|notification d['’]absence"
    r"|fuera de (?:la )?oficina|mensaje de ausencia|aviso de ausencia"
    r"|fuori (?:sede|ufficio)|avviso di assenza"
    r"|fora do escrit[óo]rio|aus[êe]ncia tempor[áa]ria|mensagem de aus[êe]ncia"
    r"|afwezigheids(?:bericht|melding|assistent)|niet op kantoor"
    r"|frånvaro(?:meddelande|assistent)|fraværs?(?:besked|melding|assistent)|ikke på kontoret"
    r"|ej på kontoret|inte på kontoret|poissaolo(?:viesti|ilmoitus)|poissa toimistosta"
    r"|poza biurem|informacja o nieobecno|mimo kancel[áa]|házon kívül|irodán kívül|ofis dışında"
    r"|вне офиса|нет на месте|αυτόματη απάντηση|εκτός γραφείου|поза офісом"
    r"|外出(?:自动|通知)|休假(?:通知|自动|中)|不在(?:通知|のお知らせ|連絡)|부재중|부재 중"
)
#: `Automatic reply` in the words of the programs.
_REPLY: Final = (
    r"auto(?:mat(?:ic|ed))?[- ]?(?:reply|response|answer|acknowledge?ment)"
    r"|automatische (?:antwort|r(?:ü|ue)ckmeldung|reacti?e|reaktion|e-?mail)|automatisch antwoord"
    r"|r[ée]ponse automatique|(?:respuesta|resposta) autom[áa]tica|risposta automatica"
    r"|automatiskt? (?:svar|besked)|automaattinen vastaus"
    r"|automatyczna odpowied[zź]|odpowiedź automatyczna|autoodpowied[zź]"
    r"|automatick[áa] odpov[eě][dď]|automatikus v[áa]lasz|otomatik (?:yan[ıi]t|cevap)"
    r"|r[ăa]spuns automat|automatski odgovor|samodejni odgovor|автоматичен отговор"
    r"|авто(?:матический |)ответ|автоматична відповідь|автовідповідь"
    r"|自[动動](?:回[复覆復]|答[复覆]|返信|応答|回信)|자동 ?(?:응답|회신|답장)|ตอบกลับอัตโนมัติ"
    r"|trả lời tự động|balasan otomatis|jawapan automatik|تلقائي|رد تلقائي|תשובה אוטומטית"
)
#: Where somebody is, said without more.
_STATE: Final = (
    r"(?:i am |i'm )?(?:away|on (?:vacation|holidays?|leave|annual leave|parental leave"
    r"|maternity leave|sick leave)|out (?:today|this week))"
    r"|(?:ich bin )?(?:derzeit |zur ?zeit )?(?:im urlaub|abwesend|nicht erreichbar)"
    r"|abwesenheit|absen[ct]e?|en vacances|en cong[ée]s?|de vacaciones|ausente|ausencia"
    r"|in ferie|assente|assenza|de f[ée]rias|aus[êe]ncia|op vakantie|met verlof|afwezig(?:heid)?"
    r"|frånvaro|frånvarande|på semester|fravær(?:ende)?|på ferie|poissa|lomalla"
    r"|nieobecno[sś][cć]|nieobecn[ya]|na urlopie|nep[řr][íi]tomnost|dovolen[áa]|szabads[áa]gon"
    r"|t[áa]voll[ée]t|izinde(?:yim)?|в отпуске|отсутствую|отсутствие|у відпустці|不在|休假"
)
_NO_MORE: Final = r"\s*(?:$|[:：;!.,|\-–—~()\[\]*\"“„]|(?:re|aw|fwd?)\s?[:：])"
_UNTIL: Final = (
    r"\s+(?:until|till|through|thru|bis|jusqu|hasta|fino|até|tot|til og med|saakka|asti|до)"
    # `From` alone goes on with a place as well; with a number behind it, it is a date.
    r"|\s+(?:[^\W\d]{1,6}\s+){0,3}\d"
)
_AUTO: Final = re.compile(
    rf"{_PREFIX}(?:{_SURE}"
    rf"|(?:{_REPLY})(?:{_NO_MORE}|\s+(?:from|by|von|de|von|da|van|från|fra|od|от)\b)"
    rf"|(?:{_STATE})(?:{_NO_MORE}|{_UNTIL}))",
    re.IGNORECASE,
)


def is_automatic(subject: str) -> bool:
    """Tell whether a subject reads like an automatic reply's: a weak sign, people write so too."""
    return _AUTO.match(subject[:_MAX_SUBJECT_CHARS]) is not None
