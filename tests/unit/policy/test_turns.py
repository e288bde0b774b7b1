from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supportbot.model.message import Message, Role, Visibility
from supportbot.model.summary import Summary
from supportbot.policy.turns import Round, TurnGroup, turn_groups

MakeMessage = Callable[..., Message]
INTERNAL = Visibility.INTERNAL


def asking(make: MakeMessage, seq: int, *ids: str, **data: Any) -> Message:
    calls = [[one, "look_up", "{}"] for one in ids]
    return make(
        seq, "", role=Role.ASSISTANT, visibility=INTERNAL, data={"tool_calls": calls, **data}
    )


def result(make: MakeMessage, seq: int, call_id: str) -> Message:
    return make(seq, f"result {seq}", role=Role.TOOL, visibility=INTERNAL, tool_call_id=call_id)


def said(make: MakeMessage, seq: int, upto: int | None = None) -> Message:
    data = {} if upto is None else {"upto": upto}
    return make(seq, f"reply {seq}", role=Role.ASSISTANT, data=data)


def outline(groups: list[TurnGroup]) -> list[tuple[list[int], list[Any]]]:
    """Numbers of what was asked, and of what was said; a round as a list of its numbers."""
    return [
        (
            [message.seq for message in group.asked],
            [
                [one.asked.seq, *(r.seq for r in one.results)]
                if isinstance(one, Round)
                else one.seq
                for one in group.said
            ],
        )
        for group in groups
    ]


def test_a_group_is_a_run_of_questions_and_what_was_said_to_it(make_message: MakeMessage) -> None:
    thread = [
        said(make_message, 1),
        make_message(2, "a"),
        make_message(3, "b"),
        said(make_message, 4),
        make_message(5, "c"),
    ]
    assert outline(turn_groups(thread)) == [([], [1]), ([2, 3], [4]), ([5], [])]


def test_reply_stands_after_the_message_it_answers(make_message: MakeMessage) -> None:
    thread = [make_message(1, "a"), make_message(2, "b"), said(make_message, 3, upto=1)]
    assert outline(turn_groups(thread)) == [([1], [3]), ([2], [])]


def test_tool_round_belongs_to_the_turn_it_was_made_for(make_message: MakeMessage) -> None:
    thread = [
        make_message(1, "a"),
        asking(make_message, 2, "x", "y", upto=1),
        make_message(3, "b"),
        result(make_message, 4, "y"),
        result(make_message, 5, "x"),
        said(make_message, 6, upto=1),
    ]
    assert outline(turn_groups(thread)) == [([1], [[2, 5, 4], 6]), ([3], [])]


def test_reply_without_a_word_on_rounds_comes_after_them(make_message: MakeMessage) -> None:
    thread = [
        make_message(1, "a"),
        asking(make_message, 2, "x"),
        result(make_message, 3, "x"),
        said(make_message, 4, upto=1),
    ]
    assert outline(turn_groups(thread)) == [([1], [[2, 3], 4])]


def test_call_ids_that_come_again_find_their_own_results(make_message: MakeMessage) -> None:
    thread = [make_message(1, "a")]
    for seq in (2, 4):
        thread += [asking(make_message, seq, "call_1"), result(make_message, seq + 1, "call_1")]
    assert outline(turn_groups(thread)) == [([1], [[2, 3], [4, 5]])]


def test_result_belongs_to_the_newest_round_that_waits_for_it(make_message: MakeMessage) -> None:
    """The first round was cut off by a crash; the turn began anew, with the same call id."""
    thread = [
        make_message(1, "a"),
        asking(make_message, 2, "call_1"),
        asking(make_message, 3, "call_1"),
        result(make_message, 4, "call_1"),
    ]
    assert outline(turn_groups(thread)) == [([1], [[3, 4]])]


def test_round_without_all_its_results_is_left_out_whole(make_message: MakeMessage) -> None:
    thread = [
        make_message(1, "a"),
        asking(make_message, 2, "x", "y"),
        result(make_message, 3, "x"),
        result(make_message, 4, "stray"),
        said(make_message, 5),
    ]
    assert outline(turn_groups(thread)) == [([1], [5])]


def test_notes_of_operators_and_earlier_episodes_are_left_out(make_message: MakeMessage) -> None:
    thread = [
        make_message(1, "old"),
        make_message(2, "a", episode_n=2),
        make_message(3, "note", episode_n=2, role=Role.ASSISTANT, visibility=INTERNAL),
        make_message(4, "edit", episode_n=2, visibility=INTERNAL, data={"edit_of": 2}),
    ]
    assert outline(turn_groups(thread)) == [([2], [])]


def test_what_a_summary_covers_is_left_out_with_its_replies(make_message: MakeMessage) -> None:
    thread = [
        said(make_message, 1),
        make_message(2, "a"),
        make_message(3, "b"),
        said(make_message, 4, upto=2),
        said(make_message, 5, upto=3),
    ]
    assert outline(turn_groups(thread, Summary(2, "..."))) == [([3], [5])]
