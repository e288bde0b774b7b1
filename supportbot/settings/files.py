"""How much is looked at of the files that customers send."""

from __future__ import annotations

from pydantic import Field

from supportbot.settings.kinds import Seconds
from supportbot.settings.section import Section

_MIB = 1024 * 1024


class FilesSettings(Section):
    """Files of messages: text and PDF are read, pictures are shown to models that can see."""

    max_bytes: int = Field(
        default=20 * _MIB,
        ge=1024,
        le=1024 * _MIB,
        description="Largest file that is fetched and read.",
    )
    per_message: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="So many files of a message are read, the others are only named; 0: none.",
    )
    fetch_seconds: Seconds = Field(
        default=20, gt=0, description="How long an answer waits for files to be fetched."
    )
    text_chars: int = Field(
        default=20_000,
        ge=100,
        le=1_000_000,
        description="Characters read of each file: its beginning and its end.",
    )
    pdf_pages: int = Field(
        default=50, ge=1, le=10_000, description="Pages read of each PDF, from the first."
    )
    images: int = Field(
        default=4,
        ge=0,
        le=100,
        description="Pictures shown in one prompt, the newest; see [model] vision.",
    )
    image_bytes: int = Field(
        default=5 * _MIB,
        ge=1024,
        le=100 * _MIB,
        description="Largest picture that is shown to a model.",
    )
