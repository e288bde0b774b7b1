"""The fake workspace's modals and home tabs refuse what Slack refuses."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.testing.fake_slack import FakeSlack
from tests.integration.testing.calling import client, refusal

TEXT = {"type": "plain_text", "text": "Words"}
INPUT = {
    "type": "input",
    "block_id": "words",
    "label": TEXT,
    "element": {"type": "plain_text_input", "action_id": "typed"},
}
MODAL = {"type": "modal", "callback_id": "form", "title": TEXT, "submit": TEXT, "blocks": [INPUT]}
BUTTON = {"type": "button", "action_id": "go", "value": "7", "text": TEXT}
HOME = {"type": "home", "blocks": [{"type": "actions", "elements": [BUTTON]}]}


def trigger_of(slack: FakeSlack, user: str = "ada") -> str:
    return str(slack.requests.command(user, "hi").payload["trigger_id"])


async def test_modal_is_opened_filled_in_and_sent(lenient: FakeSlack) -> None:
    await client(lenient).views_open(trigger_id=trigger_of(lenient), view=MODAL)
    modal = lenient.views.modal("ada")
    assert modal is not None
    assert "Words" in modal.text
    sent = lenient.views.submit("ada", "my question").payload
    assert sent["type"] == "view_submission"
    assert sent["view"]["callback_id"] == "form"
    assert sent["view"]["state"]["values"]["words"]["typed"]["value"] == "my question"
    assert lenient.views.modal("ada") is None


async def test_modal_that_could_not_be_sent_stays_open_until_it_is_closed(
    lenient: FakeSlack,
) -> None:
    await client(lenient).views_open(trigger_id=trigger_of(lenient), view=MODAL)
    lenient.views.submit("ada", "words")
    assert lenient.views.modal("ada") is None  # on its way
    await lenient.settled()
    assert lenient.views.modal("ada") is not None  # nobody took it
    lenient.views.close("ada")
    assert lenient.views.modal("ada") is None


async def test_each_input_can_be_given_its_own(lenient: FakeSlack) -> None:
    options = [{"value": value, "text": TEXT} for value in ("rocket", "boat")]
    choice = {"type": "static_select", "action_id": "chosen", "options": options}
    chosen = {"type": "input", "block_id": "choice", "label": TEXT, "element": choice}
    view = {**MODAL, "blocks": [INPUT, chosen]}
    await client(lenient).views_open(trigger_id=trigger_of(lenient), view=view)
    sent = lenient.views.submit("ada", {"words": "my question", "choice": "boat"}).payload
    values = sent["view"]["state"]["values"]
    assert values["words"]["typed"]["value"] == "my question"
    assert values["choice"]["chosen"]["selected_option"]["value"] == "boat"


async def test_trigger_opens_one_view(lenient: FakeSlack) -> None:
    trigger = trigger_of(lenient)
    await client(lenient).views_open(trigger_id=trigger, view=MODAL)
    again = client(lenient).views_open(trigger_id=trigger, view=MODAL)
    assert await refusal(again) == "exchanged_trigger_id"
    made_up = client(lenient).views_open(trigger_id="1.x", view=MODAL)
    assert await refusal(made_up) == "exchanged_trigger_id"


async def test_trigger_grows_old(lenient: FakeSlack) -> None:
    trigger = trigger_of(lenient)
    lenient.views.triggers.seconds = -1.0
    late = client(lenient).views_open(trigger_id=trigger, view=MODAL)
    assert await refusal(late) == "expired_trigger_id"


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "home"},
        {"title": None},
        {"submit": None},
        {"title": TEXT | {"text": "x" * 25}},
        {"blocks": [INPUT, INPUT]},
        {"blocks": [{"type": "no_such_block"}]},
        {"blocks": [{"type": "divider"}] * 101},
        {"private_metadata": "x" * 3001},
    ],
)
async def test_modal_that_breaks_a_rule_is_refused_and_noted(
    lenient: FakeSlack, wrong: dict[str, Any]
) -> None:
    view = {name: value for name, value in (MODAL | wrong).items() if value is not None}
    opening = client(lenient).views_open(trigger_id=trigger_of(lenient), view=view)
    assert await refusal(opening) == "invalid_arguments"
    assert lenient.violations


async def test_home_is_published_pressed_and_replaced(lenient: FakeSlack) -> None:
    lenient.views.open_home("ada")
    first = await client(lenient).views_publish(user_id="U0ADA", view=HOME)
    pressed = lenient.views.press("ada", "go").payload
    assert (pressed["container"]["type"], pressed["actions"][0]["value"]) == ("view", "7")
    opened = lenient.views.open_home("ada").payload["event"]
    assert (opened["tab"], opened["view"]["hash"]) == ("home", first["view"]["hash"])
    await client(lenient).views_publish(user_id="U0ADA", view=HOME, hash=first["view"]["hash"])
    stale = client(lenient).views_publish(user_id="U0ADA", view=HOME, hash=first["view"]["hash"])
    assert await refusal(stale) == "hash_conflict"
    assert first["view"]["id"] == opened["view"]["id"]


async def test_nothing_can_be_pressed_that_is_not_there(lenient: FakeSlack) -> None:
    with pytest.raises(LookupError):
        lenient.views.press("ada", "go")
    with pytest.raises(LookupError):
        lenient.views.submit("ada", "words")
