# ruff: noqa: RUF001 - patterns of many scripts: their letters look alike on purpose
"""How mail clients mark what is not new: attributions, header blocks, signatures, forwards.

Patterns look at one line of bounded length, or at three short lines joined, so that the whole
stays linear. Words are those of the clients' own translations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_MAX_LINE_CHARS: Final = 400
_MAX_LINES: Final = 4
#: So many different headers make a block; a customer's `From:` or `To:` alone is prose.
_ENOUGH_HEADERS: Final = 3

#: Verbs of "On ... X wrote:", with which (or with an address) the line ends.
_WROTE: Final = re.compile(
    r"\b(?:wrote|writes|écrit|escribi[óo]|escreveu|ha scritto|scritto|schrieb|geschrieben|schreef"
    r"|geschreven|skrev|skrifaði|kirjoitti|napisał(?:\(a\)|a)?|napsal(?:\(a\)|a)?|napísal"
    r"|a scris|je napisa[ol]|napisao|написал(?:а|\(а\))?|пише(?:т)?|писал(?:а)?|написа|έγραψε"
    r"|yazdı|írta|ezt írta|a írt|đã viết|menulis|menulis)\b|写道|寫道|写到|のメール|書きました"
    r"|님이 작성|작성:|wrote|כתב|كتب|เขียนว่า",
    re.IGNORECASE,
)
#: It starts with a date, a word or two and then a date, or a name with an address.
_STARTS: Final = re.compile(
    r"\d{1,4}[.\-/ 年년]|[\"“]?[^\W\d_]{1,12}[.,]{0,2}\s[^\d:]{0,24}\d|在|於"
    r"|[\"“«]?[^\W\d_][^<>@:]{0,60}<[^<>\s]{3,100}@[^<>\s]{3,100}>",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(r"\d{4}|\d{1,2}[:.h]\d{2}|\d{1,2}[./\-]\d{1,2}|\S@\S")
_SURE: Final = re.compile(r"\d{1,2}[:.h]\d{2}(?!\d)|\S@\S")
_ISO_FROM: Final = re.compile(r"\d{4}-\d\d-\d\d .{0,200}<[^<>]{3,200}>\s*[:：]$")

_LABELS: Final = {
    "from": "from von de da od fra från van lähettäjä feladó kimden gönderen expéditeur remitente"
    " mittente afzender avsändare afsender nadawca odesílatel expeditor от відправник από 发件人"
    " 寄件者 寄件人 差出人 보낸사람 보낸 사람 מאת من",
    "sent": "sent date gesendet datum envoyé enviado enviada el inviato data verzonden skickat"
    " sendt"
    " sendt: dato wysłano odesláno odoslané lähetetty küldve elküldve gönderildi tarih trimis"
    " отправлено дата надіслано ημερομηνία 发送时间 日期 寄件日期 送信日時 日時 날짜 보낸날짜 fecha"
    " päivämäärä",
    "to": "to an à para a aan till til do komu címzett kime către кому"
    " προς 收件人 收件者 宛先 받는사람"
    " vastaanottaja alıcı per cc kopie copie kopia cci",
    "subject": "subject betreff objet asunto assunto oggetto onderwerp ämne emne temat předmět"
    " predmet"
    " aihe tárgy konu subiect тема θέμα 主题 主旨 件名 제목",
}
_LABEL_OF: Final = {word: kind for kind, words in _LABELS.items() for word in words.split()}
_HEADER_LINE: Final = re.compile(
    r"\s{0,4}[*_]{0,2}([^\W\d_][^:*：\d]{0,19})[*_]{0,2}\s?[:：]\s?[*_]{0,2}\s?(\S|$)"
)

_ORIGINAL: Final = re.compile(
    r"\s{0,4}[-_=*]{2,}\s?(?:original[- ](?:message|e?mail|nachricht)"
    r"|ursprüngliche (?:nachricht|mail)"
    r"|urspr\. nachricht|message d['’]origine|mensaje original|mensagem original"
    r"|messaggio originale|oorspronkelijk bericht|ursprungligt meddelande|originalmeddelande"
    r"|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna"
    r"|původní zpráva|pôvodná správa|eredeti üzenet|özgün ileti|исходное сообщение"
    r"|пересылаемое сообщение|αρχικό μήνυμα"
    r"|原始邮件|邮件原件|元のメッセージ|원본 메시지)\s?[-_=*]{2,}",
    re.IGNORECASE,
)
_FORWARD: Final = re.compile(
    r"\s{0,4}(?:[-_=*]{2,}\s?)?(?:begin )?(?:forwarded (?:message|by)|weitergeleitete nachricht"
    r"|anfang der weitergeleiteten|message (?:transféré|réexpédié)|début du message"
    r"|mensaje reenviado"
    r"|mensagem (?:encaminhada|reenviada)|messaggio inoltrato|inizio messaggio|doorgestuurd bericht"
    r"|vidarebefordrat|videresendt|välitetty viesti|edelleenlähetetty|przekazana wiadomość"
    r"|přeposlaná|továbbított|iletilmiş|пересланное|转发|轉寄|転送)[^.?!]{0,40}$",
    re.IGNORECASE,
)
FORWARD_SUBJECT: Final = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|i|vs|vb|vl|pd|doorst|fs|továbbítás|ilt|转发|轉寄|転送)\s?[:：]",
    re.IGNORECASE,
)
_SENT_FROM: Final = re.compile(
    r"\s{0,4}[-–—*_(\[<]{0,3}\s?(?:sent|sendt|skickat|skickades|enviado|inviato|envoyé|verzonden"
    r"|verstuurd|gesendet|von mein|diese nachricht wurde|wysłan[eoy]|odeslán[oa]|lähetetty|küldve"
    r"|elküldve|gönderildi|отправлено|trimis|get|hol(?:en sie)?|outlook|télécharger|obtenir|obtener"
    r"|scarica|downloade?|iphone|发自我的|發自我的|从我的)",
    re.IGNORECASE,
)
#: What such a line advertises; without it the line is the customer's.
_DEVICE: Final = re.compile(
    r"iphone|ipad|ipod|android|samsung|galaxy|blackberry|outlook|windows|huawei|xiaomi|nokia|pixel"
    r"|proton\s?mail|yahoo|gmx|web\.de|aol|\bmail(?:app)?\b.*\b(?:app|für|for|pour)\b"
    r"|smartphone|tablet"
    r"|mobil|móvil|mobiel|handy\b|\bphone\b|telefon|téléphone|cellulare|手机|手機",
    re.IGNORECASE,
)
_MAX_DEVICE_CHARS: Final = 120
_SIGNATURE: Final = re.compile(r"(?:--|—|__) ?$")
_RULE_LINE: Final = re.compile(r"\s{0,4}(?:_{8,}|-{8,}|={8,}|\*{8,})\s{0,4}$")
_QUOTED: Final = re.compile(r" {0,3}>")


def is_quoted(line: str) -> bool:
    """Tell whether the line starts with a quote mark."""
    return _QUOTED.match(line) is not None


def is_signature(line: str) -> bool:
    """Tell whether the line separates a signature (`-- ` and what programs make of it)."""
    return len(line) <= len("-- ") and _SIGNATURE.match(line) is not None


def is_device(line: str) -> bool:
    """Tell whether the line is a device's advertisement: `Sent from my iPhone`."""
    if len(line) > _MAX_DEVICE_CHARS or not _SENT_FROM.match(line):
        return False
    return _DEVICE.search(line) is not None


def is_rule(line: str) -> bool:
    """Tell whether the line is drawn: underscores or dashes only."""
    return _RULE_LINE.match(line[:200]) is not None


def is_original(line: str) -> bool:
    """Tell whether the line says `-----Original Message-----`."""
    return _ORIGINAL.match(line[:_MAX_LINE_CHARS]) is not None


def is_forward(line: str) -> bool:
    """Tell whether the line opens a forwarded mail."""
    return len(line) <= _MAX_LINE_CHARS and _FORWARD.match(line) is not None


def attribution(lines: Sequence[str]) -> int:
    """Return how many of these lines, from the first, say `On <date>, <name> wrote:`; 0 if none.

    Clients wrap it over up to four lines; a blank line ends it.
    """
    joined = ""
    for count, line in enumerate(lines[:_MAX_LINES], 1):
        text = line.strip(" \t>*_") if count > 1 else line.strip()
        if not text or len(joined) + len(text) > _MAX_LINE_CHARS:
            return 0
        joined = f"{joined} {text}" if joined else text
        if count == 1 and not _STARTS.match(joined):
            return 0
        ends = joined.endswith((":", "：", ": *")) or joined.rstrip("* ").endswith(":")
        if ends and _says_so(joined):
            return count
        if ends and count > 1:
            return 0
    return 0


def is_sure(attribution_line: str) -> bool:
    """Tell whether an attribution names an address or a time of day: no prose does."""
    return _SURE.search(attribution_line) is not None


def _says_so(joined: str) -> bool:
    if _ISO_FROM.match(joined):
        return True
    return bool(_WROTE.search(joined) and _WHEN.search(joined))


def header_block(lines: Sequence[str]) -> int:
    """Return how many of these lines, from the first, are a quoted mail's headers; 0 if none.

    At least three different ones out of from, sent, to and subject, the first being `From`.
    """
    kinds: set[str] = set()
    last = 0
    for count, line in enumerate(lines[:9], 1):
        label = _label(line)
        if count == 1 and label != "from":
            return 0
        if label:
            kinds.add(label)
            last = count
        elif not line.strip() and len(kinds) >= _ENOUGH_HEADERS:
            break
    return last if len(kinds) >= _ENOUGH_HEADERS else 0


def _label(line: str) -> str | None:
    found = _HEADER_LINE.match(line[:80])
    if not found:
        return None
    return _LABEL_OF.get(found[1].strip().lower())
