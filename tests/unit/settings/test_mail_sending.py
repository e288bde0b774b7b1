from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BOX = '[[email.mailboxes]]\naddress = "help@example.com"\noutbox = "o"\n'
OTHER = '[[email.mailboxes]]\naddress = "sales@example.com"\noutbox = "o"\n'


def test_answers_come_back_behind_a_plus_unless_told_otherwise(
    load_text: Callable[..., Any],
) -> None:
    settings = load_text(BOX)
    (box,) = settings.email.mailboxes
    assert (box.reply_address, box.sent_folder) == ("plus", None)
    assert settings.email.per_domain_per_minute == 60


@pytest.mark.parametrize("value", ["reply@example.com", "*", "*@", "*@*", "yes"])
def test_reply_address_that_is_none_is_refused_with_what_to_write(
    problems_of: Callable[..., list[str]], value: str
) -> None:
    (problem,) = problems_of(f'{BOX}reply_address = "{value}"\n')
    assert problem.startswith("supportbot.toml:4: email.mailboxes[0].reply_address: write plus")


def test_two_mailboxes_need_two_domains_for_answers(
    load_text: Callable[..., Any], problems_of: Callable[..., list[str]]
) -> None:
    same = 'reply_address = "*@reply.example.com"\n'
    (problem,) = problems_of(f"{BOX}{same}{OTHER}{same}")
    assert "two mailboxes have the same reply_address" in problem
    load_text(f"{BOX}{same}{OTHER}")


def test_local_part_that_leaves_no_room_is_refused_with_its_cure(
    load_text: Callable[..., Any], problems_of: Callable[..., list[str]]
) -> None:
    longer = BOX.replace("help@", "kundenservice-deutschland@")
    (problem,) = problems_of(longer)
    assert 'write reply_address = "none"' in problem
    load_text(f'{longer}reply_address = "none"\n')
