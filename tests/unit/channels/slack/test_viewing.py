"""What somebody looks at beside the messages tab decides which product it is about."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.channels.slack.config import ChannelRules, Rulebook, SuggestedPrompt
from supportbot.channels.slack.parsing.viewing import viewed_product
from supportbot.channels.slack.surfaces.prompts import fitting_prompts

RULEBOOK = Rulebook(
    {
        "CROCKET": ChannelRules("rocket"),
        "CANVIL": ChannelRules("anvil"),
        "COPEN": ChannelRules(listens_to_all=True),
    }
)


def channel(name: object) -> dict[str, Any]:
    return {"type": "slack#/types/channel_id", "value": name, "team_id": "T1"}


def message(name: object) -> dict[str, Any]:
    place = {"channel_id": name, "message_ts": "1700000000.000100"}
    return {"type": "slack#/types/message_context", "value": place}


@pytest.mark.parametrize(
    ("context", "product"),
    [
        ({"entities": [channel("CROCKET")]}, "rocket"),
        ({"entities": [message("CANVIL"), channel("CROCKET")]}, "anvil"),
        ({"entities": [channel("CELSEWHERE"), channel("COPEN"), channel("CANVIL")]}, "anvil"),
        ({"entities": [{"type": "slack#/types/canvas_id", "value": "F1"}]}, None),
        ({"entities": [{"type": "slack#/types/canvas_id", "value": "CROCKET"}]}, None),
        ({"entities": []}, None),
        ({"channel_id": "CROCKET", "team_id": "T1"}, "rocket"),
        ({}, None),
    ],
)
def test_most_relevant_channel_with_a_product_counts(context: Any, product: str | None) -> None:
    assert viewed_product(context, RULEBOOK) == product


@pytest.mark.parametrize(
    "context",
    [None, 7, [], "CROCKET", {"entities": 7}, {"entities": [None, 7, channel(7), message(None)]}],
)
def test_what_is_not_shaped_as_slack_shapes_it_tells_nothing(context: object) -> None:
    assert viewed_product(context, RULEBOOK) is None


PROMPTS = tuple(
    SuggestedPrompt(title, f"{title}?", product)
    for title, product in [
        ("General", None),
        ("Launch", "rocket"),
        ("Forge", "anvil"),
        ("Fuel", "rocket"),
        ("Prices", None),
        ("Terms", None),
    ]
)


def test_prompts_of_what_is_looked_at_come_first_and_others_not_at_all() -> None:
    titles = [one.title for one in fitting_prompts(PROMPTS, "rocket")]
    assert titles == ["Launch", "Fuel", "General", "Prices"]


def test_where_nothing_is_looked_at_the_first_four_are_offered() -> None:
    titles = [one.title for one in fitting_prompts(PROMPTS, None)]
    assert titles == ["General", "Launch", "Forge", "Fuel"]
