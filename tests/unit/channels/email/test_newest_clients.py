# ruff: noqa: RUF001 - lines of clients in many scripts
"""What programs of many languages put around an answer, and prose that looks so."""

from __future__ import annotations

import pytest

from supportbot.channels.email.meaning.newest import newest_words

#: Mail → its newest words.
MAILS = [
    (
        "Please help.\n\nSent from Mail for Windows 10\n",
        "Please help.",
    ),
    (
        "Please help.\n\nSent from Yahoo Mail on Android\n",
        "Please help.",
    ),
    (
        "Please help.\n\nSent from Yahoo Mail for iPhone<https://x>\n",
        "Please help.",
    ),
    (
        "Hilfe bitte.\n\nGesendet von Mail für Windows\n",
        "Hilfe bitte.",
    ),
    (
        "Aiuto.\n\nInviato da Outlook per Android<https://aka.ms/x>\n",
        "Aiuto.",
    ),
    (
        "Help.\n\nSent from Outlook for iOS<https://aka.ms/x>\n",
        "Help.",
    ),
    (
        "Help.\n\nVerstuurd vanaf mijn iPhone\n",
        "Help.",
    ),
    (
        "お願いします。\n\niPhoneから送信\n",
        "お願いします。",
    ),
    (
        "도와주세요.\n\n나의 iPhone에서 보냄\n",
        "도와주세요.",
    ),
    (
        "Помогите.\n\nОтправлено с iPhone\n",
        "Помогите.",
    ),
    (
        "Ajuda.\n\nEnviado do meu iPhone\n",
        "Ajuda.",
    ),
    (
        "Apua.\n\nLähetetty iPhonesta\n",
        "Apua.",
    ),
    (
        "Βοήθεια.\n\nΣτάλθηκε από το iPhone μου\n",
        "Βοήθεια.",
    ),
    (
        "Yardım.\n\niPhone'umdan gönderildi\n",
        "Yardım.",
    ),
    (
        "עזרה.\n\n\u200fנשלח מה-iPhone שלי\u200f\n",
        "עזרה.",
    ),
    (
        "Help.\n\nSent via BlackBerry from T-Mobile\n",
        "Help.",
    ),
    (
        "Help.\n\n---\nSent from my phone. Please excuse my brevity.\n",
        "Help.",
    ),
    (
        "Help.\n\n-- \nSent from my Android device with K-9 Mail. Please excuse my brevity.\n",
        "Help.",
    ),
    (
        "Hilfe.\n\n-- \nDiese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.\n",
        "Hilfe.",
    ),
    (
        (
            "Help me\n"
            "\n"
            "Regards,\n"
            "Ann\n"
            "\n"
            "Sent from my iPhone\n"
            "\n"
            "> On 1 Feb 2016, at 18:32, Bob <bob@x.example> wrote:\n"
            "> \n"
            "> Hi\n"
        ),
        "Help me\n\nRegards,\nAnn",
    ),
    (
        (
            "Help.\n"
            "\n"
            "-- \n"
            "This email has been checked for viruses by Avast antivirus software.\n"
            "www.avast.com\n"
        ),
        "Help.",
    ),
    (
        (
            "On 01/02/16 18:32, Bob wrote:\n"
            "> Hello Ann,\n"
            "> how are you?\n"
            "\n"
            "Fine, thanks.\n"
            "\n"
            "-- \n"
            "Ann\n"
            "ACME\n"
        ),
        "Fine, thanks.",
    ),
    (
        (
            "Hi Bob,\n"
            "\n"
            "On 01/02/16 18:32, Bob wrote:\n"
            "> Red?\n"
            "\n"
            "No.\n"
            "\n"
            "> Blue?\n"
            "\n"
            "Yes.\n"
            "\n"
            "> Bob\n"
            "> -- \n"
            "> ACME\n"
        ),
        "Hi Bob,\n\n> Red?\n\nNo.\n\n> Blue?\n\nYes.",
    ),
]  # fmt: skip

PROSE = [
    "It says:\n\n> error 42\n\nWhat is that?",
    "On Monday at 10:00 I ordered:\n- a\n- b\n\nWhere is it?",
    "On 1 Feb at 10:30 your colleague Bob wrote: come back later. He never answered.\nSo?",
    "I want to move\n\nFrom: Berlin\nTo: Paris\nDate: 3 May\n\nHow much?",
    "Log:\n-----\na\nb\n-----\nwhat now?",
    "The log says\nFrom: a@x\nTo: b@x\nSubject: c\nwhat is wrong?",
    "FYI\n\n> Begin forwarded message:\n> \n> From: Bob <b@x.example>\n> Subject: x\n> \n> Hi",
]  # fmt: skip


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("text", "newest"), MAILS)
def test_footers_and_quotes_around_an_answer_are_cut(text: str, newest: str) -> None:
    assert squeezed(newest_words(text)) == squeezed(newest)


@pytest.mark.parametrize("text", PROSE)
def test_customers_words_that_look_like_marks_are_kept(text: str) -> None:
    assert newest_words(text) == text
