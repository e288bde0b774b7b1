from __future__ import annotations

import pytest

from supportbot.model.wishes import wants_person


@pytest.mark.parametrize(
    "text",
    [
        "a human, please",
        "Can I talk to a person?",
        "I'd like to speak to someone from your team",
        "HUMAN",
        "real person",
        "please connect me with an agent",
        "Hi, I want to talk to a real human, not a bot!",
        "no, get me a representative",
        "no bot please, a human",
        "I need a person, not you",
        "I\u2019d rather talk to somebody",
    ],
)
def test_a_wish_for_a_person_is_recognised(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "???",
        "How do I add a person to my team?",
        "Can I talk to the API from an agent?",
        "are you a human?",
        "How do I connect a staff account?",
        "the person before me got an answer, why not I",
        "talk to a human about my invoice 4711, it is wrong",
        "please help",
        "I do not want to talk to a person",
        "please do not connect me to an agent",
        "no human, please",
        "may I not talk to the team, please",
        "thanks, somebody here",
        "I need to give someone access to the export",
        "talk " * 20 + "human",
    ],
)
def test_a_question_is_no_wish(text: str) -> None:
    assert not wants_person(text)
