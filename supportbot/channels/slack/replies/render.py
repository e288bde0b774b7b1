"""A delivery as Slack messages. Pure.

The text travels in a `markdown` block, which keeps tables and headings; `text` is only what a
notification shows. https://docs.slack.dev/reference/block-kit/blocks/markdown-block

Blocks are written out: the SDK's own models check themselves again for every message, which took as
long as posting it. A test lets the SDK check them once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supportbot.channels.slack.keys import DELIVERY_EVENT
from supportbot.channels.slack.replies.buttons import buttons
from supportbot.channels.slack.replies.split import split_markdown
from supportbot.model.delivery import Delivery
from supportbot.model.markdown import with_links_spelled_out

#: Slack allows 12,000 in a markdown block and about 13,200 in all blocks of a message.
MAX_MARKDOWN_CHARS = 11_800
#: Beyond about 4,000 Slack cuts `text` into several messages by itself.
MAX_TEXT_CHARS = 3_900

_Block = Mapping[str, Any]

#: Begins what Slack takes for a command, a person, a channel, or a link that hides its address.
#: What HTML begins so is left: it is written about, and calls nobody.
#: A backslash that takes its meaning away goes with it, or would stand before `&lt;`.
_CONTROL = re.compile(
    r"(?<!\\)((?:\\\\)*)\\?<"
    r"(?=!(?!--|doctype\b|\[cdata\[)|[@#]|[a-z][a-z0-9+.-]*:[^<>\n|]*\|)",
    re.IGNORECASE,
)
_USER_ID = re.compile(r"[UW][A-Z0-9]{5,}")
_NOBODY_NAMED = "Somebody"
_CUT_ENTITY = re.compile(r"&[a-z]{0,3}$")


@dataclass(frozen=True, slots=True)
class Post:
    """One message to post; a delivery is one of them or, if it is very long, several."""

    #: Number within the delivery, from 1.
    part: int
    #: What notifications show: plain, escaped, less than 4,000 characters.
    text: str
    #: The whole text of this part as Markdown.
    markdown: str
    #: The same as plain text, escaped.
    plain: str
    blocks: tuple[_Block, ...]
    metadata: Mapping[str, Any]

    @property
    def below(self) -> list[_Block]:
        """The blocks that stand below the words."""
        return [block for block in self.blocks if block["type"] != "markdown"]


def render(delivery: Delivery) -> tuple[Post, ...]:
    """Return the messages of a delivery in order; buttons stand under the last one."""
    parts = split_markdown(neutralised(delivery.text), MAX_MARKDOWN_CHARS)
    return tuple(_post(delivery, number, parts) for number in range(1, len(parts) + 1))


def neutralised(text: str) -> str:
    """Take the power from `<!channel>`, `<@U1>` and their like: the text may come from a stranger.

    Everything that leaves for Slack passes here, or is escaped as a whole.
    """
    return _CONTROL.sub(r"\1&lt;", text)


def _post(delivery: Delivery, number: int, parts: tuple[str, ...]) -> Post:
    markdown = parts[number - 1]
    blocks: list[_Block] = [{"type": "markdown", "text": markdown}] if markdown.strip() else []
    named = markdown
    if delivery.signed and number == 1:
        name = _name_for(delivery.target, delivery.signed)
        named = f"{name}: {markdown}"
        blocks = [_signature(name), *blocks]
    if number == len(parts):
        blocks += buttons(delivery.offers, delivery.key)
    return Post(
        part=number,
        text=notification(named),
        markdown=markdown,
        plain=_plain(named),
        blocks=tuple(blocks),
        metadata={
            "event_type": DELIVERY_EVENT,
            "event_payload": {"delivery": delivery.key, "part": number, "parts": len(parts)},
        },
    )


def _name_for(target: Mapping[str, str], name: str) -> str:
    """Return what a customer is told of an operator's name.

    People of another company are not told who works here, and an id is no name.
    """
    guest = target.get("user_team", target.get("team")) != target.get("team")
    return _NOBODY_NAMED if guest or _USER_ID.fullmatch(name) else name


def _signature(name: str) -> _Block:
    """Say above an answer which person wrote it; as plain text a name has no power."""
    signature = {"type": "plain_text", "text": f"{name} from the support team", "emoji": False}
    return {"type": "context", "block_id": "supportbot_signature", "elements": [signature]}


def notification(markdown: str) -> str:
    """Return what notifications show of a text."""
    return _CUT_ENTITY.sub("", _plain(markdown)[:MAX_TEXT_CHARS])


def _plain(markdown: str) -> str:
    return _escaped(with_links_spelled_out(markdown, "({})"))


def _escaped(text: str) -> str:
    """Escape the three characters that `text` gives a meaning to; what is escaped stays so."""
    return text.replace("&lt;", "<").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
