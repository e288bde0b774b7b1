"""The text of a PDF. Pure; it may take long, so run it where it can be ended."""

from __future__ import annotations

import io
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

#: What pypdf lets through from a broken file, besides its own errors.
_PDF_ERRORS = (
    *(PyPdfError, DependencyError, ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, RecursionError, NotImplementedError, OSError),
)


class UnreadablePdf(ValueError):
    """It is no PDF, it is damaged, or it wants a password; the text says which."""


def page_texts(raw: bytes, most_pages: int | None = None) -> Iterator[str]:
    """Yield the text of each page, in order.

    Raises:
        UnreadablePdf: as soon as something cannot be read.
    """
    try:
        pages = PdfReader(io.BytesIO(raw)).pages
        for number in range(len(pages) if most_pages is None else min(most_pages, len(pages))):
            yield pages[number].extract_text()
    except _PDF_ERRORS as error:
        raise UnreadablePdf(str(error)) from error
