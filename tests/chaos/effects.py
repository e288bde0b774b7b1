"""The tools of a chaos run, copied into its bot folder as `tools.py`.

Each that writes leaves a line in a file outside the product, so that what really happened can be
counted.
"""

from __future__ import annotations

from pathlib import Path

import supportbot

_LOG = Path(__file__).with_name("effects.log")


@supportbot.tool
def look_up(question: str) -> str:
    """Read something about a question."""
    return f"known about {question}"


@supportbot.tool(writes=True)
def book(question: str, idempotency_key: str) -> str:
    """Change something; a repetition names the same key."""
    _note("book", idempotency_key, question)
    return f"booked {question}"


@supportbot.tool(writes=True)
def post(question: str, context: supportbot.ToolContext) -> str:
    """Change something that a repetition would change again."""
    _note("post", context.idempotency_key, question)
    return f"posted {question}"


def _note(tool: str, key: str, question: str) -> None:
    with _LOG.open("a", encoding="utf-8") as log:
        log.write(f"{tool}|{key}|{question}\n")
