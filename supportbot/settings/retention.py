"""How long what is kept, and how much of it."""

from __future__ import annotations

from pydantic import Field

from supportbot.settings.kinds import DaysKept
from supportbot.settings.section import Section


class RetentionSettings(Section):
    """How long what is kept."""

    raw_days: DaysKept = Field(
        default=30,
        gt=0,
        description="Raw bytes of what arrived; what was understood of it stays.",
    )
    quarantine_days: DaysKept = Field(
        default=90,
        gt=0,
        description="Raw bytes of mail that could not be understood (`supportbot email "
        "quarantine`).",
    )
    file_days: DaysKept = Field(
        default=90,
        gt=0,
        description="Bytes of files that came with messages; what was read of them stays.",
    )
    most_megabytes: int = Field(
        default=10_000,
        ge=100,
        le=100_000_000,
        description="Raw bytes and files together. Of what was understood the oldest goes first; "
        "where that is not enough, no more mail is taken until there is room.",
    )
