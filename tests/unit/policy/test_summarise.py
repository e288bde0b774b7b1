from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from supportbot.model.fence import FILE, unfence
from supportbot.model.file import SharedFile
from supportbot.model.message import Message, Role, Visibility
from supportbot.model.policy import CompiledPolicy
from supportbot.model.summary import Summary
from supportbot.model.ticket import Actor, ActorKind
from supportbot.policy.compose import Fencing, Window
from supportbot.policy.summarise import History, summary_of, summary_prompt, to_cover

MakeMessage = Callable[..., Message]
MakeHistory = Callable[..., History]
TOKEN = "0123456789abcdef"


def words(text: str) -> int:
    return len(text.split())


WIDE = Window(100_000, words, 900)


@pytest.fixture
def make_history(
    make_message: MakeMessage, make_policy: Callable[..., CompiledPolicy]
) -> MakeHistory:
    def make(
        turns: int, summary: Summary | None = None, *, long: int = 50, answered: bool = True
    ) -> History:
        thread = []
        for n in range(turns):
            seq = 2 * n + 1
            thread.append(make_message(seq, f"question-{n} " + "x " * long))
            thread.append(
                make_message(
                    seq + 1, f"answer-{n} " + "y " * long, role=Role.ASSISTANT, data={"upto": seq}
                )
            )
        if not answered:
            thread.pop()
        return History(make_policy(), thread, summary, Fencing(TOKEN, {}))

    return make


def test_short_history_is_left_alone(make_history: MakeHistory) -> None:
    assert to_cover(make_history(9), WIDE, most_tokens=5_000) == ()
    assert to_cover(make_history(8), WIDE, most_tokens=100) == ()


def test_older_turns_are_covered_and_about_a_fifth_stays(make_history: MakeHistory) -> None:
    turns = to_cover(make_history(10), WIDE, most_tokens=500)
    assert [turn.upto_seq for turn in turns] == [1, 3, 5, 7, 9, 11, 13, 15]


def test_next_summary_goes_on_from_the_last(make_history: MakeHistory) -> None:
    history = make_history(19, Summary(15, "..."))
    assert to_cover(history, WIDE, 500, calls=1)[0].upto_seq == 17
    assert to_cover(history, WIDE, 500, calls=2) == ()


def test_a_turn_that_waits_for_its_answer_is_never_covered(make_history: MakeHistory) -> None:
    covered = to_cover(make_history(10, answered=False), WIDE, most_tokens=500)
    assert covered[-1].upto_seq < 17


def test_history_that_would_be_dropped_is_summarised_sooner(make_history: MakeHistory) -> None:
    narrow = Window(1_000, words)
    assert to_cover(make_history(5), narrow, most_tokens=5_000) == ()
    assert to_cover(make_history(5, long=90), narrow, most_tokens=5_000)
    assert to_cover(make_history(5, long=90), narrow, most_tokens=5_000, calls=1) == ()


def test_prompt_holds_last_summary_and_turns_as_data(make_history: MakeHistory) -> None:
    history = make_history(12, Summary(3, "Asked before."))
    turns = to_cover(history, WIDE, 500)
    prompt = summary_prompt(history, turns, WIDE)
    system, data = prompt.messages
    assert "question-2" not in system.content
    blocks = [(block.kind, block.text.split(" x")[0]) for block in unfence(data.content)]
    assert blocks[:2] == [("summary", "Asked before."), ("customer", "question-2")]
    assert prompt.tools == ()
    assert prompt.max_output_tokens == 900


def test_prompt_shows_what_was_looked_up_cut_short(
    make_history: MakeHistory, make_message: MakeMessage
) -> None:
    history = make_history(12)
    internal = {"visibility": Visibility.INTERNAL}
    calls = {"tool_calls": [["c", "get_order", '{"id": "#W1"}']], "upto": 1}
    asked = make_message(90, "", role=Role.ASSISTANT, data=calls, **internal)
    found = make_message(91, "found " * 5_000, role=Role.TOOL, tool_call_id="c", **internal)
    history = History(
        history.policy, [*history.thread, asked, found], history.summary, history.fencing
    )
    prompt = summary_prompt(history, to_cover(history, WIDE, 500), WIDE)
    tool = next(b for b in unfence(prompt.messages[1].content) if b.kind == "tool")
    assert tool.facts == {"name": "get_order", "arguments": '{"id": "#W1"}'}
    assert words(tool.text) <= 200


def test_prompt_tells_what_files_said(make_history: MakeHistory) -> None:
    log = SharedFile("error.log", "text/plain", text="boom in line 7")
    shot = SharedFile("shot.png", "image/png")
    history = replace(make_history(10), files={1: (log, shot)})
    content = summary_prompt(history, to_cover(history, WIDE, 500), WIDE).messages[-1].content
    files = [block for block in unfence(content) if block.kind == FILE]
    assert [(one.facts["name"], one.text) for one in files] == [
        ("error.log", "boom in line 7"),
        ("shot.png", ""),
    ]


def test_prompt_fits_the_window_however_much_there_is(make_history: MakeHistory) -> None:
    history = make_history(40)
    narrow = Window(1_000, words)
    turns = to_cover(history, narrow, 500)
    prompt = summary_prompt(history, turns, narrow)
    assert sum(words(message.content) for message in prompt.messages) < 1_000
    assert f"question-{len(turns) - 1} " in prompt.messages[1].content


def test_summary_reaches_up_to_the_last_turn_and_is_bounded(make_history: MakeHistory) -> None:
    turns = to_cover(make_history(10), WIDE, 500)
    summary = summary_of(turns, "  " + "note " * 5_000, WIDE)
    assert summary.upto_seq == 15
    assert words(summary.text) <= 400


def test_who_asked_is_told_where_a_thread_has_several_customers(make_history: MakeHistory) -> None:
    history = make_history(10)
    turns = to_cover(history, WIDE, most_tokens=500)
    assert "author" not in summary_prompt(history, turns, WIDE).messages[-1].content
    second = replace(history.thread[2], author=Actor(ActorKind.CUSTOMER, 2))
    shared = replace(history, thread=[*history.thread[:2], second, *history.thread[3:]])
    content = summary_prompt(shared, to_cover(shared, WIDE, most_tokens=500), WIDE).messages[-1]
    asked = [block.facts["author"] for block in unfence(content.content) if "author" in block.facts]
    assert asked[:3] == ["customer 1", "customer 2", "customer 1"]
