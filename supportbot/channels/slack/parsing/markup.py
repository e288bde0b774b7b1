"""Slack's escapes in a customer's text, turned into what a person would read.

https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
"""

from __future__ import annotations

import html
import re

_TOKEN = re.compile(r"<([^<>\n]+)>")


def mentions(text: str, user: str) -> bool:
    """Tell whether the text mentions the user."""
    return f"<@{user}>" in text or f"<@{user}|" in text


def readable(text: str, bot_user: str) -> str:
    """Return plain text: without our own mention, links and names spelled out, entities undone."""
    own = re.compile(rf"[ \t]*<@{re.escape(bot_user)}(?:\|[^<>]*)?>[ \t]*[,:]?[ \t]*")
    without_mention = own.sub(" ", text) if bot_user else text
    return html.unescape(_TOKEN.sub(_spell_out, without_mention)).strip()


def _spell_out(match: re.Match[str]) -> str:
    reference, _, label = match[1].partition("|")
    if reference.startswith("@"):
        return f"@{label or reference[1:]}"
    if reference.startswith("#"):
        return f"#{label or reference[1:]}"
    if reference.startswith("!"):
        return label or "@" + reference[1:].partition("^")[0]
    address = reference.removeprefix("mailto:").removeprefix("tel:")
    shown = address.partition("://")[2] or address
    if not label or label.rstrip("/") in {address.rstrip("/"), shown.rstrip("/")}:
        return address
    return f"{label} ({address})"
