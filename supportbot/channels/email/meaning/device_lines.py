# ruff: noqa: RUF001 - lines of many scripts: their letters look alike on purpose
"""The lines that phones and mail programs put below a mail: `Sent from my iPhone`.

A customer writes about phones too: a line counts only if it begins or ends as the programs' own
do, names a device or a program, asks nothing, and is short.
"""

from __future__ import annotations

import re
from typing import Final

_MAX_CHARS: Final = 400
_MAX_SHOWN_CHARS: Final = 100
_LINK: Final = re.compile(r"[<(\[]?https?://\S{1,300}")
_BEGINS: Final = re.compile(
    r"[ \t\-–—*_(\[<\u200e\u200f\u202b]{0,8}(?:"
    r"sent (?:from|via|using|with|by|on)\b|sendt (?:fra|med|via)\b|skickat från|skickades från"
    r"|skickat (?:med|via)\b|enviad[oa] (?:desde|do|da|de|del|pel[oa]|via|con|com|a partir)\b"
    r"|inviato (?:da|dal|dalla|dall['’]|con|tramite|via)\b"
    r"|envoyé (?:de|depuis|du|avec|à partir|par)\b"
    r"|verzonden (?:vanaf|met|via|van|vanuit)\b|verstuurd (?:vanaf|met|via|van|vanuit)\b"
    r"|gesendet (?:von|mit|über|via|vom)\b|von (?:meinem|meiner) .{2,40} gesendet"
    r"|(?:diese (?:nachricht|e-?mail)|this (?:message|e-?mail)) (?:wurde|was) (?:von|mit|sent)\b"
    r"|wysłan[eoy] (?:z|za|przy|ze)\b|odeslán[oa] (?:z|ze|pomocí)\b|odoslané (?:z|zo|pomocou)\b"
    r"|lähetetty \w{3,30}(?:sta|stä|lla|llä)\b"
    r"|lähetetty \w{3,30}\s(?:\w{2,20}\s)?\w{3,30}(?:sta|stä)\b"
    r"|(?:el)?küldve .{2,40}(?:ról|ről|ból|ből|val|vel)\b|отправлено (?:с|из|через)\b"
    r"|надіслано (?:з|із|зі)\b|изпратено от\b|trimis (?:de|din|cu|prin)\b|στάλθηκε από"
    r"|poslano (?:s|z|sa)\b"
    r"|נשלח מ|أرسلت من|أُرسلت من|تم الإرسال من|مرسل من|gửi từ|dikirim dari|ส่งจาก|saadetud minu"
    r"|išsiųsta iš|nosūtīts no|sent fra|发自我的|發自我的|从我的|來自我的|来自我的"
    r"|(?:get|download|try) (?:outlook|yahoo mail|gmail|spark|bluemail|aqua mail|proton mail) "
    r"(?:for|on)\b|(?:hol(?:en sie)? (?:dir|sich)? ?|laden sie )outlook für"
    r"|outlook (?:für|voor|til|para|per|pour|pro) (?:android|ios|mac)\b"
    r"|(?:télécharge[rz]|obtenir|obtener|obtén|obtenha|obter|ottieni|scarica|download|hent|hämta"
    r"|hanki|pobierz|získat|stáhnout) outlook (?:pour|para|per|voor|til|för|dla|pro|for)\b)",
    re.IGNORECASE,
)
_ENDS: Final = re.compile(
    r"(?:에서 보냄|에서 보냈습니다|から送信|から送信されました|gönderildi)[.。]?\s*$", re.IGNORECASE
)
#: What such a line advertises; without it the line is the customer's.
_DEVICE: Final = re.compile(
    r"iphone|ipad|ipod|android|samsung|galaxy|blackberry|outlook|windows|huawei|xiaomi|nokia|pixel"
    r"|proton\s?mail|yahoo|gmx|web\.de|zoho|mail\.ru|яндекс|yandex|tuta|fairemail|k-9|superhuman"
    r"|gmail|thunderbird|aol|mailbird|edison|canary|airmail|posteo|fastmail|\bmail\b"
    r"|smartphone|tablet|mobil|móvil|mobiel|handy\b|\bphone\b|telefon|téléphone|cellulare|celular"
    r"|телефон|мобил|手机|手機|携帯",
    re.IGNORECASE,
)


def is_device(line: str) -> bool:
    """Tell whether a line is a device's or a program's own: `Sent from my iPhone`."""
    if len(line) > _MAX_CHARS:
        return False
    shown = _LINK.sub("", line).strip()
    if len(shown) > _MAX_SHOWN_CHARS or shown.endswith(("?", "？")):
        return False
    begins = _BEGINS.match(shown) or _ENDS.search(shown)
    return begins is not None and _DEVICE.search(shown) is not None
