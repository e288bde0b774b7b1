"""Numbers that no clock, column or semaphore could take are refused before anything starts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.settings.table import Setting, describe

Problems = Callable[..., list[str]]

_NUMBERS = [s for s in describe() if s.type in ("number", "whole number") and s.env]
_FLOATS = [s for s in _NUMBERS if s.type == "number"]


@pytest.mark.parametrize("setting", _NUMBERS, ids=lambda s: s.name)
def test_every_number_has_an_upper_bound(problems_of: Problems, setting: Setting) -> None:
    assert _refused(problems_of, setting, "1" + "0" * 18)


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize("setting", _FLOATS, ids=lambda s: s.name)
def test_no_number_is_infinite(problems_of: Problems, setting: Setting, value: str) -> None:
    assert "finite" in _refused(problems_of, setting, value)


@pytest.mark.parametrize("name", ["quiet_seconds", "max_wait_seconds", "import_days"])
def test_numbers_of_a_mailbox_are_bounded_too(problems_of: Problems, name: str) -> None:
    box = f'[[email.mailboxes]]\naddress = "a@b.example"\noutbox = "out"\n{name} = 1000000000\n'
    (problem,) = problems_of(box)
    assert "less than or equal to" in problem


def test_bound_is_told_with_the_place(problems_of: Problems) -> None:
    (problem,) = problems_of("[tickets]\nreopen_days = 1e12\n")
    assert problem == (
        "supportbot.toml:2: tickets.reopen_days: input should be less than or equal to 366"
    )


def _refused(problems_of: Problems, setting: Setting, value: str) -> str:
    (problem, *_) = problems_of(**{setting.env[0]: value})
    return problem
