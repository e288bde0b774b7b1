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
_MAX_BLOCK_LINES: Final = 9
_MAX_SIGNATURE_LINES: Final = 12
_MAX_UNSURE_SIGNATURE_LINES: Final = 8
_MAX_SIGNATURE_CHARS: Final = 90
#: So many different headers make a block; a customer's `From:` or `To:` alone is prose.
_ENOUGH_HEADERS: Final = 3

#: Verbs of "On ... X wrote:", with which (or with an address) the line ends.
_WROTE: Final = re.compile(
    r"\b(?:wrote|writes|écrit|escribi[óo]|escreveu|ha scritto|scritto|schrieb|geschrieben|schreef"
    r"|geschreven|skrev|skrifaði|kirjoitti|napisał(?:\(a\)|a)?|napisana|pisze"
    r"|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?"
    r"|a scris|va escriure|(?:je )?napisa[ol]a?|написал(?:а|\(а\))?|написа(?:в)?|пише(?:т)?"
    r"|писал(?:а)?|έγραψε|yazdı|írta|rašė|rakstīja|kirjutas|đã viết|menulis)\b"
    r"|写道|寫道|写到|提到|쓴 글|のメール|書きました|님이 작성|작성:|כתב|كتب|نوشت|เขียนว่า|ने लिखा",
    re.IGNORECASE,
)
#: It starts with a date, a word or two and then a date, or a name with an address.
_STARTS: Final = re.compile(
    r"\d{1,4}[.\-/ 年년]|[\"“]?[^\W\d_]{1,12}[.,]{0,2}\s[^\d:]{0,24}\d|在|於"
    r"|[\"“«]?[^\W\d_][^<>@:]{0,60}<[^<>\s]{3,100}@[^<>\s]{3,100}>",
    re.IGNORECASE,
)
#: A customer tells who wrote; programs give a name.
_SOMEBODY: Final = re.compile(
    r"\b(?:i|he|she|they|we|you) wrote\b|\bschrieb (?:mir|uns|ich|er|sie|man)\b"
    r"|\b(?:j['’]ai|il a|elle a|on a|m['’]a|nous a) écrit\b|\b(?:me|nos|le) escribi[óo]\b"
    r"|\b(?:mi|ci|gli) ha scritto\b|\bschreef (?:ik|hij|zij|mij|ons)\b"
    r"|\bskrev (?:jag|han|hon|de|jeg|hun|du)\b",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(r"\d{4}|\d{1,2}[:.h]\d{2}|\d{1,2}[./\-]\d{1,2}|\S@\S")
_TIME: Final = re.compile(r"\d{1,2}[:.h]\d{2}(?!\d)")
_SURE: Final = re.compile(r"\d{1,2}[:.h]\d{2}(?!\d)|\S@\S")
_BRACKETED: Final = re.compile(r"[<\[](?:mailto:)?[^<>\s]{1,64}@[^<>\s]{1,200}[>\]]")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
#: Some programs use no verb: a date, a time, and `Name <address>:`.
_ENDS_WITH_ADDRESS: Final = re.compile(r"<?[^<>\s]{1,64}@[^<>\s]{1,100}>\s?[:：]$")
#: `Bob Builder wrote:` above a quote, without a date.
_NAME_WROTE_WORDS: Final = 6
#: Zoho: `---- On Mon, 1 Feb 2016 Bob <bob@x> wrote ----`.
_DASHED: Final = re.compile(r"-{2,10}\s(.{10,380}?)\s?-{2,10}$")
#: Marks of writing direction, which stand anywhere in lines of Hebrew and Arabic clients.
_DIRECTIONS: Final = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e"))

_LABELS: Final = {
    "from": "from, von, de, da, od, fra, från, van, lähettäjä, feladó, kimden, gönderen,"
    " expéditeur, remitente, mittente, afzender, avsändare, afsender, nadawca, odesílatel,"
    " expeditor, de la, от, від, отправник, από, saatja, nuo, šalje, pošiljatelj,"
    " 发件人, 发自, 寄件者, 寄件人, 差出人, 보낸사람, 보낸 사람, 发送人, מאת, من, từ,"
    " dari, จาก, از, से",
    "sent": "sent, date, sent on, gesendet, datum, envoyé, enviado, enviada, enviado el,"
    " enviada em, enviado em, inviato, data, verzonden, skickat, sendt, dato, wysłano, odesláno,"
    " odoslané, lähetetty, küldve, elküldve, gönderildi, tarih, trimis, отправлено, дата,"
    " надіслано, изпратено, ημερομηνία, στάλθηκε, отправлен, saadetud, nosūtīts, išsiųsta,"
    " poslano, 发送时间, 时间, 日期, 发送日期, 寄件日期, 送信日時, 日時, 날짜, 보낸날짜, 보낸 날짜,"
    " fecha, päivämäärä, נשלח, תאריך, تاريخ الإرسال, تم الإرسال, تاريخ, đã gửi, ngày,"
    " terkirim, dikirim, tanggal, ส่ง, วันที่",
    "to": "to, an, à, para, a, aan, till, til, do, komu, címzett, kime, către, кому, до, προς,"
    " 收件人, 收件者, 宛先, 받는사람, 받는 사람, vastaanottaja, alıcı, per,"
    " destinataire, destinatario, cc, kopie, copie, kopia, cci,"
    " אל, إلى, đến, kepada, ถึง, prejemnik, prima, kam, kellele, za, na",
    "subject": "subject, betreff, objet, asunto, assunto, oggetto, onderwerp, ämne, emne, temat,"
    " předmět, predmet, aihe, tárgy, konu, subiect, тема, относно, θέμα, 主题, 主旨, 件名, 제목,"
    " sujet, assumpte, tema, teema, naslov, zadeva, נושא, الموضوع, chủ đề, subjek, perihal, เรื่อง",
}
_LABEL_OF: Final = {
    label.strip(): kind for kind, labels in _LABELS.items() for label in labels.split(",")
}
_HEADER_LINE: Final = re.compile(
    r"\s{0,4}[*_]{0,2}([^\W\d_][^:*：\d]{0,19})[*_]{0,2}\s{0,4}[:：][*_ \t]{0,20}(\S|$)"
)
#: Any label, in a language that is not known, below a drawn line.
_ANY_LABEL: Final = re.compile(r"\s{0,4}[*_]{0,2}[^\W\d_][^:：\d]{0,24}[:：]")

_ABOVE: Final = re.compile(
    r"\s{0,4}[-#=_*~ ]{0,20}\s?(?:(?:please )?(?:type |write |enter )?(?:your )?repl(?:y|ies) "
    r"(?:should be )?(?:above|over) (?:this|the) line|write above this line"
    r"|bitte (?:antworten sie |nur )?(?:ober|über)halb dieser (?:linie|zeile)"
    r"|antwort(?:en)? (?:bitte )?(?:ober|über)halb dieser (?:linie|zeile)"
    r"|(?:veuillez )?(?:répondre|répondez|écrire|écrivez) au[- ]dessus de cette ligne"
    r"|(?:por favor,? )?(?:escriba|responda|responde) (?:su respuesta )?(?:por )?encima de esta"
    r" línea"
    r"|(?:digite|escreva|responda) (?:sua resposta )?acima desta linha"
    r"|(?:scrivi|rispondi|rispondere) (?:la (?:tua )?risposta )?sopra questa (?:linea|riga)"
    r"|(?:typ |beantwoord |antwoord )?(?:uw antwoord )?boven deze (?:lijn|regel)"
    r"|svara ovanför denna rad|svar over denne linje|skriv (?:ditt )?svar(?:et)? over denne linj"
    r"|この(?:線|行)より上に|请在此行(?:上方|以上)|请在这条线上方)",
    re.IGNORECASE,
)
_ORIGINAL: Final = re.compile(
    r"\s{0,4}[-_=*]{2,}\s?(?:original[- ](?:message|e?mail|nachricht)"
    r"|ursprüngliche (?:nachricht|mail)"
    r"|urspr\. nachricht|message d['’]origine|mensaje original|mensagem original"
    r"|messaggio originale|oorspronkelijk bericht|ursprungligt meddelande|originalmeddelande"
    r"|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna"
    r"|původní zpráva|pôvodná správa|eredeti üzenet|özgün ileti|orijinal ileti"
    r"|исходное сообщение|оригинальное сообщение|αρχικό μήνυμα|mesaj original"
    r"|izvorna poruka|izvirno sporočilo|оригінальне повідомлення|הודעה מקורית|الرسالة الأصلية"
    r"|原始邮件|邮件原件|原始郵件|回复的原邮件|元のメッセージ|원본 메시지|원본 메일|tin nhắn gốc)"
    r"\s?[-_=*]{2,}",
    re.IGNORECASE,
)
_FORWARD: Final = re.compile(
    r"\s{0,4}(?:[-_=*]{2,}\s?)?(?:begin )?(?:forwarded (?:message|by)|weitergeleitete nachricht"
    r"|anfang der weitergeleiteten|message (?:transféré|réexpédié)|début du message"
    r"|mensaje reenviado"
    r"|inicio del mensaje reenviado|mensagem (?:encaminhada|reenviada)|messaggio inoltrato"
    r"|inizio messaggio|doorgestuurd bericht|begin doorgestuurd"
    r"|vidarebefordrat|vidaresänt|videresendt|videresend|välitetty viesti|edelleenlähetetty"
    r"|przekazana wiadomość|wiadomość przekazana|přeposlaná|preposlaná|továbbított|iletilmiş"
    r"|пересланное|пересылаемое|пересилане|προωθημένο|mesaj redirecționat|proslijeđena"
    r"|הודעה שהועברה|رسالة معاد|转发|轉寄|転送|전달된)"
    r"[^.?!]{0,40}(?:$|\.msg)",
    re.IGNORECASE,
)
_SIGNATURE: Final = re.compile(r"(?:--|—|__) ?$")
#: As RFC 3676 4.3 writes it; without the space it may be a customer's own line.
_STANDARD_SIGNATURE: Final = "-- "
_POSTSCRIPT: Final = re.compile(r"\s{0,4}p\.?\s?s\b", re.IGNORECASE)
_DELIMITER: Final = re.compile(r"\s{0,4}(?:[-_=*~—–]\s?){2,80}$")
_RULE_LINE: Final = re.compile(r"\s{0,4}(?:_{8,}|-{8,}|={8,}|\*{8,})\s{0,4}$")
_QUOTED: Final = re.compile(r" {0,3}>")


def is_quoted(line: str) -> bool:
    """Tell whether the line starts with a quote mark."""
    return _QUOTED.match(line) is not None


def is_signature(line: str) -> bool:
    """Tell whether the line separates a signature (`-- ` and what programs make of it)."""
    return len(line) <= len("-- ") and _SIGNATURE.match(line) is not None


def may_be_signature(mark: str, lines: Sequence[str]) -> bool:
    """Tell whether what stands below a mark reads like a signature: brief, and asking nothing."""
    if lines and _POSTSCRIPT.match(lines[0]):
        return False
    if mark.startswith(_STANDARD_SIGNATURE):
        return len(lines) <= _MAX_SIGNATURE_LINES
    brief = len(lines) <= _MAX_UNSURE_SIGNATURE_LINES
    return brief and not any(
        len(line) > _MAX_SIGNATURE_CHARS or line.rstrip().endswith(("?", "？")) for line in lines
    )


def is_rule(line: str) -> bool:
    """Tell whether the line is drawn: underscores or dashes only."""
    return _RULE_LINE.match(line[:200]) is not None


def is_delimiter(line: str) -> bool:
    """Tell whether the line holds nothing but dashes, stars or the like."""
    return _DELIMITER.match(line[:200]) is not None


def is_original(line: str) -> bool:
    """Tell whether the line says `-----Original Message-----` or `Reply above this line`."""
    if len(line) > _MAX_LINE_CHARS:
        return False
    return _ORIGINAL.match(line) is not None or _ABOVE.match(line) is not None


def is_forward(line: str) -> bool:
    """Tell whether the line opens a forwarded mail."""
    return len(line) <= _MAX_LINE_CHARS and _FORWARD.match(line) is not None


def attribution(lines: Sequence[str]) -> int:
    """Return how many of these lines, from the first, say `On <date>, <name> wrote:`; 0 if none.

    Clients wrap it over up to four lines; a blank line ends it.
    """
    joined = ""
    for count, line in enumerate(lines[:_MAX_LINES], 1):
        text = _plain(line).strip(" \t>*_" if count > 1 else None)
        if not text or len(joined) + len(text) > _MAX_LINE_CHARS:
            return 0
        joined = f"{joined} {text}" if joined else text
        if count == 1:
            dashed = _DASHED.fullmatch(joined)
            joined = f"{dashed[1]}:" if dashed else joined
        ends = joined.rstrip("* ").endswith((":", "："))
        if count == 1 and not (_STARTS.match(joined) or (ends and "@" in joined)):
            return 0
        if ends and _says_so(joined, lines[count : count + 1]):
            return count
        if ends and count > 1:
            return 0
    return 0


def may_attribute(line: str) -> bool:
    """Tell whether a line right above a quote may name its author, in whatever language.

    It ends with a colon, and names an address or says no more than that somebody wrote.
    """
    text = _plain(line[:_MAX_LINE_CHARS]).strip(" \t*_")
    if not text.endswith((":", "：")):
        return False
    brief = len(text.split()) <= _NAME_WROTE_WORDS
    return "@" in text or (brief and _WROTE.search(text) is not None)


def is_sure(attribution_line: str) -> bool:
    """Tell whether an attribution names an address or a time of day: no prose does."""
    return _SURE.search(attribution_line) is not None


def _plain(line: str) -> str:
    return line if line.isascii() else line.translate(_DIRECTIONS)


def _says_so(joined: str, below: Sequence[str]) -> bool:
    if _WROTE.search(joined) and _WHEN.search(joined):
        return _SOMEBODY.search(joined) is None
    # Without a verb it may be a line of a log; those go on right below.
    apart = not any(line.strip() and not is_quoted(line) for line in below)
    dated = _YEAR.search(joined) and _TIME.search(joined)
    return bool(apart and dated and _ENDS_WITH_ADDRESS.search(joined[-200:]))


def header_block(lines: Sequence[str]) -> int:
    """Return how many of these lines, from the first, are a quoted mail's headers; 0 if none.

    At least three different ones out of from, sent, to and subject, with an address or a subject:
    `From: Berlin, To: Rome, Date: ...` are a customer's words.
    """
    kinds: dict[str, None] = {}
    addressed = False
    last = 0
    for count, line in enumerate(lines[:_MAX_BLOCK_LINES], 1):
        label = _label(line)
        if count == 1 and not label:
            return 0
        if label:
            kinds[label] = None
            last = count
        elif not line.strip() and len(kinds) >= _ENOUGH_HEADERS:
            break
        addressed = addressed or "@" in line[:_MAX_LINE_CHARS]
    if len(kinds) < _ENOUGH_HEADERS or not {"from", "sent"} <= kinds.keys():
        return 0
    led = next(iter(kinds)) == "from" and "subject" in kinds
    return last if led or addressed else 0


def unknown_block(lines: Sequence[str]) -> int:
    """Return how many lines below a drawn line are headers in a language that is not known.

    They are labelled without a gap, and hold an address in brackets, a year and a time.
    """
    count = 0
    for line in lines[:_MAX_BLOCK_LINES]:
        if not _ANY_LABEL.match(_plain(line[:80])):
            break
        count += 1
    said = " ".join(line[:_MAX_LINE_CHARS] for line in lines[:count])
    dated = _YEAR.search(said) and _TIME.search(said)
    return count if count >= _ENOUGH_HEADERS and _BRACKETED.search(said) and dated else 0


def _label(line: str) -> str | None:
    found = _HEADER_LINE.match(_plain(line[:80]))
    if not found:
        return None
    return _LABEL_OF.get(found[1].strip().lower())
