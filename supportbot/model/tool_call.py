"""A tool call as the ledger keeps it: asked → running → done, failed or uncertain."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CallState(StrEnum):
    """What became of a call. A call that only reads is never noted as running."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    #: Nobody can tell whether it did what it was asked to; it is never repeated.
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call about to be noted; its place in its round is its place in the list."""

    call_id: str
    name: str
    #: JSON text exactly as the model wrote it.
    arguments: str
    writes: bool
    idempotency_key: str


def readable(arguments: str | None) -> str:
    """Return arguments that are a JSON object, which is what servers read back; else show none.

    What a model wrote goes back to it in the next request; None: it was erased.
    """
    try:
        given = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return "{}"
    return arguments if arguments and isinstance(given, dict) else "{}"


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call in the ledger. Arguments and result may have been erased."""

    id: int
    ticket_id: int
    completion_id: int
    #: The turn (its newest customer message), the model's round in it, the place in the round.
    upto_seq: int
    round: int
    position: int
    writes: bool
    call_id: str
    name: str
    arguments: str | None
    idempotency_key: str
    state: CallState
    result: str | None
    #: When it was asked for, or (of a write) last begun.
    started_at: datetime
    finished_at: datetime | None
