"""Whether a mail forwards another one: then it is a matter of its own, whatever thread it names.

The outermost prefix of the subject decides. `VS:` replies in Finnish and Estonian, and forwards in
Danish and Norwegian: there the quoted mail's own header tells the language.
"""

from __future__ import annotations

import re
from typing import Final

from supportbot.channels.email.meaning import quote_marks
from supportbot.channels.email.reading.mail import Mail

#: What gateways, lists and desks put before a subject.
_MARKS: Final = r"\s*(?:\[[^\[\]:]{1,40}\]\s*){0,3}"
_COUNT: Final = r"(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s?[:\uff1a]"
_REPLY: Final = re.compile(
    rf"{_MARKS}(?:re|r|aw|antw|antwort|sv|svar|odp|vá|res|rif|réf|ynt|yan|bls|atb|vast|ha|на|отв"
    rf"|ответ|απ|σχετ|רד|תשובה|השב|رد|回复|回覆|答复|返信|회신){_COUNT}",
    re.IGNORECASE,
)
_FORWARD: Final = re.compile(
    rf"{_MARKS}(?:fwd?|wg|tr|rv|enc|i|inoltra|vb|vl|pd|doorst|fs|edasi|yml|redir|továbbítás|tov"
    rf"|i̇lt|İlt|ilt|ilet|пер|пересл|переслать|πρθ|הועבר|إعادة توجيه|تحويل|转发|轉寄|轉寄|転送|전달)"
    rf"{_COUNT}",
    re.IGNORECASE,
)
_NORDIC: Final = re.compile(rf"{_MARKS}vs{_COUNT}", re.IGNORECASE)
#: `[Fwd: subject]` and `subject (fwd)` of older programs.
_AROUND: Final = re.compile(r"\s*\[fwd?:[^\[\]]*\]\s*$|.{0,900}\(fwd\)\s*$", re.IGNORECASE)
_DANISH: Final = re.compile(
    r"[\s>*_-]{0,8}(?:fra\s?:|videresendt|begynd videresendt|oprindelig meddelelse"
    r"|opprinnelig melding|start på videresendt)",
    re.IGNORECASE,
)
_MOST_LINES: Final = 300


def is_forward(mail: Mail) -> bool:
    """Tell whether the mail was sent to pass another one on."""
    subject = (mail.subject or "")[:1_000]
    if _REPLY.match(subject):
        return False
    if _FORWARD.match(subject) or _AROUND.match(subject):
        return True
    if _NORDIC.match(subject):
        return _attaches_only(mail) or _is_danish(mail.text)
    return _attaches_only(mail) or _begins_with_another(mail.text)


def _attaches_only(mail: Mail) -> bool:
    """Tell whether it has no words but those of the mail that is attached."""
    return "message/rfc822" in mail.parts and not mail.text.strip()


def _begins_with_another(text: str) -> bool:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return quote_marks.is_forward(first)


def _is_danish(text: str) -> bool:
    return any(_DANISH.match(line) for line in text.splitlines()[:_MOST_LINES])
