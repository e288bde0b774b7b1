"""The development mails beside the project, and how far reading them comes to the targets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supportbot.channels.email.meaning.bounce import recipients
from supportbot.channels.email.meaning.disposition import Evidence, judge
from supportbot.channels.email.meaning.newest import newest_words
from supportbot.channels.email.reading.mail import Address, Mail
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.model.inbound import DispositionKind

FOLDER: Final = Path(__file__).parents[3] / "shared" / "data" / "mail"
_KINDS: Final = {
    "bounce": DispositionKind.BOUNCE,
    "feedback": DispositionKind.FEEDBACK,
    "vacation": DispositionKind.AUTO_REPLY,
    "delivered": DispositionKind.MDN,
    "not_bounce": DispositionKind.HUMAN,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail and what is expected of it."""

    name: str
    raw: bytes
    expected: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure: how many were read, which were read otherwise, and how many may be."""

    name: str
    total: int
    missed: Sequence[str]
    most_missed_percent: float

    @property
    def missed_percent(self) -> float:
        """The share that was read otherwise."""
        return 100.0 * len(self.missed) / self.total if self.total else 0.0

    @property
    def reached(self) -> bool:
        """True if no more were missed than may be."""
        return self.missed_percent <= self.most_missed_percent + 1e-9


def samples(folder: str) -> Iterator[Sample]:
    """Read one set."""
    for line in (FOLDER / folder / "expected.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        raw = (FOLDER / folder / row["file"]).read_bytes()
        yield Sample(f"{folder}/{row['file']}", raw, row["expected"])


def all_mails() -> list[bytes]:
    """Return every raw mail of the sets."""
    return [sample.raw for folder in ("machine", "mime") for sample in samples(folder)]


def measures() -> list[Measured]:
    """Read all sets and compare."""
    return [*_of_machines(), *_of_replies(), *_of_mime()]


def _of_machines() -> list[Measured]:
    read = [(sample, parse_mail(sample.raw)) for sample in samples("machine")]

    def missed(name: str, most: float, classes: set[str], right: _Right) -> Measured:
        chosen = [one for one in read if one[0].expected["class"] in classes]
        return _measured(name, chosen, most, right)

    def kind(sample: Sample, mail: Mail) -> bool:
        return judge(Evidence(mail)).kind is _KINDS[sample.expected["class"]]

    reported = [one for one in read if _reports(*one)]
    return [
        missed("bounces recognised", 0.5, {"bounce"}, kind),
        missed("bounces never answered", 0.0, {"bounce"}, lambda _, mail: not _answered(mail)),
        missed("feedback, vacation, delivered", 0.0, {"feedback", "vacation", "delivered"}, kind),
        missed("people's mail answered", 0.0, {"not_bounce"}, lambda _, mail: _answered(mail)),
        _measured("status codes of reports exact", reported, 5.0, _same_codes),
        _measured("hard or soft of reports agree", reported, 15.0, _same_hardness),
    ]


def _of_replies() -> list[Measured]:
    rows = list(samples("replies"))
    got = {row.name: _words(newest_words(row.raw.decode())) for row in rows}
    wanted = {row.name: _words(row.expected["trimmed"]) for row in rows}
    other = [name for name in got if got[name] != wanted[name]]
    lost = [name for name in got if wanted[name] not in got[name]]
    return [
        Measured("newest words equal", len(rows), other, 30.0),
        Measured("no words of the customer lost", len(rows), lost, 5.0),
    ]


def _of_mime() -> list[Measured]:
    read = [(sample, parse_mail(sample.raw)) for sample in samples("mime")]
    # The rendering of HTML is ours, and a reference that lost letters itself proves nothing.
    spoken = [
        one
        for one in read
        if one[0].expected["text"]
        and "Html" not in one[0].expected["text_kinds"]
        and "\ufffd" not in _spoken(one[0])
    ]
    named = [one for one in read if _names(one[0])]
    return [
        _measured("subjects", read, 2.0, lambda s, m: _same(m.subject, s.expected["subject"])),
        _measured("senders", read, 2.0, lambda s, m: list(m.authors) == _people(s)),
        _measured("texts", spoken, 4.0, lambda s, m: _spoken(s) in _words(m.text)),
        _measured("attachment names", named, 6.0, lambda s, m: _shown(m) == _names(s)),
    ]


_Right = Callable[[Sample, Mail], bool]


def _measured(
    name: str, read: Sequence[tuple[Sample, Mail]], most: float, right: _Right
) -> Measured:
    missed = [sample.name for sample, mail in read if not right(sample, mail)]
    return Measured(name, len(read), missed, most)


def _answered(mail: Mail) -> bool:
    return judge(Evidence(mail)).reply_allowed


def _reports(sample: Sample, mail: Mail) -> bool:
    return sample.expected["class"] == "bounce" and bool(mail.returned.groups)


def _same_codes(sample: Sample, mail: Mail) -> bool:
    return [one.status for one in recipients(mail)] == [
        row["dsn"] for row in sample.expected["records"]
    ]


def _same_hardness(sample: Sample, mail: Mail) -> bool:
    return [one.permanent for one in recipients(mail)] == [
        row["hardbounce"] for row in sample.expected["records"]
    ]


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _same(ours: str | None, theirs: str | None) -> bool:
    return _words(ours) == _words(theirs)


def _people(sample: Sample) -> list[Address]:
    return [Address(name or "", address or "") for name, address in sample.expected["from"]]


def _spoken(sample: Sample) -> str:
    return _words(" ".join(text for text in sample.expected["text"] if text))


def _names(sample: Sample) -> list[str]:
    files = (file["filename"] for file in sample.expected["attachments"])
    return [name.rpartition("/")[2] for name in files if name]


def _shown(mail: Mail) -> list[str]:
    return [file.filename for file in mail.files if file.declared_name]
