"""A mail as we read it: frozen values without any trace of the MIME library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused or cut before the MIME parser sees it, so that its cost stays linear."""

    max_bytes: int = 30_000_000
    #: Of the header block of the mail and of a single header's value.
    max_header_bytes: int = 1_000_000
    max_value_chars: int = 65_536
    max_depth: int = 60
    max_parts: int = 1_000
    #: Declared boundaries times lines: the parser compares each line with each open boundary.
    max_boundary_lines: int = 8_000_000
    max_text_chars: int = 1_000_000
    #: Of the HTML that text is made from; the newest words stand at its beginning.
    max_html_chars: int = 500_000


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: the name shown and the address; `address` is empty where none is valid."""

    name: str
    address: str

    @property
    def local(self) -> str:
        """The part before the @, lower case."""
        return self.address.rpartition("@")[0].lower()

    @property
    def domain(self) -> str:
        """The part after the @, lower case."""
        return self.address.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class MailFile:
    """A part that is not the text: an attachment, an inline picture or an attached mail."""

    #: Safe to show and to store under; never a path.
    filename: str
    #: As the sender wrote it, for the record only.
    declared_name: str | None
    content_type: str
    content: bytes
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """What a report says about an earlier mail: recipient groups and the mail's own ids."""

    #: RFC 3464 fields of each group, lower-case names; the per-message group is left out.
    groups: tuple[Mapping[str, str], ...] = ()
    #: Message-IDs in the returned mail or its returned headers, the mail's own first.
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, decoded as far as it can be."""

    #: Decoded header values by lower-case name, in the order in which they stand.
    headers: Mapping[str, tuple[str, ...]]
    message_id: str | None = None
    #: The one valid author address; None where there is none or where several contradict.
    sender: Address | None = None
    #: Everything that the From headers show, valid or not.
    authors: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str | None = None
    date: datetime | None = None
    text: str = ""
    html: str | None = None
    files: tuple[MailFile, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    content_type: str = "text/plain"
    #: The `report-type` parameter of a multipart/report, lower case.
    report_type: str | None = None
    #: Content types of all parts in order, the whole mail first.
    parts: tuple[str, ...] = ()
    returned: Returned = field(default_factory=Returned)
    #: One line for each part that is no text but says something: an invitation, a sealed mail.
    notes: tuple[str, ...] = ()
    #: `S/MIME` or `PGP`: its text cannot be read here.
    encrypted: str | None = None
    warnings: tuple[str, ...] = ()
    #: Why it could not be read: `empty`, `too_large`, `too_complex`; None when it was read.
    unreadable: str | None = None

    def header(self, name: str) -> str:
        """Return the first value of a header, or an empty string."""
        values = self.headers.get(name.lower())
        return values[0] if values else ""

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of a header, the topmost first."""
        return self.headers.get(name.lower(), ())
