from __future__ import annotations

from typing import Any

import pytest

from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.parsing.shared import as_one, perhaps_ours

OWN = Identity("T1", "UBOT", "B1", aliases=("UTWIN",))


def shared(**event: Any) -> dict[str, Any]:
    return {"is_ext_shared_channel": True, "event": {"type": "message"} | event}


def test_whoever_is_named_or_speaks_as_a_bot_may_be_ours() -> None:
    payload = shared(text="<@UTWIN> and <@UADA|ada>, hello", user="UADA")
    assert perhaps_ours(payload) == {"UTWIN", "UADA"}
    assert perhaps_ours(shared(text="hello", user="UTWIN", bot_id="B2")) == {"UTWIN"}
    assert perhaps_ours(shared(text="hello", user="UADA")) == frozenset()


def test_what_was_changed_or_deleted_is_looked_at_too() -> None:
    inner = {"user": "UTWIN", "bot_id": "B2", "text": "<@UADA>"}
    assert perhaps_ours(shared(message=inner)) == {"UTWIN", "UADA"}
    assert perhaps_ours(shared(previous_message=inner)) == {"UTWIN", "UADA"}


@pytest.mark.parametrize(
    "payload",
    [
        {"event": {"text": "<@UTWIN>"}},
        {"is_ext_shared_channel": "true", "event": {"text": "<@UTWIN>"}},
        {"is_ext_shared_channel": True, "event": None},
        {"is_ext_shared_channel": True, "event": {"text": 7, "user": [], "message": "x"}},
    ],
)
def test_elsewhere_nobody_else_is_asked_for(payload: dict[str, Any]) -> None:
    assert perhaps_ours(payload) == frozenset()


def test_our_other_bots_are_taken_for_us() -> None:
    payload = shared(
        text="<@UTWIN> and <@UTWIN|twin> and <@UTWINS> and <@UADA>",
        user="UTWIN",
        message={"text": "<@UTWIN>", "user": "UADA"},
    )
    assert as_one(payload, OWN)["event"] == {
        "type": "message",
        "text": "<@UBOT> and <@UBOT|twin> and <@UTWINS> and <@UADA>",
        "user": "UBOT",
        "message": {"text": "<@UBOT>", "user": "UADA"},
    }


def test_without_other_bots_a_payload_stays_as_it_is() -> None:
    payload = shared(text="<@UTWIN>", user="UTWIN")
    assert as_one(payload, Identity("T1", "UBOT", "B1")) is payload
