"""From a thread to a prompt. Pure: equal input gives an equal prompt.

The order keeps prompt caches warm: the policy, then the history, then what changes with every
turn (passages and the newest customer messages). No customer's word ever enters the system
message; customers and passages stand in fences, as data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from supportbot.model.completion import ChatMessage, Passage, Prompt, ToolSpec
from supportbot.model.fence import PASSAGE, QUESTION, fence
from supportbot.model.message import Message, Role, Visibility
from supportbot.model.policy import CompiledPolicy

#: Tokens every message costs on top of its text, and the reply's own start.
_MESSAGE_TOKENS = 4
#: Turn groups leave in blocks, else every turn would change the start of the history.
_DROPPED_AT_ONCE = 4
#: The newest question always gets at least so much, however long the policy is.
_LEAST_QUESTION_TOKENS = 256
#: No text has more characters a token than this; what is longer is cut before it is counted.
_MOST_CHARACTERS_PER_TOKEN = 8


@dataclass(frozen=True, slots=True)
class Window:
    """How much fits into a model: the tokens of a whole prompt, and how to count them."""

    budget_tokens: int
    count: Callable[[str], int]
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Fencing:
    """The token of a ticket's fences, and facts of its channel shown on each customer's fence."""

    token: str
    facts: Mapping[str, str]


def compose(
    policy: CompiledPolicy,
    thread: Sequence[Message],
    passages: Sequence[Passage],
    *,
    fencing: Fencing,
    window: Window,
    tools: Sequence[ToolSpec] = (),
) -> Prompt:
    """Build the prompt for the newest customer turn of a thread.

    Only public messages of the newest episode are shown. When the budget is short, the oldest
    turns leave first, then the worst passages; the newest turn stays, cut in its middle if it
    alone is too long. `Prompt.passages` are those that stand in it.
    """
    history, newest = _divided(_shown(thread))
    left = window.budget_tokens - window.count(policy.system) - _tool_tokens(tools, window)
    question_tokens = max(_LEAST_QUESTION_TOKENS, left // 2)
    asked = _cut("\n\n".join(message.text for message in newest), question_tokens, window)
    questions = (
        [_fenced(message, fencing) for message in newest]
        if asked.whole
        else [_fenced(newest[-1], fencing, asked.text)]
    )
    left -= sum(window.count(text) for text in questions) + _MESSAGE_TOKENS
    kept, blocks = _fitting(passages, fencing.token, left // 2 if history else left, window)
    left -= sum(window.count(block) for block in blocks)
    final = [ChatMessage(Role.USER, "\n\n".join([*blocks, *questions]))] if newest else []
    return Prompt(
        messages=(
            ChatMessage(Role.SYSTEM, policy.system),
            *_within(_groups(history, fencing, question_tokens, window), left, window),
            *final,
        ),
        passages=kept,
        tools=tuple(tools),
        max_output_tokens=window.max_output_tokens,
    )


def _shown(thread: Sequence[Message]) -> list[Message]:
    episode = max((message.episode_n for message in thread), default=0)
    return [
        message
        for message in thread
        if message.episode_n == episode
        and message.visibility is Visibility.PUBLIC
        and (message.role is Role.USER or (message.role is Role.ASSISTANT and message.text))
    ]


def _divided(shown: list[Message]) -> tuple[list[Message], list[Message]]:
    """Split off the newest run of customer messages.

    What we said after it (a word that a person will look at it) is told before it: a prompt ends
    with what has to be answered.
    """
    runs = [list(run) for _, run in groupby(shown, key=lambda message: message.role)]
    last = max((n for n, run in enumerate(runs) if run[0].role is Role.USER), default=None)
    if last is None:
        return shown, []
    return [message for n, run in enumerate(runs) if n != last for message in run], runs[last]


def _fenced(message: Message, fencing: Fencing, text: str | None = None) -> str:
    known = {
        key: str(value)
        for key, value in message.data.items()
        if key in ("subject", "verified") and value is not None
    }
    return fence(
        QUESTION,
        fencing.token,
        {**fencing.facts, **known},
        message.text if text is None else text,
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    text: str
    whole: bool


def _cut(text: str, most_tokens: int, window: Window) -> _Cut:
    """Keep head and tail of a text that is too long, with a visible mark between."""
    keep = min(len(text), most_tokens * _MOST_CHARACTERS_PER_TOKEN)
    shown, whole = _head_and_tail(text, keep), keep == len(text)
    while (tokens := window.count(shown)) > most_tokens and keep > 1:
        # Text is not even: aim a little below what the average says, until it fits.
        keep = keep * most_tokens * 9 // (tokens * 10)
        shown, whole = _head_and_tail(text, keep), False
    return _Cut(shown, whole)


def _head_and_tail(text: str, keep: int) -> str:
    if keep >= len(text):
        return text
    tail = keep // 3
    mark = f"\n[... {len(text) - keep} characters left out ...]\n"
    return text[: keep - tail] + mark + (text[-tail:] if tail else "")


def _fitting(
    passages: Sequence[Passage], token: str, most_tokens: int, window: Window
) -> tuple[tuple[Passage, ...], list[str]]:
    kept: list[Passage] = []
    blocks: list[str] = []
    for passage in passages:
        facts = {"key": passage.key, "title": passage.title}
        if passage.url:
            facts["url"] = passage.url
        block = fence(PASSAGE, token, facts, passage.text)
        most_tokens -= window.count(block)
        if most_tokens < 0:
            break
        kept.append(passage)
        blocks.append(block)
    return tuple(kept), blocks


def _groups(
    history: list[Message], fencing: Fencing, most_tokens: int, window: Window
) -> list[list[ChatMessage]]:
    """Turns that stay or leave together: what customers said, and what was said to it."""
    groups: list[list[ChatMessage]] = []
    for role, run in groupby(history, key=lambda message: message.role):
        texts = []
        for message in run:
            text = _cut(message.text, most_tokens, window).text
            texts.append(_fenced(message, fencing, text) if role is Role.USER else text)
        said = ChatMessage(role, "\n\n".join(texts))
        if role is Role.USER or not groups:
            groups.append([said])
        else:
            groups[-1].append(said)
    return groups


def _within(groups: list[list[ChatMessage]], most_tokens: int, window: Window) -> list[ChatMessage]:
    costs = [
        sum(window.count(said.content) + _MESSAGE_TOKENS for said in group) for group in groups
    ]
    total, dropped = sum(costs), 0
    while total > most_tokens and dropped < len(groups):
        block = costs[dropped : dropped + _DROPPED_AT_ONCE]
        total -= sum(block)
        dropped += len(block)
    return [said for group in groups[dropped:] for said in group]


def _tool_tokens(tools: Sequence[ToolSpec], window: Window) -> int:
    return sum(window.count(f"{tool.name} {tool.description} {tool.parameters}") for tool in tools)
