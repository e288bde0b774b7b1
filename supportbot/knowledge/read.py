"""Reading the files of one collection; every problem is found in one go and nothing is raised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from supportbot.errors import KnowledgeError
from supportbot.files.pdf import UnreadablePdf, page_texts
from supportbot.knowledge.document import Article, Document
from supportbot.knowledge.markdown import read_markdown
from supportbot.knowledge.web_page import read_web_page

MAX_FILE_BYTES = 50_000_000
#: Widths of the columns.
_MAX_KEY_CHARS = 300
#: Kinds of files that are read.
SUFFIXES = frozenset({".md", ".markdown", ".html", ".htm", ".txt", ".pdf", ".jsonl"})
_ROW_KEYS = frozenset({"id", "title", "text", "url"})
_CHARSET = re.compile(rb"""<meta[^>]+charset=["']?([\w-]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a collection's files hold. A file with a problem is left out and named."""

    #: In the order of their keys.
    documents: tuple[Document, ...]
    problems: tuple[KnowledgeError, ...]
    #: Files of other kinds, which were not read.
    ignored: tuple[Path, ...]


def read_collection(source: Path) -> Reading:
    """Read a folder with all that is below it, or one file. Hidden files are passed over."""
    documents: dict[str, Document] = {}
    problems: list[KnowledgeError] = []
    ignored: list[Path] = []
    if not source.exists():
        problems.append(KnowledgeError("there is no such file or folder", path=source))
    for path in _files(source):
        if path.suffix.lower() not in SUFFIXES:
            ignored.append(path)
            continue
        key = path.name if path == source else path.relative_to(source).as_posix()
        for found in _read(path, key):
            if isinstance(found, KnowledgeError):
                problems.append(found)
            elif said := _refusal(found, documents):
                problems.append(KnowledgeError(said, path=path))
            else:
                documents[found.key] = found
    ordered = tuple(documents[key] for key in sorted(documents))
    return Reading(ordered, tuple(problems), tuple(ignored))


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    return [
        path
        for path in sorted(source.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(source).parts)
    ]


def _refusal(document: Document, known: dict[str, Document]) -> str | None:
    name = document.key
    if not document.text:
        return f"{name} has no text; write some or remove it (a scanned PDF needs OCR first)"
    if name in known:
        return f"{name} stands twice in this collection; ids and paths must differ"
    if len(name) > _MAX_KEY_CHARS:
        return f"{name[:40]}... is longer than {_MAX_KEY_CHARS} characters"
    if document.url is not None and not document.url.startswith(("https://", "http://")):
        return f"url of {name} must begin with https:// or http://"
    return None


def _read(path: Path, key: str) -> Iterator[Document | KnowledgeError]:
    try:
        raw = _content(path)
        if path.suffix.lower() == ".jsonl":
            yield from read_rows(path, _decoded(path, raw))
            return
        article = read_article(path, raw)
    except KnowledgeError as error:
        yield error
        return
    title = article.title or re.sub(r"[-_]+", " ", path.stem).strip() or path.stem
    yield Document(key, title, article.text, article.url)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size <= MAX_FILE_BYTES:
            return path.read_bytes()
    except OSError as error:
        raise KnowledgeError(f"cannot be read: {error.strerror}", path=path) from error
    raise KnowledgeError(f"larger than {MAX_FILE_BYTES} bytes; divide it", path=path)


def read_article(path: Path, raw: bytes) -> Article:
    """Read the bytes of one file by the suffix of its name; pure.

    Raises:
        KnowledgeError: it is not what its name says; names the place.
    """
    match path.suffix.lower():
        case ".pdf":
            return Article(_clean(_pdf_text(path, raw)).strip())
        case ".html" | ".htm":
            declared = _CHARSET.search(raw[:2048])
            encoding = declared[1].decode() if declared else "utf-8"
            return read_web_page(_decoded(path, raw, encoding))
        case ".txt":
            return Article(_decoded(path, raw).strip())
        case _:
            return read_markdown(path, _decoded(path, raw))


def read_rows(path: Path, text: str) -> Iterator[Document | KnowledgeError]:
    r"""Read `{"id", "title", "text"[, "url"]}` objects, one a line, each a document. Pure."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield KnowledgeError(f"not JSON: {error}", path=path, line=number)
            continue
        if problem := _row_problem(row):
            yield KnowledgeError(problem, path=path, line=number)
            continue
        title = " ".join(_clean(row["title"]).split())
        yield Document(_clean(row["id"]), title, _clean(row["text"]).strip(), row.get("url"))


def _row_problem(row: object) -> str | None:
    if not isinstance(row, dict):
        return "a row must be an object with id, title and text"
    if unknown := sorted(row.keys() - _ROW_KEYS):
        return f"unknown key {unknown[0]!r}; known keys are {', '.join(sorted(_ROW_KEYS))}"
    for key in ("id", "title", "text"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            return f"{key} must be text"
    if not isinstance(row.get("url"), str | None):
        return "url must be text"
    return None


def _pdf_text(path: Path, raw: bytes) -> str:
    try:
        return "\n\n".join(page_texts(raw))
    except UnreadablePdf as error:
        raise KnowledgeError(f"not a readable PDF: {error}", path=path) from error


def _decoded(path: Path, raw: bytes, encoding: str = "utf-8") -> str:
    try:
        return _clean(raw.decode(encoding).removeprefix("\ufeff"))
    except LookupError as error:
        raise KnowledgeError(f"unknown encoding {encoding}", path=path) from error
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = raw.count(b"\n", 0, start) + 1
        said = f"not {encoding.upper()} text; save it as UTF-8"
        raise KnowledgeError(said, path=path, line=line) from error


def _clean(text: str) -> str:
    """Unify line ends; drop what a database refuses (zero bytes, lone surrogates)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return text.encode(errors="ignore").decode()
