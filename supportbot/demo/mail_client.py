"""The customers' mail program: hands mail in by SMTP and reads the answers from the maildir."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path

from supportbot.demo.cast import MailPlace, Person
from supportbot.errors import SendError
from supportbot.testing.mail import hand_in

_TAKEN = "250 "


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as a mail program shows it; ids with their angle brackets."""

    id: str
    sender: str
    to: str
    subject: str
    #: The plain text, quoted parts included.
    text: str
    at: datetime
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    #: True: a customer wrote it; False: it came from the outbox.
    from_customer: bool = True
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A mail about to be written. An automatic one is an out-of-office reply."""

    person: Person
    place: MailPlace
    subject: str
    text: str
    parent: Letter | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """Mails that belong together, the oldest first."""

    letters: tuple[Letter, ...]

    @property
    def id(self) -> str:
        """The id of the first mail."""
        return self.letters[0].id


class MailClient:
    """All mailboxes of the demo's customers in one."""

    def __init__(self, smtp_port: int, outbox: Path) -> None:
        self._smtp_port = smtp_port
        self._outbox = outbox
        self._written: list[Letter] = []

    async def write(self, new: NewLetter) -> Letter:
        """Hand a mail in over SMTP.

        Raises:
            SendError: the listener did not take it.
        """
        letter = _letter(new, datetime.now(UTC))
        # RFC 3834 3.3: an automatic reply travels with an empty return path.
        mail_from = "" if new.automatic else new.person.email
        raw = _message(letter, new).as_bytes()
        answer = await hand_in(self._smtp_port, mail_from, [new.place.address], raw)
        if not answer.startswith(_TAKEN):
            raise SendError(f"the SMTP listener answered {answer}", permanent=True)
        self._written.append(letter)
        return letter

    async def received(self) -> list[Letter]:
        """Return all mails in the outbox, in the order they were written."""
        return await asyncio.to_thread(_read, self._outbox)

    async def answers(self, letter: Letter) -> list[Letter]:
        """Return the mails that answer this one."""
        return [one for one in await self.received() if one.in_reply_to == letter.id]

    async def conversations(self) -> list[Conversation]:
        """Return what these customers wrote and were answered, the newest conversation first."""
        return _threaded([*self._written, *await self.received()])


def quoted(letter: Letter) -> str:
    """Quote a mail as mail programs do below a reply."""
    lines = "\n".join(f"> {line}" for line in letter.text.splitlines())
    return f"On {letter.at:%d %b %Y at %H:%M}, {letter.sender} wrote:\n{lines}"


def _letter(new: NewLetter, at: datetime) -> Letter:
    parent, text = new.parent, new.text
    if parent is not None and not new.automatic:
        text = f"{text}\n\n{quoted(parent)}"
    return Letter(
        id=make_msgid(domain=new.person.email.rpartition("@")[2]),
        sender=f"{new.person.name} <{new.person.email}>",
        to=new.place.address,
        subject=new.subject,
        text=text,
        at=at,
        in_reply_to=parent.id if parent else None,
        references=(*parent.references, parent.id) if parent else (),
        automatic=new.automatic,
    )


def _message(letter: Letter, new: NewLetter) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = letter.sender
    message["To"] = letter.to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.id
    if letter.in_reply_to:
        message["In-Reply-To"] = letter.in_reply_to
        message["References"] = " ".join(letter.references)
    if new.automatic:
        message["Auto-Submitted"] = "auto-replied"
    message.set_content(f"{letter.text}\n")
    return message


def _read(outbox: Path) -> list[Letter]:
    files = [path for folder in ("new", "cur") for path in (outbox / folder).glob("*")]
    files.sort(key=lambda path: path.stat().st_mtime_ns)
    return [_answer(path.read_bytes()) for path in files]


def _answer(raw: bytes) -> Letter:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what this policy makes
    plain = message.get_body(("plain",))
    return Letter(
        id=str(message["Message-ID"]).strip(),
        sender=str(message["From"]),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=str(plain.get_content()).strip() if plain else "",
        at=message["Date"].datetime,
        in_reply_to=str(message["In-Reply-To"] or "").strip() or None,
        references=tuple(str(message["References"] or "").split()),
        from_customer=False,
    )


def _threaded(letters: Sequence[Letter]) -> list[Conversation]:
    """Group by the first known ancestor; answers to mails of earlier demos are left out."""
    by_root: dict[str, list[Letter]] = {}
    root_of: dict[str, str] = {}
    # Date knows whole seconds only; within one a mail stands below what it refers to.
    by_age = sorted(letters, key=lambda one: (one.at.replace(microsecond=0), len(one.references)))
    for letter in by_age:
        parents = (letter.in_reply_to or "", *reversed(letter.references))
        root = next((root_of[parent] for parent in parents if parent in root_of), None)
        if root is None and not letter.from_customer:
            continue
        root_of[letter.id] = root or letter.id
        by_root.setdefault(root or letter.id, []).append(letter)
    return [Conversation(tuple(found)) for found in reversed(by_root.values())]


def address_of(sender: str) -> str:
    """Return the bare address of a From line."""
    return parseaddr(sender)[1]
