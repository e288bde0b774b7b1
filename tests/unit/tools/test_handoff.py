from __future__ import annotations

import json

from supportbot.model.handoff import HANDOFF_TOOL, MODEL_REASONS, HandoffRequest, parse_handoff
from supportbot.tools.handoff import handoff_tool


def test_every_reason_that_is_offered_is_understood() -> None:
    spec = json.loads(json.dumps(handoff_tool().parameters))
    offered = spec["properties"]["reason"]["enum"]
    assert handoff_tool().name == HANDOFF_TOOL
    assert len(offered) == len(MODEL_REASONS)
    for reason in offered:
        given = json.dumps({"reason": reason, "message": " Soon. "})
        assert parse_handoff(given) == HandoffRequest(reason, "Soon.")


def test_a_request_that_cannot_be_read_is_still_a_request() -> None:
    for given in ("", "no json", "[1]", "[" * 200_000, '{"reason":' * 100_000):
        assert parse_handoff(given) == HandoffRequest()
