"""What an examination found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, and what could not be found out; one line each."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
