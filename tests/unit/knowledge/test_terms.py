from __future__ import annotations

import pytest

from supportbot.errors import KnowledgeError
from supportbot.knowledge.terms import MAX_TERM_CHARS, Analyzer


def test_words_are_lower_case_stems() -> None:
    assert Analyzer().count("Invoices, INVOICE: invoicing!") == {"invoic": 3}


def test_a_question_leaves_out_the_words_of_the_stop_list() -> None:
    assert Analyzer().count_question("How do I reset the password?") == {"reset": 1, "password": 1}


def test_a_question_of_stop_words_uses_them() -> None:
    assert Analyzer().count_question("What is it?") == {"what": 1, "is": 1, "it": 1}


def test_a_document_keeps_every_word() -> None:
    assert Analyzer().count("what is it") == {"what": 1, "is": 1, "it": 1}


def test_composed_and_combining_accents_are_the_same_word() -> None:
    assert Analyzer().count("cafe\u0301") == Analyzer().count("caf\u00e9")


def test_encoded_data_fits_the_column() -> None:
    assert [len(term) for term in Analyzer().count("x" * 5000)] == [MAX_TERM_CHARS]


def test_another_language_has_its_own_stems_and_no_english_stop_list() -> None:
    assert Analyzer("german").count_question("Die Rechnungen was") == {
        "die": 1,
        "rechnung": 1,
        "was": 1,
    }


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KnowledgeError, match=r"'klingon' is not known.*english"):
        Analyzer("klingon")
