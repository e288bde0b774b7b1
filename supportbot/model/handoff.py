"""The handoff tool as all rooms know it: its name, its arguments, and what they mean.

`tools/handoff.py` describes it to a model, kb-extractive calls it, review obeys it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from supportbot.model.policy import HandoffReason

#: Name of the tool by which a model gives a ticket to a person.
HANDOFF_TOOL = "handoff"

#: Reasons a model may give; the others belong to the program.
MODEL_REASONS = (HandoffReason.ASKED, HandoffReason.LOW_CONFIDENCE, HandoffReason.POLICY)


@dataclass(frozen=True, slots=True)
class HandoffRequest:
    """What a model said when it asked for a person; `message` is meant for the customer."""

    reason: HandoffReason = HandoffReason.LOW_CONFIDENCE
    message: str = ""
    #: For operators: the rule that requires a person, what the customer wants, and what would be
    #: needed to help them.
    rule: str = ""
    summary: str = ""
    missing: str = ""


def parse_handoff(arguments: str) -> HandoffRequest:
    """Read the arguments of a handoff call; whatever cannot be read falls back to the default.

    A model that asks for a person gets one, however badly it spells the request.
    """
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return HandoffRequest()
    if not isinstance(given, dict):
        return HandoffRequest()
    reason = given.get("reason")
    return HandoffRequest(
        reason=HandoffReason(reason) if reason in MODEL_REASONS else HandoffReason.LOW_CONFIDENCE,
        **{name: _text(given.get(name)) for name in ("message", "rule", "summary", "missing")},
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
