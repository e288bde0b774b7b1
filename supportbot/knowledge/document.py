"""One article as it was read, before it is cut and indexed; and all that was wrong with others."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from supportbot.errors import KnowledgeError

#: Part of every version, so that a change of cutting or indexing re-indexes old documents.
_INDEX_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Article:
    """What a file says; `title` is None where the file names none. `text` is Markdown."""

    text: str
    title: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One article of a collection."""

    #: Path within the collection, or the id of a `.jsonl` row; unique in the collection.
    key: str
    title: str
    #: Markdown or plain text, as it is quoted.
    text: str
    #: Where customers can read it; http or https.
    url: str | None = None

    @property
    def sha256(self) -> str:
        """The version: changes with title, text or URL."""
        content = json.dumps([_INDEX_FORMAT, self.title, self.url, self.text])
        return hashlib.sha256(content.encode()).hexdigest()


class KnowledgeProblems(KnowledgeError):
    """All that is wrong with the knowledge files, one line each; `problems` has them apart."""

    def __init__(self, problems: tuple[KnowledgeError, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
