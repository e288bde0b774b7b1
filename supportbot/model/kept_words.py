"""Whether all words of a stored prompt's message still stand in what is left of a ticket. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from supportbot.model.fence import FILE, PASSAGE, unfence, unfenced
from supportbot.model.message import Role

#: What `excerpt` puts between the head and the tail of a text that was too long.
_CUT = re.compile(r"^\[\.\.\. \d+ characters left out \.\.\.\]$", re.MULTILINE)


class KeptWords:
    """What is left of a ticket: the words of its messages, files, summaries and tool calls."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)
        self._lines = {line.strip() for text in self._texts for line in text.splitlines()} | {""}

    def holds(self, part: Mapping[str, object]) -> bool:
        """Tell whether a message of a prompt has no words but these, ours, and knowledge."""
        content = str(part["content"])
        if part["role"] == Role.SYSTEM:
            return True
        if part["role"] != Role.USER:
            calls = part["tool_calls"]
            asked = [call[2] for call in calls] if isinstance(calls, list) else []
            return all(map(self._stands, [content, *asked]))
        if not self._stands(unfenced(content)):
            return False
        return all(
            self._stands(block.text)
            and self._stands(block.facts.get("name", "") if block.kind == FILE else "")
            and self._stands(block.facts.get("arguments", ""))
            for block in unfence(content)
            if block.kind != PASSAGE
        )

    def _stands(self, text: str) -> bool:
        if _CUT.search(text):
            pieces = [line.strip() for line in _CUT.sub("", text).splitlines()]
            return all(any(piece in text for text in self._texts) for piece in pieces if piece)
        return all(line.strip() in self._lines for line in text.splitlines())
