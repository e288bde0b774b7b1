"""Files that come with messages: what is known of them, and what a model is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: In the data of a message: how many files came with it.
FILES = "files"


class FileState(StrEnum):
    """pending → stored → read | picture | named; whatever ends badly is named."""

    #: Its channel knows where its bytes are; they are fetched before the message is answered.
    PENDING = "pending"
    #: Its bytes are here, and nobody looked at them yet.
    STORED = "stored"
    #: It holds text, which is known.
    READ = "read"
    PICTURE = "picture"
    #: Only its name is told to the model; the reason says why.
    NAMED = "named"


class FileReason(StrEnum):
    """Why a file is only named. New reasons may be added; none is ever renamed."""

    TOO_LARGE = "too_large"
    #: More files came with the message than are read.
    OVER_LIMIT = "over_limit"
    #: Its provider does not give it to us.
    REFUSED = "refused"
    #: It was taken back there, or never was a file of theirs.
    GONE = "gone"
    #: Only a link to it was shared.
    ELSEWHERE = "elsewhere"
    #: It could not be fetched in time.
    UNAVAILABLE = "unavailable"
    NOT_TEXT = "not_text"
    #: Damaged, or closed by a password.
    UNREADABLE = "unreadable"
    #: A document of pictures only, such as a scan.
    NO_TEXT = "no_text"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the store knows it, without its bytes."""

    id: int
    #: Number of its message in the thread.
    seq: int
    filename: str
    content_type: str
    size_bytes: int
    state: FileState
    reason: str | None = None
    text: str | None = None
    #: What its channel fetches it by.
    ref: Mapping[str, str] = field(default_factory=dict)
    #: How often somebody began to fetch or read it.
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Image:
    """A picture for a model that can see."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)
    #: What it costs in a prompt, by an estimate.
    tokens: int

    @property
    def sha256(self) -> str:
        """The name of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file as a model is told of it: its text, or the picture, or why there is neither."""

    filename: str
    content_type: str
    text: str | None = None
    image: Image | None = None
    reason: str | None = None
