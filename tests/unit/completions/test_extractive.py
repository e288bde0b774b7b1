from __future__ import annotations

import json
from typing import Any

import pytest

from supportbot.completions.extractive import MODEL, NOT_FOUND, answer
from supportbot.model.fence import PASSAGE, QUESTION, fence
from supportbot.tools.handoff import handoff_tool

TOKEN = "0123456789abcdef"
DOMAIN = (
    "Pointing a domain at our servers",
    "https://help/domain",
    """# Pointing a domain
We serve many countries. To point your domain at our servers, set the A record to 192.0.2.7. \
The change of the record takes an hour. Bananas are yellow.""",
)
INVOICE = (
    "Invoices",
    "https://help/invoice",
    "Invoices are sent on the third working day. You can download an invoice under Billing.",
)


def request(question: str, *passages: tuple[str, str, str], tools: bool = True) -> dict[str, Any]:
    blocks = [
        fence(PASSAGE, TOKEN, {"key": f"k{n}", "title": title, "url": url}, text)
        for n, (title, url, text) in enumerate(passages)
    ]
    spec = handoff_tool()
    offered = [{"type": "function", "function": {"name": spec.name}}] if tools else []
    return {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": fence(QUESTION, TOKEN, {}, "I want a human")},
            {"role": "assistant", "content": "Sure."},
            {
                "role": "user",
                "content": "\n\n".join([*blocks, fence(QUESTION, TOKEN, {}, question)]),
            },
        ],
        "tools": offered,
    }


def said(question: str, *passages: tuple[str, str, str], tools: bool = True) -> str | None:
    choice = answer(request(question, *passages, tools=tools))["choices"][0]
    content = choice["message"]["content"]
    return None if content is None else str(content)


def reason(question: str, *passages: tuple[str, str, str]) -> str | None:
    choice = answer(request(question, *passages))["choices"][0]
    if choice["finish_reason"] != "tool_calls":
        return None
    (call,) = choice["message"]["tool_calls"]
    return str(json.loads(call["function"]["arguments"])["reason"])


def test_sentences_are_quoted_word_for_word_with_title_and_link() -> None:
    text = said("How do I point my domain at your servers?", INVOICE, DOMAIN)
    assert text is not None
    quoted, source = text.split("\n\n")
    assert quoted in DOMAIN[2]
    assert quoted.startswith("To point your domain at our servers, set the A record to 192.0.2.7.")
    assert "Bananas" not in quoted
    assert source == "Source: [Pointing a domain at our servers](https://help/domain)"


def test_passage_that_fits_best_is_quoted_wherever_it_stands() -> None:
    for passages in ((INVOICE, DOMAIN), (DOMAIN, INVOICE)):
        text = said("When are invoices sent?", *passages)
        assert text is not None
        assert text.startswith("Invoices are sent on the third working day.")


def test_question_that_no_passage_answers_is_handed_off() -> None:
    assert (
        reason("Do you sell purple elephants in Antarctica?", INVOICE, DOMAIN) == "low_confidence"
    )
    assert reason("How do I point my domain?") == "low_confidence"
    assert reason("what is it?", DOMAIN) == "low_confidence"
    assert reason("", DOMAIN) == "low_confidence"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("I want to talk to a real person about invoices", "asked"),
        ("Please connect me with an operator.", "asked"),
        ("I need a human", "asked"),
        ("human please", "asked"),
        ("I want a refund for the invoices you sent", "policy"),
        ("My lawyer will hear about the invoices", "policy"),
        ("I was charged twice, invoices are wrong", "policy"),
        ("Where is order #12345? Are invoices sent?", "policy"),
        ("Something is wrong with my invoice", "policy"),
    ],
)
def test_person_money_law_and_own_case_are_handed_off_at_once(question: str, expected: str) -> None:
    assert reason(question, INVOICE) == expected


def test_question_for_the_way_is_answered_even_about_ones_own_invoice() -> None:
    text = said("How can I download my invoice?", INVOICE)
    assert text is not None
    assert "You can download an invoice under Billing." in text


def test_only_the_newest_question_counts() -> None:
    assert reason("When are invoices sent?", INVOICE) is None


def test_without_a_handoff_tool_the_message_is_said() -> None:
    assert said("purple elephants", INVOICE, tools=False) == NOT_FOUND


def test_equal_requests_get_equal_answers_and_no_usage() -> None:
    first, second = (answer(request("When are invoices sent?", INVOICE)) for _ in range(2))
    assert first == second
    assert first["model"] == MODEL == "kb-extractive-1"
    assert set(first["usage"].values()) == {0}


def test_quote_is_at_most_three_sentences() -> None:
    text = "Invoices one. Invoices two. Invoices three. Invoices four. Invoices five."
    quoted = said("invoices?", ("Invoices", "", text))
    assert quoted is not None
    assert quoted.split("\n\n") == [
        "Invoices one. Invoices two. Invoices three.",
        "Source: Invoices",
    ]


def test_announcement_is_quoted_with_what_it_announces() -> None:
    text = "To cancel a plan:\nOpen Settings.\nPress End."
    quoted = said("cancel plan", ("Plans", "", text))
    assert quoted is not None
    assert quoted.startswith("To cancel a plan:\nOpen Settings.")


def test_brackets_in_a_title_do_not_break_the_link() -> None:
    text = said("When are invoices sent?", ("Invoices [EU]", "https://h/i", INVOICE[2]))
    assert text is not None
    assert text.endswith(r"Source: [Invoices \[EU\]](https://h/i)")


@pytest.mark.parametrize("body", [{}, {"messages": [{}]}, {"messages": None}, {"messages": ["x"]}])
def test_anything_but_a_request_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        answer(body)


def test_lines_that_an_editor_wrapped_are_joined_again() -> None:
    text = (
        "To cancel a plan, open the page that lists all of your plans and then\npress End.\n\n"
        "Plans end at the end of a month."
    )
    quoted = said("How do I cancel a plan?", ("Plans", "", text))
    assert quoted is not None
    assert quoted.startswith(text.split("\n\n", maxsplit=1)[0].replace("\n", " "))
    assert "\n" in quoted
