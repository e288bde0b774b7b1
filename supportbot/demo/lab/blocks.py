"""Block Kit for the lab page: each block as a part that the page can draw. Pure.

HTML comes from the bot's own words alone, through the same sanitiser as the web chat's.
https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from supportbot.channels.web.html import to_html
from supportbot.demo.lab.endpoints import Json

#: Gives the name of whom an id belongs to.
Naming = Callable[[str], str]

_EMOJI = {
    "eyes": "👀",
    "heavy_check_mark": "✔️",
    "hourglass_flowing_sand": "⏳",
    "sos": "🆘",
    "white_check_mark": "✅",
}
_USER = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto):[^>|\s]+)\|([^>]*)>")
_COMMAND = re.compile(r"<!(\w+)[^>|]*(?:\|([^>]*))?>")
_BOLD = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")
#: Bold in Markdown is two stars; one alone would be something else there.
_LONE_STAR = re.compile(r"(?<!\*)\*(?!\*)")
_STRUCK = re.compile(r"(?<![\w~])~([^~\n]+)~(?![\w~])")
_NAME_OF_EMOJI = re.compile(r":([a-z0-9_+-]+):")


def emoji(name: str) -> str:
    """Return the picture of an emoji; one that we don't know keeps its name."""
    return _EMOJI.get(name, f":{name}:")


def as_html(mrkdwn: str, named: Naming) -> str:
    """Render text in Slack's own markup.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    text = _USER.sub(lambda found: f"@{named(found[1])}", mrkdwn)
    text = _LINK.sub(r"[\2](<\1>)", text)
    text = _COMMAND.sub(lambda found: found[2] or f"@{found[1]}", text)
    text = _LONE_STAR.sub(r"\*", _BOLD.sub(r"**\1**", text))
    text = _STRUCK.sub(r"~~\1~~", text)
    return to_html(_NAME_OF_EMOJI.sub(lambda found: emoji(found[1]), text))


def parts(blocks: Sequence[Json], named: Naming) -> list[Json]:
    """Return what can be seen in these blocks, in order."""
    return [part for block in blocks for part in _parts(block, named)]


def _parts(block: Json, named: Naming) -> Iterator[Json]:
    match block.get("type"):
        case "markdown":
            yield {"kind": "html", "html": to_html(str(block["text"]))}
        case "header":
            yield {"kind": "header", "text": block["text"]["text"]}
        case "section":
            yield from _section(block, named)
        case "context":
            texts = [_html(element, named) for element in block["elements"]]
            yield {"kind": "note", "html": "".join(texts)}
        case "divider":
            yield {"kind": "line"}
        case "actions" | "context_actions":
            yield {"kind": "buttons", "buttons": list(_buttons(block["elements"]))}
        case "input":
            yield _input(block)


def _section(block: Json, named: Naming) -> Iterator[Json]:
    texts = [block["text"]] if block.get("text") else []
    for text in (*texts, *(block.get("fields") or ())):
        yield {"kind": "html", "html": _html(text, named)}
    if block.get("accessory"):
        yield {"kind": "buttons", "buttons": list(_buttons([block["accessory"]]))}


def _html(text: Json, named: Naming) -> str:
    """Render a text object, or what an image is called."""
    words = str(text.get("text") or text.get("alt_text") or "")
    if text.get("type") == "mrkdwn":
        return as_html(words, named)
    return to_html(re.sub(r"([\\`*_\[\]<>#~|!-])", r"\\\1", words))


def _buttons(elements: Sequence[Json]) -> Iterator[Json]:
    for element in elements:
        action = {"action": element.get("action_id"), "style": element.get("style")}
        if element.get("type") == "feedback_buttons":
            for name, positive in (("positive_button", True), ("negative_button", False)):
                yield {**action, "text": element[name]["text"]["text"], "positive": positive}
        elif element.get("type") == "button":
            yield {**action, "text": element["text"]["text"], "positive": None}


def _input(block: Json) -> Json:
    element = block["element"]
    return {
        "kind": "input",
        "id": block["block_id"],
        "label": block["label"]["text"],
        "value": _given(element),
        "long": bool(element.get("multiline")),
        "most": element.get("max_length"),
        "optional": bool(block.get("optional")),
        "choices": [
            {"value": option["value"], "text": option["text"]["text"]}
            for option in element.get("options") or ()
        ],
    }


def _given(element: Json) -> str:
    """Return what an input holds already."""
    chosen = element.get("initial_option") or {}
    return str(element.get("initial_value") or chosen.get("value") or "")
