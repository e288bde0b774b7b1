"""Counting tokens without a vocabulary: nothing is downloaded, any vendor's text is about right.

The rules were measured against the o200k vocabulary (within a quarter, never far below): plain
characters or bytes by four miss badly on digits, JSON, emoji and scripts without spaces. What a
server reports corrects the estimate for its model.
"""

from __future__ import annotations

import math
import re
from typing import Protocol

from supportbot.model.completion import Completion, Prompt


class TokenCounter(Protocol):
    """Counts the tokens of a text; too many is better than too few."""

    def __call__(self, text: str, /) -> int:
        """Return the number of tokens, never less than 0."""


_EMOJI = r"\u2600-\u27bf\U0001f000-\U0001faff"
_DENSE = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_ABUGIDA = r"\u0600-\u06ff\u0750-\u077f\u0900-\u0dff\u0e00-\u0eff"

#: Plain English is most of what is counted; these find the same as the two below, only sooner.
_ascii_word = re.compile(r"[A-Za-z]+").findall
_ascii_signs = re.compile(r"[\x00-\x08\x0e-\x1b!-/:-@\[-^`{-\x7f]+|_").findall
_word = re.compile(rf"[^\W\d_{_DENSE}{_ABUGIDA}]+").findall
_digits = re.compile(r"[0-9]+").findall
_signs = re.compile(rf"[^\w\s{_EMOJI}{_DENSE}{_ABUGIDA}]+|_").findall
_emoji = re.compile(rf"[{_EMOJI}]").findall
_dense = re.compile(rf"[{_DENSE}]").findall
_abugida = re.compile(rf"[{_ABUGIDA}]").findall

_SAFETY = 1.1
_WORD_CHARACTERS = 7
#: The frame of one message, of a tool call in it, and the start of the reply.
_MESSAGE_TOKENS = 3
_CALL_TOKENS = 4
_REPLY_TOKENS = 3

_LONGEST_PIXELS, _SHORTER_PIXELS, _TILE_PIXELS = 2048, 768, 512
_IMAGE_TOKENS, _TILE_TOKENS = 85, 170


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text, a tenth on the safe side."""
    # One pass of the regex engine for each kind of piece: several times faster than one pass that
    # asks each piece what it is.
    plain = text.isascii()
    words = (_ascii_word if plain else _word)(text)
    signs = (_ascii_signs if plain else _signs)(text)
    digits = _digits(text)
    cost = float(len(words))
    cost += sum(len(w) - _WORD_CHARACTERS for w in words if len(w) > _WORD_CHARACTERS) / 5
    cost += sum(-(-len(run) // 3) for run in digits) + 0.4 * len(digits)
    cost += 0.5 * len(signs) + sum(map(len, signs)) / 3
    if not plain:
        cost += 2.5 * len(_emoji(text)) + 0.8 * len(_dense(text)) + 0.4 * len(_abugida(text))
    return int(cost * _SAFETY + 0.999)


def estimate_prompt(prompt: Prompt, count: TokenCounter = estimate_tokens) -> int:
    """Estimate the tokens of a whole prompt, for a server that does not count."""
    tools = sum(count(f"{tool.name} {tool.description} {tool.parameters}") for tool in prompt.tools)
    said = sum(count(message.content) + _MESSAGE_TOKENS for message in prompt.messages)
    called = sum(
        count(call.arguments) + _CALL_TOKENS
        for message in prompt.messages
        for call in message.tool_calls
    )
    seen = sum(image.tokens for message in prompt.messages for image in message.images)
    return said + called + seen + tools + _REPLY_TOKENS


def image_tokens(width: int, height: int) -> int:
    """Estimate what a picture of that size in pixels costs; vendors count between half and this.

    It is made to fit into 2048 pixels, then to 768 on its shorter side, and counted in tiles:
    https://platform.openai.com/docs/guides/images-vision#calculating-costs
    """
    scale = min(1.0, _LONGEST_PIXELS / max(width, height))
    scale = min(scale, _SHORTER_PIXELS / min(width, height))
    tiles = [math.ceil(max(1.0, side * scale) / _TILE_PIXELS) for side in (width, height)]
    return _IMAGE_TOKENS + _TILE_TOKENS * tiles[0] * tiles[1]


class RememberingCounter:
    """Counts a text once: policies, passages and histories come again with every answer."""

    def __init__(self, count: TokenCounter = estimate_tokens, *, most_texts: int = 4096) -> None:
        self._count = count
        self._most_texts = most_texts
        self._known: dict[str, int] = {}

    def __call__(self, text: str, /) -> int:
        """Return the tokens of a text."""
        tokens = self._known.get(text)
        if tokens is None:
            tokens = self._count(text)
            if len(text) <= _LONGEST_KEPT:
                if len(self._known) >= self._most_texts:
                    self._forget()
                self._known[text] = tokens
        return tokens

    def _forget(self) -> None:
        """Leave out the older half; what is still in use comes back by itself."""
        for text in list(self._known)[: self._most_texts // 2]:
            del self._known[text]


#: Characters of a text that is worth keeping; longer ones would fill the memory.
_LONGEST_KEPT = 20_000

#: Weight of a new report against all before it.
_NEWS = 0.2
#: No vocabulary is further from the estimate than this; a report that is, counts something else.
_LEAST_FACTOR, _MOST_FACTOR = 0.5, 2.0
#: Below so many tokens a prompt's frame hides what its text costs.
_TELLING_TOKENS = 200
#: A factor is used until the reports are further from it than this: were it to move with each
#: report, a history would begin elsewhere each time, and no prompt cache would hit.
_STEP = 0.05


class Calibration:
    """How many tokens a model counts where the estimate says one; learnt from its reports."""

    def __init__(self, count: TokenCounter | None = None) -> None:
        self._count = count or RememberingCounter()
        self._average: dict[str, float] = {}
        self._used: dict[str, float] = {}

    def factor(self, model: str) -> float:
        """Return tokens of the model per estimated token; 1 while it has reported nothing."""
        return self._used.get(model, 1.0)

    def counter(self, model: str) -> TokenCounter:
        """Return a counter for a model, which follows what is learnt later."""

        def count(text: str, /) -> int:
            return math.ceil(self._count(text) * self.factor(model))

        return count

    def heard(self, completion: Completion) -> None:
        """Learn from a call whose server counted."""
        usage, estimated = completion.usage, completion.tokens_estimated
        if estimated and not usage.estimated:
            self.learn(completion.model, estimated, usage.prompt)

    def learn(self, model: str, estimated: int, reported: int) -> None:
        """Learn from the tokens of one prompt; `estimated` by `estimate_prompt`, uncalibrated."""
        if estimated < _TELLING_TOKENS or reported <= 0:
            return
        ratio = min(max(reported / estimated, _LEAST_FACTOR), _MOST_FACTOR)
        before = self._average.get(model, ratio)
        average = self._average[model] = before + (ratio - before) * _NEWS
        if abs(average / self.factor(model) - 1) > _STEP:
            self._used[model] = average
