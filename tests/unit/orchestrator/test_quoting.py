"""Customers' names in what operators are told are found again, and only where they stand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from supportbot.orchestrator.telling.quoting import called, facts, wrote

SINCE = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
WHERE = "Shop · slack"


@pytest.mark.parametrize("company", [None, "Acme"])
@pytest.mark.parametrize("since", [None, SINCE])
@pytest.mark.parametrize("before", ["Ada", "a.d*a"])
def test_a_name_is_put_in_the_place_of_another(
    before: str, since: datetime | None, company: str | None
) -> None:
    told, instead = (
        f"**Handoff**  \n{facts(WHERE, [name, company], since)}  \nlinks"
        for name in (before, r"Ada \1")
    )
    assert called(told, WHERE, before, r"Ada \1") == instead


@pytest.mark.parametrize("before", [None, "ada"])
def test_a_name_is_put_where_there_was_none(before: str | None) -> None:
    told = f"**Handoff**  \n{facts(WHERE, [None], SINCE)}  \nlinks"
    assert called(told, WHERE, before, "Ada").split("  \n")[1] == facts(WHERE, ["Ada"], SINCE)
    assert called(f"{wrote(None)}\n\n> hi", WHERE, before, "Ada") == f"{wrote('Ada')}\n\n> hi"


@pytest.mark.parametrize(
    "told",
    [
        facts(WHERE, ["Adam"], SINCE),
        facts(WHERE, ["Bob", "Ada"], None),
        f"**Asked:** {WHERE} · Ada",
        f"{wrote('Bob')}\n\n> {wrote('Ada')}",
    ],
)
def test_nothing_else_of_a_notice_changes(told: str) -> None:
    assert called(told, WHERE, "Ada", "Ada Lovelace") == told
