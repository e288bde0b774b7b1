"""The one tool every model is offered: give the ticket to a person."""

from __future__ import annotations

from supportbot.model.completion import ToolSpec
from supportbot.model.handoff import HANDOFF_TOOL, MODEL_REASONS


def handoff_tool() -> ToolSpec:
    """Describe the handoff tool to a model. Review, not the tool loop, carries it out."""
    return ToolSpec(
        name=HANDOFF_TOOL,
        description=(
            "Give this conversation to a person of the support team. Call it when the customer "
            "asks for a person, when the rules require it, or when neither the rules nor the "
            "passages answer the question."
        ),
        parameters={
            "type": "object",
            "properties": {
                "reason": {
                    "type": "string",
                    "enum": [reason.value for reason in MODEL_REASONS],
                    "description": "asked: the customer wants a person; policy: a rule requires "
                    "it; low_confidence: the answer is not known.",
                },
                "message": {
                    "type": "string",
                    "description": "One or two sentences for the customer.",
                },
                "rule": {
                    "type": "string",
                    "description": "For the colleague, where the reason is policy: the heading "
                    "or the first words of the rule, as it is written.",
                },
                "summary": {
                    "type": "string",
                    "description": "For the colleague: what the customer wants, in one sentence.",
                },
                "missing": {
                    "type": "string",
                    "description": "For the colleague: what would be needed to help them.",
                },
            },
            "required": ["reason", "message"],
            "additionalProperties": False,
        },
    )
