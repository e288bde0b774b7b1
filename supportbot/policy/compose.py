"""From a thread to a prompt. Pure: equal input gives an equal prompt.

The order keeps prompt caches warm: the policy, the summary, the history, the newest question, and
behind it what changes with every turn (passages) or grows with every round (tool calls). A
question is written alike when it is new and when it is history. No customer's word ever enters the
system message; customers, passages and summaries stand in fences, as data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from supportbot.model.completion import ChatMessage, Passage, Prompt, ToolSpec
from supportbot.model.fence import PASSAGE, QUESTION, SUMMARY, fence
from supportbot.model.file import Image, SharedFile
from supportbot.model.message import EDIT_OF, VERIFIED, Message, Role
from supportbot.model.policy import CompiledPolicy
from supportbot.model.summary import Summary
from supportbot.model.ticket import Ticket
from supportbot.policy.cut import cut
from supportbot.policy.files import fenced_files, images_of
from supportbot.policy.turns import Round, TurnGroup, turn_groups

#: Tokens every message costs on top of its text, and the reply's own start.
_MESSAGE_TOKENS = 4
#: Tokens of a fence's two lines, without its facts.
_FENCE_TOKENS = 30
_CHARACTERS_PER_FACT_TOKEN = 3
#: The newest question always gets at least so much, however long the policy is.
_LEAST_QUESTION_TOKENS = 256
#: No tool result is cut below this.
_LEAST_RESULT_TOKENS = 64
#: One part in so many is left free: counting is an estimate.
_FREE = 20
#: Parts of the room: a tool result, the question with its passages, the summary, a dropped block.
_QUARTER = 4
#: What is left of a tool result of an earlier turn, before turns leave.
_SMALL = 32


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


def fencing_of(ticket: Ticket) -> Fencing:
    """Return the fencing of a ticket; the same for all its prompts, or no cache would hit."""
    token = hashlib.sha256(f"fence:{ticket.public_id}".encode()).hexdigest()[:16]
    return Fencing(token, {"channel": ticket.channel_kind})


def authors_of(thread: Sequence[Message]) -> Mapping[int | None, str]:
    """Name the customers of a thread in the order in which they came; none where there is one.

    The names do not change when the thread grows; with the second customer all fences gain one.
    """
    asked = [one for one in thread if one.role is Role.USER]
    numbers = dict.fromkeys(message.author.id for message in asked)
    if len(numbers) < 2:  # noqa: PLR2004 - two are more than one
        return {}
    return {number: f"customer {place}" for place, number in enumerate(numbers, start=1)}


def compose(
    policy: CompiledPolicy,
    thread: Sequence[Message],
    passages: Sequence[Passage],
    *,
    fencing: Fencing,
    window: Window,
    tools: Sequence[ToolSpec] = (),
    summary: Summary | None = None,
    files: Mapping[int, Sequence[SharedFile]] | None = None,
) -> Prompt:
    """Build the prompt for the newest customer turn of a thread, and for its next tool round.

    Only the newest episode is shown, and of it what the summary does not cover. When the budget
    is short, tool results of earlier turns are cut, then the oldest turns leave in blocks; the
    newest turn stays, cut in its middle if it alone is too long. `Prompt.passages` are those that
    stand in it. `files` are those of the thread's messages, by the messages' numbers.
    """
    sheet = Sheet(fencing, window.count, authors=authors_of(thread), files=files or {})
    room = window.budget_tokens - window.budget_tokens // _FREE
    room -= window.count(policy.system) + _tool_tokens(tools, window)
    early = sheet.early(summary, room // _QUARTER) if summary else []
    room -= sheet.cost(early)
    sheet = sheet.limited(room)
    history, newest = _divided(turn_groups(thread, summary))
    kept, question = _question(sheet, newest, passages, room)
    left = room - sheet.cost(question)
    current = [*question, *sheet.rounds(newest.rounds, left)]
    earlier = _within(history, sheet, room - max(sheet.cost(current), room // _QUARTER), room)
    return Prompt(
        messages=(
            ChatMessage(Role.SYSTEM, policy.system),
            *_joined([*early, *earlier, *current]),
        ),
        passages=kept,
        tools=tuple(tools),
        max_output_tokens=window.max_output_tokens,
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """Writes turns as chat messages: everything that is not ours in fences, nothing too long."""

    fencing: Fencing
    count: Callable[[str], int]
    message_tokens: int = _LEAST_QUESTION_TOKENS
    result_tokens: int = _LEAST_RESULT_TOKENS
    #: What the customers are called, by their numbers; none where there is only one.
    authors: Mapping[int | None, str] = field(default_factory=dict)
    #: The files of messages, by the messages' numbers.
    files: Mapping[int, Sequence[SharedFile]] = field(default_factory=dict)

    def limited(self, room: int) -> Sheet:
        """Return a sheet for a room of so many tokens."""
        return replace(
            self,
            message_tokens=max(_LEAST_QUESTION_TOKENS, room // 2),
            result_tokens=max(_LEAST_RESULT_TOKENS, room // _QUARTER),
        )

    def early(self, summary: Summary, most_tokens: int) -> list[ChatMessage]:
        """Write what is told of the turns that left."""
        text = cut(summary.text, max(_LEAST_QUESTION_TOKENS, most_tokens), self.count)
        facts = {"covers": "what was said before"}
        return [ChatMessage(Role.USER, fence(SUMMARY, self.fencing.token, facts, text))]

    def turn(self, group: TurnGroup) -> list[ChatMessage]:
        """Write a turn of the history."""
        return [*self.asked(group), *self.said(group.said)]

    def asked(self, group: TurnGroup) -> list[ChatMessage]:
        """Write what was asked in a row: a fence each, or one for each author if too long.

        Behind the words stand the files that came with them, in what room these leave.
        """
        if not group.asked:
            return []
        blocks = self._questions(group)
        shown: tuple[Image, ...] = ()
        came = [(self._author(m), file) for m in group.asked for file in self.files.get(m.seq, ())]
        if came:
            said = sum(map(self.count, blocks))
            left = max(self.message_tokens - said, self.message_tokens // _QUARTER)
            blocks = [*blocks, *fenced_files(came, self.fencing.token, left, self.count)]
            shown = images_of([file for _, file in came])
        return [ChatMessage(Role.USER, "\n\n".join(blocks), images=shown)]

    def _questions(self, group: TurnGroup) -> list[str]:
        whole = "\n\n".join(message.text for message in group.asked)
        if cut(whole, self.message_tokens, self.count) is whole:
            return [*map(self._fenced, group.asked)]
        # Nobody's words may stand under another's name.
        said: dict[object, list[Message]] = {}
        for message in group.asked:
            author = (self.authors.get(message.author.id), message.data.get(VERIFIED))
            said[author] = [*said.pop(author, []), message]  # whoever wrote last stands last
        most_tokens = max(1, self.message_tokens // len(said))
        blocks = []
        for own in said.values():
            text = "\n\n".join(message.text for message in own)
            blocks.append(self._fenced(own[-1], cut(text, most_tokens, self.count)))
        return blocks

    def said(self, said: Iterable[Message | Round]) -> list[ChatMessage]:
        """Write what was said and done to it."""
        lines: list[ChatMessage] = []
        for one in said:
            if isinstance(one, Round):
                lines += self._round(one)
            else:
                text = cut(one.text, self.message_tokens, self.count)
                lines.append(ChatMessage(Role.ASSISTANT, text))
        return lines

    def rounds(self, rounds: Sequence[Round], most_tokens: int) -> list[ChatMessage]:
        """Write the tool rounds of the newest turn, their results cut where there is no room."""
        lines = self.said(rounds)
        if not lines or self.cost(lines) <= most_tokens:
            return lines
        results = sum(len(one.results) for one in rounds)
        least = max(_LEAST_RESULT_TOKENS, most_tokens // (2 * results))
        return replace(self, result_tokens=least).said(rounds)

    def cost(self, lines: Iterable[ChatMessage]) -> int:
        """Count the tokens of messages."""
        return sum(
            self.count(line.content)
            + _MESSAGE_TOKENS
            + sum(image.tokens for image in line.images)
            + sum(self.count(call.arguments) + _MESSAGE_TOKENS for call in line.tool_calls)
            for line in lines
        )

    def _round(self, one: Round) -> list[ChatMessage]:
        # Results stand as they are: their role says that they are data, and they name their call.
        results = [
            ChatMessage(
                Role.TOOL, cut(result.text, self.result_tokens, self.count), tool_call_id=call.id
            )
            for call, result in zip(one.calls, one.results, strict=True)
        ]
        return [ChatMessage(Role.ASSISTANT, one.asked.text, one.calls), *results]

    def _author(self, message: Message) -> Mapping[str, str]:
        author = self.authors.get(message.author.id)
        return {"author": author} if author is not None else {}

    def _fenced(self, message: Message, text: str | None = None) -> str:
        known = {
            key: str(value)
            for key, value in message.data.items()
            if key == "subject" and value is not None
        }
        if (verified := message.data.get(VERIFIED)) is not None:
            known["verified"] = "yes" if verified is True else "no"
        if EDIT_OF in message.data:
            known["corrects"] = "an earlier message"
        known |= self._author(message)
        return fence(
            QUESTION,
            self.fencing.token,
            {**self.fencing.facts, **known},
            message.text if text is None else text,
        )


def _divided(groups: list[TurnGroup]) -> tuple[list[TurnGroup], TurnGroup]:
    """Split off the newest turn.

    What we said after its question (a word that a person will look at it) is told before it: a
    prompt ends with what has to be answered.
    """
    if not groups or not groups[-1].asked:
        return groups, TurnGroup((), ())
    *history, newest = groups
    if newest.words:
        history.append(TurnGroup((), newest.words))
    return history, TurnGroup(newest.asked, newest.rounds)


def _question(
    sheet: Sheet, newest: TurnGroup, passages: Sequence[Passage], room: int
) -> tuple[tuple[Passage, ...], list[ChatMessage]]:
    """Write the newest question, and behind it as many passages as fit beside a history."""
    asked = sheet.asked(newest)
    if not asked:
        return (), []
    kept, blocks = _fitting(passages, sheet, (room - sheet.cost(asked)) // 2)
    content = "\n\n".join([asked[0].content, *blocks])
    return kept, [replace(asked[0], content=content)]


def _fitting(
    passages: Sequence[Passage], sheet: Sheet, most_tokens: int
) -> tuple[tuple[Passage, ...], list[str]]:
    kept: list[Passage] = []
    blocks: list[str] = []
    for passage in passages:
        facts = {"key": passage.key, "title": passage.title}
        if passage.url:
            facts["url"] = passage.url
        # The bare text is counted: it is the same for all tickets, and counted once.
        shown = sum(map(len, facts.values())) // _CHARACTERS_PER_FACT_TOKEN
        most_tokens -= sheet.count(passage.text) + shown + _FENCE_TOKENS
        if most_tokens < 0:
            break
        kept.append(passage)
        blocks.append(fence(PASSAGE, sheet.fencing.token, facts, passage.text))
    return tuple(kept), blocks


def _within(
    history: Sequence[TurnGroup], sheet: Sheet, most_tokens: int, room: int
) -> list[ChatMessage]:
    """Write the history, within so many tokens."""
    turns = [sheet.turn(group) for group in history]
    costs = [sheet.cost(turn) for turn in turns]
    if sum(costs) > most_tokens and any(group.rounds for group in history):
        least = max(_LEAST_RESULT_TOKENS, room // _SMALL)
        turns = [replace(sheet, result_tokens=least).turn(group) for group in history]
        costs = [sheet.cost(turn) for turn in turns]
    first = _dropped(costs, most_tokens, max(1, room // _QUARTER))
    return [line for turn in turns[first:] for line in turn]


def _dropped(costs: Sequence[int], most_tokens: int, block_tokens: int) -> int:
    """Count the turns that leave: whole blocks, so that the start of the history lasts."""
    over = sum(costs) - most_tokens
    leaving = -(-over // block_tokens) * block_tokens
    first = 0
    while leaving > 0 and first < len(costs):
        leaving -= costs[first]
        first += 1
    return first


def _joined(lines: Iterable[ChatMessage]) -> list[ChatMessage]:
    """Make one message of neighbours with one role: some servers insist that roles alternate."""
    joined: list[ChatMessage] = []
    for line in lines:
        before = joined[-1] if joined else None
        alike = before and before.role is line.role and line.role is not Role.TOOL
        if before and alike and not before.tool_calls:
            content = "\n\n".join(text for text in (before.content, line.content) if text)
            images = (*before.images, *line.images)
            joined[-1] = replace(line, content=content, images=images)
        else:
            joined.append(line)
    return joined


def _tool_tokens(tools: Sequence[ToolSpec], window: Window) -> int:
    return sum(window.count(f"{tool.name} {tool.description} {tool.parameters}") for tool in tools)
