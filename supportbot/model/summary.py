"""What was said in a thread, in short."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """Stands in a prompt for the turns it covers."""

    #: The newest customer message it covers, with all that was said to it.
    upto_seq: int
    text: str
