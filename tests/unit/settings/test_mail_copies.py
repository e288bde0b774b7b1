from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from supportbot.app.mail_ways import mail_setups
from supportbot.channels.email.meaning.addressees import Home

BOX = '[[email.mailboxes]]\naddress = "Help@example.com"\noutbox = "o"\n'
OTHER = '[[email.mailboxes]]\naddress = "sales@example.com"\noutbox = "o"\n'


def test_answers_are_not_copied_and_subjects_not_tagged_unless_told_so(
    load_text: Callable[..., Any],
) -> None:
    (box,) = load_text(BOX).email.mailboxes
    assert (box.cc, box.subject_tag) == ("drop", False)


@pytest.mark.parametrize("value", ['"yes"', "true", '"KEEP"'])
def test_cc_is_one_of_two_words(problems_of: Callable[..., list[str]], value: str) -> None:
    (problem,) = problems_of(f"{BOX}cc = {value}\n")
    assert problem.startswith("supportbot.toml:4: email.mailboxes[0].cc:")
    assert "keep" in problem
    assert "drop" in problem


def test_every_mailbox_knows_what_the_addresses_of_all_stand_for(
    load_text: Callable[..., Any],
) -> None:
    settings = load_text(
        f'{BOX}aliases = ["hi@example.com"]\nreply_address = "*@reply.example.com"\n'
        f'cc = "keep"\nsubject_tag = true\n{OTHER}'
    )
    first, second = (one.config for one in mail_setups(settings, "x" * 32))
    help_desk = Home("email:help@example.com", None, keeps_copies=True)
    homes = dict.fromkeys(("help@example.com", "hi@example.com", "*@reply.example.com"), help_desk)
    homes["sales@example.com"] = Home("email:sales@example.com")
    assert first.homes == second.homes == homes
    assert (first.keep_copies, first.tag_subjects) == (True, True)
    assert (second.keep_copies, second.tag_subjects) == (False, False)
