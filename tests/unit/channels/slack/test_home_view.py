"""The home tab: what Slack takes, whatever customers wrote and however much there is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.models.views import View

from supportbot.channels.slack.surfaces.home_view import MOST_TICKETS, ask_form, home_view
from supportbot.model.ticket import Handler, Status
from supportbot.store.own_tickets import OwnTicket

PLACE = {"team": "T1", "channel": "C1", "thread_ts": "1.5"}


def own(subject: str | None = "How do I export?", **changes: Any) -> OwnTicket:
    values: dict[str, Any] = {
        "product": "Rocket",
        "status": Status.PENDING,
        "handler": Handler.BOT,
        "opened_at": datetime(2026, 1, 1, tzinfo=UTC),
        "target": PLACE,
    }
    return OwnTicket(subject=subject, **(values | changes))


def text_of(view: dict[str, Any]) -> str:
    View(**view).to_dict()  # the SDK refuses what Slack would
    return json.dumps(view, ensure_ascii=False)


def test_ticket_has_its_link_state_product_and_date() -> None:
    text = text_of(home_view([own()], {"rocket": "Rocket"}))
    address = "https://slack.com/app_redirect?team=T1&channel=C1&message_ts=1.5"
    assert f"*<{address}|How do I export?>*\\nanswered · Rocket · <!date^1767225600^" in text


def test_ticket_without_a_place_or_a_subject_is_named_all_the_same() -> None:
    assert "*Your question*" in text_of(home_view([own(None, target={"user": "U1"})], {}))


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("handler", list(Handler))
def test_every_state_has_words(status: Status, handler: Handler) -> None:
    assert " · Rocket · " in text_of(home_view([own(status=status, handler=handler)], {}))


@pytest.mark.parametrize("words", ["<!channel>", "<https://evil.example|here>", "a|b", "*x* `y`"])
def test_words_of_customers_have_no_power(words: str) -> None:
    text = text_of(home_view([own(words)], {}))
    assert words not in text
    assert "<!channel>" not in text
    assert "<https://evil" not in text


def test_nothing_asked_yet_is_said() -> None:
    assert "You have not asked anything yet." in text_of(home_view([], {"rocket": "Rocket"}))


def test_many_products_and_tickets_stay_within_slacks_limits() -> None:
    products = {f"p{n}": f"Product {n} {'x' * 90}" for n in range(80)}
    view = home_view([own("x" * 998) for _ in range(50)], products)
    text_of(view)
    assert len(view["blocks"]) <= 100
    assert sum("app_redirect" in json.dumps(block) for block in view["blocks"]) == MOST_TICKETS


def test_form_keeps_its_product() -> None:
    form = ask_form("rocket", "Rocket")
    assert "Rocket" in text_of(form)
    assert form["private_metadata"] == "rocket"
