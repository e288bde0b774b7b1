"""The count itself: it must see what it is there to see."""

from __future__ import annotations

from tests.chaos.conversation import Conversation, Heard
from tests.chaos.ledger import Ledger
from tests.chaos.model import answer
from tests.chaos.verdict import judge


def _ledger(*questions: tuple[str, int], **changes: object) -> Ledger:
    values: dict[str, object] = {
        "unread": 0,
        "owing": 0,
        "unsent": 0,
        "bad": (),
        "stored": {question: questions.count(question) for question in questions},
        "handed": frozenset(),
        "reasons": {},
        "events": {},
        "calls": {},
    }
    return Ledger(**(values | changes))  # type: ignore[arg-type] # the factory's values are of many types


def _said(numbers: str, last_words: str = "It takes ten\nminutes.") -> str:
    return f"Covered c1: {numbers}. {last_words}"


def _heard(*covered: str) -> list[Heard]:
    return [Heard(f"d{n}", _said(numbers)) for n, numbers in enumerate(covered)]


_TWO = (("c1", 1), ("c1", 2))


def test_an_answer_to_every_question_is_clean() -> None:
    verdict = judge([Conversation("c1", 2, _heard("1", "2"))], _ledger(*_TWO))
    assert verdict.clean
    assert (verdict.questions, verdict.answers) == (2, 2)


def test_one_answer_to_two_questions_is_clean() -> None:
    assert judge([Conversation("c1", 2, _heard("1, 2"))], _ledger(*_TWO)).clean


def test_a_question_that_nobody_covers_is_lost() -> None:
    verdict = judge([Conversation("c1", 2, _heard("1"))], _ledger(*_TWO))
    assert verdict.lost == ["c1 no 2"]
    assert not verdict.clean


def test_what_a_person_holds_is_not_lost() -> None:
    held = _ledger(*_TWO, handed=frozenset({"c1"}))
    verdict = judge([Conversation("c1", 2, _heard("1"))], held)
    assert verdict.clean
    assert verdict.handed_over == 1


def test_the_same_delivery_twice_is_a_duplicate() -> None:
    again = [Heard("d", _said("1")), Heard("d", _said("1, 2"))]
    verdict = judge([Conversation("c1", 2, again)], _ledger(*_TWO))
    assert verdict.duplicated == ["c1: d stands twice"]


def test_two_answers_to_one_question_are_a_duplicate() -> None:
    verdict = judge([Conversation("c1", 2, _heard("1", "1, 2", "2"))], _ledger(*_TWO))
    assert verdict.duplicated == ["c1 no 2 is answered 2 times"]


def test_an_answer_without_its_last_words_is_cut_short() -> None:
    cut = Conversation("c1", 2, [*_heard("1"), Heard("d", _said("2", "It takes"))])
    assert judge([cut], _ledger(*_TWO)).unfinished == ["c1: the answer to 2 is cut short"]
    assert judge([cut], _ledger(*_TWO, handed=frozenset({"c1"}))).clean


def test_a_question_that_was_taken_back_needs_no_answer_and_may_have_a_part_of_one() -> None:
    unanswered = Conversation("c1", 2, _heard("1"), waived={2})
    assert judge([unanswered], _ledger(*_TWO)).clean
    half = Conversation("c1", 2, [*_heard("1"), Heard("d", _said("2", "Open"))], waived={2})
    assert judge([half], _ledger(*_TWO)).clean


def test_a_question_that_was_taken_back_has_no_place_in_the_order() -> None:
    taken = Conversation("c1", 2, _heard("2", "1"), waived={2})
    assert judge([taken], _ledger(("c1", 1))).clean


def test_a_question_stored_twice_is_a_duplicate() -> None:
    verdict = judge([Conversation("c1", 1, _heard("1"))], _ledger(("c1", 1), ("c1", 1)))
    assert verdict.duplicated == ["c1 no 1 is stored twice"]


def test_answers_out_of_order_are_seen() -> None:
    verdict = judge([Conversation("c1", 2, _heard("2", "1"))], _ledger(*_TWO))
    assert verdict.disordered == ["c1: the answer to 2 stands before that to 1"]


def test_order_is_that_of_arrival() -> None:
    overtaken = _ledger(("c1", 2), ("c1", 1))
    assert judge([Conversation("c1", 2, _heard("2", "1"))], overtaken).clean


def test_what_is_still_owed_is_seen() -> None:
    ledger = _ledger(*_TWO, owing=1, bad=(("uncertain", "k"), ("failed", "f")))
    verdict = judge([Conversation("c1", 2, _heard("1, 2"))], ledger)
    assert verdict.unfinished == ["1 tickets that are owed an answer", "delivery f failed"]
    assert verdict.uncertain == ["k"]


def test_the_model_names_what_its_newest_turn_holds() -> None:
    asked = "Question c7 no 3: how?\n\nQuestion c7 no 4: how?"
    request = {"messages": [{"role": "user", "content": asked}]}
    assert Heard("", answer(request).text).covers == (3, 4)


def test_the_model_calls_no_tool_again_whose_result_it_knows() -> None:
    said = {"role": "user", "content": "Question c7 no 3: how?"}
    result = {"role": "tool", "content": "booked c7 no 3"}
    other = {"role": "tool", "content": "booked c7 no 33"}
    assert not answer({"messages": [result, said], "tools": [{}]}).tool_calls
    assert answer({"messages": [other, said], "tools": [{}]}).tool_calls


def test_a_write_under_two_keys_is_a_duplicate() -> None:
    effects = ["book|k1|c1 no 3", "book|k1|c1 no 3", "book|k2|c1 no 3"]
    verdict = judge([], _ledger(), effects)
    assert verdict.duplicated == ["book for c1 no 3 happened under 2 keys"]
    assert (verdict.effects, verdict.repeated_by_key) == (3, 1)


def test_a_write_that_has_no_key_is_never_repeated() -> None:
    effects = ["post|k1|c1 no 5", "post|k1|c1 no 5"]
    assert judge([], _ledger(), effects).duplicated == ["post|k1|c1 no 5 happened 2 times"]


def test_the_model_calls_tools_before_it_answers() -> None:
    said = {"role": "user", "content": "Question c7 no 3: how?"}
    result = {"role": "tool", "content": "booked"}
    assert len(answer({"messages": [said], "tools": [{}]}).tool_calls) == 2
    assert not answer({"messages": [said, result], "tools": [{}]}).tool_calls
