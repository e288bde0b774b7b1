"""A reply to an RFC 5322 message: threads hold, machines keep silent, nothing is injected.

The words that are answered are not quoted below: every mail program shows the thread, a quote
would send the customer's words around once more, and what customers quote of ours stays short.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from enum import StrEnum
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt

from supportbot.channels.email.identity import LOOP_HEADER
from supportbot.channels.email.reading.addresses import valid
from supportbot.model.markdown import with_links_spelled_out

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
#: What turns the direction of the text around it, in a name or a subject to hide what stands there.
_TURNING: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_REPLY_PREFIX: Final = re.compile(
    r"\s*(?:(?:re|r|aw|sv|antw|antwort|odp|vs|vá|res|rif|ynt|bls|tl|atb|απ|σχετ|отв|на|השב|תגובה|رد|回复|回覆"
    r"|答复|返信|회신|답장)\s?(?:\[\d+\]|\(\d+\)|\^\d+)?\s?[:\uff1a]\s*)+",
    re.IGNORECASE,
)
_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,900}>")
_ID_HEADERS: Final = frozenset({"message-id", "in-reply-to", "references", LOOP_HEADER.lower()})
#: Headers that are written out before the library gets them.
_WRITTEN: Final = frozenset({"from", "to", "cc", "reply-to", "subject"})
_END: Final = "\r\n"
_FOLD_CHARS: Final = 900
_MAX_SUBJECT_CHARS: Final = 250
#: Names of addresses stand on one line, each character perhaps behind a backslash.
_MAX_NAME_CHARS: Final = 200
#: RFC 5322 3.6.4 asks for all ancestors; the first and the newest ones are what threads need.
_KEPT_IDS: Final = 20
_TAGS: Final = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


#: Mail programs drop style sheets; without a font Outlook takes Times, and tables have no lines.
_FONT: Final = "font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.5"
_BOX: Final = "border:1px solid #999;padding:4px 8px;text-align:left"
_CODE: Final = "font-family:Consolas,Menlo,monospace;font-size:13px"
#: For the tags as they are left by the cleaning, without any attribute.
_STYLES: Final = {
    "table": f"border-collapse:collapse;{_FONT}",
    "th": _BOX,
    "td": _BOX,
    "pre": f"{_CODE};border:1px solid #999;padding:8px;white-space:pre-wrap",
    "code": _CODE,
    "blockquote": "margin:0 0 0 8px;border-left:2px solid #999;padding-left:8px",
}
_PAGE: Final = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>'
    f'<body><div dir="auto" style="{_FONT}">\n{{}}</div></body></html>\n'
)


class ReplyPolicy(EmailPolicy):
    """SMTP policy that leaves ids, subjects and addresses as they were written.

    The library turns ids of 80 characters and more into RFC 2047 words, which no mail program
    follows (cpython#100991), moves spaces in long subjects and names, and decodes whatever looks
    like RFC 2047 in them, line breaks among it, before it writes them.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Take what is written already as it is."""
        if name.lower() in _WRITTEN:
            return name, value
        stored: tuple[str, Any] = super().header_store_parse(name, value)
        return stored

    def fold(self, name: str, value: Any) -> str:
        """Fold one header to lines with CRLF."""
        if name.lower() in _ID_HEADERS:
            return _fold_ids(name, str(value), self.linesep)
        if name.lower() in _WRITTEN:
            return f"{name}: {value}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Fold one header to the bytes that leave; only addresses are beyond ASCII (RFC 6532)."""
        return self.fold(name, value).encode()


POLICY: Final = ReplyPolicy(linesep=_END, raise_on_defect=False)


class Writer(StrEnum):
    """Who speaks, and so which marks of a machine the letter carries (RFC 3834 5)."""

    BOT = "bot"
    #: A person: no mark at all, or mail programs would keep the answer from whoever waits for it.
    PERSON = "person"
    #: The product, about a ticket, because of what a customer wrote.
    NOTICE = "notice"
    #: The product, to operators, because of nothing that they wrote.
    SYSTEM = "system"


_MARKS: Final[dict[Writer, dict[str, str]]] = {
    Writer.BOT: {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
    Writer.PERSON: {},
    Writer.NOTICE: {
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "bulk",
    },
    Writer.SYSTEM: {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "bulk",
    },
}


@dataclass(frozen=True, slots=True)
class Letter:
    """All that a reply is made of; ids with their angle brackets."""

    sender: str
    to: str
    subject: str | None
    #: Markdown.
    text: str
    message_id: str
    at: datetime
    #: Who else reads it.
    copies: tuple[str, ...] = ()
    sender_name: str = ""
    writer: Writer = Writer.BOT
    #: Where answers are asked for; None: at the sender.
    reply_to: str | None = None
    in_reply_to: str | None = None
    #: The parent's References, oldest first.
    references: Sequence[str] = ()


def render(letter: Letter) -> EmailMessage:
    """Build the message; `as_bytes()` gives what goes over SMTP.

    Raises:
        ValueError: an address holds what no address may hold.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = _mailbox("From", letter.sender, letter.sender_name)
    message["To"] = _mailbox("To", letter.to, "")
    if letter.copies:
        message["Cc"] = f",{_END} ".join(_mailbox("Cc", one, "") for one in letter.copies)
    if letter.reply_to:
        message["Reply-To"] = _mailbox("Reply-To", letter.reply_to, letter.sender_name)
    message["Subject"] = _words("Subject", reply_subject(letter.subject))
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    thread = _references(letter)
    if letter.in_reply_to and _ID.fullmatch(letter.in_reply_to):
        message["In-Reply-To"] = letter.in_reply_to
    if thread:
        message["References"] = " ".join(thread)
    for name, value in _MARKS[letter.writer].items():
        message[name] = value
    message[LOOP_HEADER] = letter.message_id
    message.set_content(f"{to_plain(letter.text)}\n", cte="quoted-printable")
    message.add_alternative(to_html(letter.text), subtype="html", cte="quoted-printable")
    return message


def reply_subject(subject: str | None) -> str:
    """Return `Re: ` once before the subject, on one line of at most 250 characters."""
    clean = _clean(subject or "")
    prefix = _REPLY_PREFIX.match(clean)
    bare = clean[prefix.end() if prefix else 0 :][:_MAX_SUBJECT_CHARS].strip()
    return f"Re: {bare}" if bare else "Re: (no subject)"


def to_html(markdown: str) -> str:
    """Turn Markdown into tidy HTML; raw HTML in it stays visible text."""
    html = (
        MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").render(markdown)
    )
    clean = nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}
    )
    for tag, style in _STYLES.items():
        clean = clean.replace(f"<{tag}>", f'<{tag} style="{style}">')
    return _PAGE.format(clean)


def to_plain(markdown: str) -> str:
    """Return Markdown as it is read without being rendered: only links are spelled out.

    RFC 3986 appendix C: angle brackets tell an address from the words around it.
    """
    return with_links_spelled_out(markdown.strip(), "<{}>")


def _fold_ids(name: str, value: str, end: str) -> str:
    lines: list[str] = []
    for entry in value.split():
        if lines and len(lines[-1]) + len(entry) < _FOLD_CHARS:
            lines[-1] += f" {entry}"
        else:
            lines.append(entry)
    return f"{name}: " + f"{end} ".join(lines) + end


def _words(header: str, text: str) -> str:
    """Write words that are on one line; in RFC 2047 words where a reader must not take them so."""
    if text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name=header).encode(linesep=_END)


def _mailbox(header: str, address: str, name: str) -> str:
    """Write a name and an address.

    Raises:
        ValueError: it is no address.
    """
    if not valid(address) or _CONTROL.search(address) or _TURNING.search(address):
        raise ValueError(f"{address!r} is no address")
    local, _, domain = address.rpartition("@")
    shown = _clean(name)[:_MAX_NAME_CHARS].strip()
    words = _words(header, shown)
    if words == shown:
        return str(HeaderAddress(shown, local, domain))
    return f"{words}{_END} <{address}>"


def _references(letter: Letter) -> list[str]:
    ids = [*letter.references, letter.in_reply_to or ""]
    valid = list(dict.fromkeys(one for one in ids if _ID.fullmatch(one)))
    if letter.in_reply_to in valid:  # the parent is the last one, wherever else it stood
        valid.remove(letter.in_reply_to)
        valid.append(letter.in_reply_to)
    if len(valid) <= 2 * _KEPT_IDS:
        return valid
    return valid[:_KEPT_IDS] + valid[-_KEPT_IDS:]


def _clean(words: str) -> str:
    """Put words on one line, without anything that acts or misleads."""
    return " ".join(_CONTROL.sub(" ", _TURNING.sub("", words)).split())
