"""Slack's escapes and styles in what people write, turned into what others would read. Pure.

https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

_TOKEN = re.compile(r"<([^<>\n]+)>")

#: Code stays as it is: between three marks, or between two on a line.
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
#: Slack's own styles, where a word begins and ends; what is no style is left as it was typed.
_BOLD = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")
_STRIKE = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*[^\s~])~(?![\w~])")
_LINKS = ("https://", "http://", "mailto:")
_BULLET = re.compile(r"^([ \t]*)[•◦▪] ?", re.MULTILINE)


def mentions(text: str, user: str) -> bool:
    """Tell whether the text mentions the user."""
    return f"<@{user}>" in text or f"<@{user}|" in text


def readable(text: str, bot_user: str) -> str:
    """Return plain text: without our own mention, links and names spelled out, entities undone."""
    return _plain(text, bot_user, _spell_out)


def as_markdown(text: str, bot_user: str) -> str:
    """Return the same as Markdown that shows what Slack shows: styles, links and lists."""
    plain = _plain(text, bot_user, _linked)
    pieces = _CODE.split(plain)  # every second one is code
    return "".join(one if n % 2 else _styled(one) for n, one in enumerate(pieces))


def _plain(text: str, bot_user: str, spell_out: Callable[[re.Match[str]], str]) -> str:
    own = re.compile(rf"[ \t]*<@{re.escape(bot_user)}(?:\|[^<>]*)?>[ \t]*[,:]?[ \t]*")
    without_mention = own.sub(" ", text) if bot_user else text
    return html.unescape(_TOKEN.sub(spell_out, without_mention)).strip()


def _styled(text: str) -> str:
    bold = _BOLD.sub(r"**\1**", text)
    return _BULLET.sub(r"\1- ", _STRIKE.sub(r"~~\1~~", bold))


def _linked(match: re.Match[str]) -> str:
    """Write a link with words of its own as Markdown does; all else is spelled out."""
    reference, _, label = match[1].partition("|")
    plain = label.isprintable() and not set("[]") & set(label)
    if reference.startswith(_LINKS) and _says_more(label, reference) and plain:
        return f"[{label}]({reference})"
    return _spell_out(match)


def _spell_out(match: re.Match[str]) -> str:
    reference, _, label = match[1].partition("|")
    if reference.startswith("@"):
        return f"@{label or reference[1:]}"
    if reference.startswith("#"):
        return f"#{label or reference[1:]}"
    if reference.startswith("!"):
        return label or "@" + reference[1:].partition("^")[0]
    address = _bare(reference)
    return f"{label} ({address})" if _says_more(label, reference) else address


def _says_more(label: str, reference: str) -> bool:
    """Tell whether the words of a link are others than its address."""
    address = _bare(reference)
    shown = address.partition("://")[2] or address
    return bool(label) and label.rstrip("/") not in {address.rstrip("/"), shown.rstrip("/")}


def _bare(reference: str) -> str:
    return reference.removeprefix("mailto:").removeprefix("tel:")
