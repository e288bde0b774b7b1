"""Tool rounds as messages of a thread: how they are written, and how they are read back. Pure.

What a model wrote goes back to it in the next request, so it is made fit for that: servers refuse
odd names and ids that are used twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from supportbot.model.completion import ToolCall
from supportbot.model.message import Message, NewMessage, Role, Visibility
from supportbot.model.ticket import BOT
from supportbot.model.tool_call import CallState, NewCall, RecordedCall
from supportbot.orchestrator.answering.turn import Asked, Turn
from supportbot.orchestrator.storable import storable
from supportbot.tools.tool import NAME

_MOST_ID_CHARACTERS = 64
_MOST_NAME_CHARACTERS = 64


def asked_calls(
    calls: Sequence[ToolCall], taken: Collection[str], key: str, writes: Callable[[str], bool]
) -> list[NewCall]:
    """Prepare the calls of a round for the ledger.

    `taken` are the call ids that the ticket has used already; `key` names the round, and with the
    place of a call it is the call's idempotency key: the same whenever it is worked out.
    """
    used = set(taken)
    made: list[NewCall] = []
    for position, call in enumerate(storable(tuple(calls))):
        own_key = f"{key}-{position}"
        call_id, name = _unused(call.id, used, own_key), _name(call.name)
        used.add(call_id)
        made.append(NewCall(call_id, name, call.arguments, writes(name), own_key))
    return made


def question_message(
    turn: Turn, asked: Asked, completion_id: int, round_n: int, calls: Sequence[NewCall]
) -> NewMessage:
    """Make the message by which the model asks for the calls of a round.

    It names them; the words they were asked with stand in the ledger, where they can be erased.
    """
    return NewMessage(
        role=Role.ASSISTANT,
        author=BOT,
        text=storable(asked.completion.text),
        visibility=Visibility.INTERNAL,
        policy_version_id=turn.published.version_id,
        completion_id=completion_id,
        data={
            "tool_calls": [[one.call_id, one.name] for one in calls],
            "upto": turn.upto_seq,
            "round": round_n,
        },
    )


def result_message(call: RecordedCall, epoch: int) -> NewMessage:
    """Make the message by which a call that is over is answered; `epoch` is the ticket's fence."""
    return NewMessage(
        role=Role.TOOL,
        author=BOT,
        text="[erased]" if call.result is None else call.result,
        visibility=Visibility.INTERNAL,
        completion_id=call.completion_id,
        tool_call_id=call.call_id,
        data={"upto": call.upto_seq, "name": call.name, "state": call.state, "epoch": epoch},
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the tool rounds of a turn have come, by its thread."""

    #: Number of the next round.
    next_round: int
    #: True: calls wait for their results; carry them out before the model is asked.
    unanswered: bool
    #: Tools of which nobody knows what they did, and no person has looked yet.
    uncertain: tuple[str, ...]
    #: Tools that gave a result which nobody was answered with yet, each once.
    done: tuple[str, ...]


def standing(turn: Turn) -> Standing:
    """Tell how far the tool rounds of a turn have come."""
    # A live reply has covered its turn already.
    covered = turn.ticket.answered_seq
    if turn.live is not None and turn.live.upto_seq is not None:
        covered = turn.live.upto_seq - 1
    begun = [message for message in turn.thread if "tool_calls" in message.data]
    results = [message for message in turn.thread if message.role is Role.TOOL]
    # Every uncertain write goes to a person. Where the bot has the ticket under another fence than
    # then, the person has looked and gave it back.
    fence = turn.ticket.handler_epoch
    unseen = [message for message in results if message.data.get("epoch", fence) == fence]
    answered = {message.tool_call_id for message in results}
    return Standing(
        next_round=sum(message.data.get("upto") == turn.upto_seq for message in begun),
        unanswered=any(call[0] not in answered for one in begun for call in _calls(one.data)),
        uncertain=_named(unseen, CallState.UNCERTAIN, covered),
        done=tuple(dict.fromkeys(_named(results, CallState.DONE, covered))),
    )


def _named(results: Sequence[Message], state: CallState, covered: int) -> tuple[str, ...]:
    """Name the tools whose calls ended so, for questions that are not covered yet."""
    return tuple(
        str(message.data.get("name"))
        for message in results
        if message.data.get("state") == state and _number(message.data.get("upto")) > covered
    )


def _calls(data: Mapping[str, object]) -> Sequence[Sequence[str]]:
    calls = data["tool_calls"]
    return calls if isinstance(calls, list) else ()


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _unused(call_id: str, used: Collection[str], own: str) -> str:
    """Keep the server's id where it is one; else the call's own key, which nothing else has."""
    usable = 0 < len(call_id) <= _MOST_ID_CHARACTERS and call_id not in used
    return call_id if usable else own


def _name(name: str) -> str:
    """Keep a name that a server takes; mark another so that it can be no tool's."""
    if NAME.fullmatch(name):
        return name
    return f"invalid-{re.sub('[^a-zA-Z0-9_-]', '_', name)}"[:_MOST_NAME_CHARACTERS]
