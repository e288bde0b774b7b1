"""A thread as turn groups: what a customer said in a row, and what was said and done to it. Pure.

Groups stay or leave a prompt as a whole, so no tool result ever stands there without its call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from supportbot.model.completion import ToolCall
from supportbot.model.message import Message, Role, Visibility
from supportbot.model.summary import Summary


@dataclass(frozen=True, slots=True)
class Round:
    """Tool calls the model asked for, and the result of each, in the order of the calls."""

    asked: Message
    calls: tuple[ToolCall, ...]
    results: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class TurnGroup:
    """One turn; only the first of a thread may have nothing asked."""

    asked: tuple[Message, ...]
    said: tuple[Message | Round, ...]

    @property
    def upto_seq(self) -> int:
        """Number of its newest customer message; 0 if it has none."""
        return self.asked[-1].seq if self.asked else 0

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The tool rounds in it."""
        return tuple(one for one in self.said if isinstance(one, Round))

    @property
    def words(self) -> tuple[Message, ...]:
        """What the customer was told."""
        return tuple(one for one in self.said if isinstance(one, Message))


def turn_groups(thread: Sequence[Message], summary: Summary | None = None) -> list[TurnGroup]:
    """Divide the newest episode of a thread, in order, without what a summary covers.

    Public messages are shown, and tool rounds of which every call has its result. A reply stands
    after the message that it names in `data["upto"]`, whatever came between.
    """
    episode = max((message.episode_n for message in thread), default=0)
    shown = _in_place([message for message in thread if message.episode_n == episode])
    groups: list[TurnGroup] = []
    asked: list[Message] = []
    said: list[Message | Round] = []
    for one in shown:
        if isinstance(one, Message) and one.role is Role.USER:
            if said:
                groups.append(TurnGroup(tuple(asked), tuple(said)))
                asked, said = [], []
            asked.append(one)
        else:
            said.append(one)
    if asked or said:
        groups.append(TurnGroup(tuple(asked), tuple(said)))
    covered = summary.upto_seq if summary else -1
    return [group for group in groups if group.upto_seq > covered]


def _in_place(episode: Sequence[Message]) -> list[Message | Round]:
    """Order what is shown: customers' messages as they came, the rest after what it is about."""
    rounds = _rounds(episode)
    placed: list[tuple[int, int, Message | Round]] = []
    newest = 0
    for message in episode:
        public = message.visibility is Visibility.PUBLIC
        if message.role is Role.USER and public:
            newest = message.seq
            placed.append((newest, 0, message))
            continue
        upto = message.data.get("upto")
        about = upto if isinstance(upto, int) else newest
        if message.seq in rounds:
            placed.append((about, message.seq, rounds[message.seq]))
        elif message.role is Role.ASSISTANT and public and message.text:
            placed.append((about, message.seq, message))
    return [one for _, _, one in sorted(placed, key=lambda place: place[:2])]


def _rounds(episode: Sequence[Message]) -> dict[int, Round]:
    """Find the whole rounds by the number of their first message.

    Models use the same call ids again, so a result belongs to the newest round that waits for it.
    """
    begun: list[_Begun] = []
    for message in episode:
        if message.role is Role.ASSISTANT and message.data.get("tool_calls"):
            begun.append(_Begun(message, _calls(message), {}))
        elif message.role is Role.TOOL:
            for one in reversed(begun):
                if one.takes(message):
                    break
    return {one.asked.seq: one.whole() for one in begun if len(one.results) == len(one.calls)}


@dataclass(frozen=True, slots=True)
class _Begun:
    asked: Message
    calls: tuple[ToolCall, ...]
    results: dict[int, Message]

    def takes(self, message: Message) -> bool:
        for position, call in enumerate(self.calls):
            if call.id == message.tool_call_id and position not in self.results:
                self.results[position] = message
                return True
        return False

    def whole(self) -> Round:
        return Round(self.asked, self.calls, tuple(self.results[n] for n in sorted(self.results)))


def _calls(message: Message) -> tuple[ToolCall, ...]:
    asked = message.data["tool_calls"]
    return tuple(ToolCall(*call) for call in asked) if isinstance(asked, list) else ()
