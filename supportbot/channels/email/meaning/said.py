"""What the sender of a mail wrote now, from its plain form or, where only that tells, its HTML."""

from __future__ import annotations

from supportbot.channels.email.meaning.forwards import is_forward
from supportbot.channels.email.meaning.newest import newest_words
from supportbot.channels.email.reading.html_text import html_to_text
from supportbot.channels.email.reading.mail import Mail


def said_now(mail: Mail) -> str:
    """Return the newest words, and below them what parts say that are no text."""
    notes = "\n".join(f"[{note}]" for note in mail.notes)
    return "\n\n".join(part for part in (_newest(mail), notes) if part)


def _newest(mail: Mail) -> str:
    """Cut what is old; a forward is kept whole, its point is the mail in it.

    Plain text decides. Where nothing in it is marked as old, the HTML form may still know:
    what it says is taken if it is how the plain text begins.
    """
    forwarded = is_forward(mail)
    plain = newest_words(mail.text, forwarded=forwarded)
    if forwarded or mail.html is None or len(plain) < len(mail.text.strip()):
        return plain
    newest = newest_words(html_to_text(mail.html))
    words, whole = newest.split(), plain.split()
    return newest if 0 < len(words) < len(whole) and whole[: len(words)] == words else plain
