"""The targets on real mail (facts and licences stand beside the data); skipped where it is absent.

`pytest -s` prints the figures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.email.bounce import recipients
from supportbot.channels.email.disposition import Evidence, judge
from supportbot.channels.email.mail import Address
from supportbot.channels.email.newest import newest_words
from supportbot.channels.email.parse import parse_mail
from supportbot.model.inbound import DispositionKind

DATA = Path(__file__).parents[5] / "shared" / "data" / "mail"
KINDS = {
    "bounce": DispositionKind.BOUNCE,
    "feedback": DispositionKind.FEEDBACK,
    "vacation": DispositionKind.AUTO_REPLY,
    "delivered": DispositionKind.MDN,
    "not_bounce": DispositionKind.HUMAN,
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no development mails at {DATA}")


def samples(folder: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for line in (DATA / folder / "expected.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield (DATA / folder / row["file"]).read_bytes(), row["expected"]


def words(text: str | None) -> str:
    return " ".join((text or "").split())


def reach(name: str, hits: list[bool], share: float) -> None:
    """Print the share of hits and ask for at least this one."""
    print(f"{name}: {sum(hits)}/{len(hits)} = {sum(hits) / len(hits):.1%}")  # noqa: T201 - for -s
    assert sum(hits) >= share * len(hits)


def test_machine_mail_is_told_from_human_mail() -> None:
    found = [(judge(Evidence(parse_mail(raw))), wanted) for raw, wanted in samples("machine")]
    bounces = [(one, wanted) for one, wanted in found if wanted["class"] == "bounce"]
    reach("bounces recognised", [one.kind is KINDS["bounce"] for one, _ in bounces], 0.995)
    reach("bounces never answered", [not one.reply_allowed for one, _ in bounces], 1.0)
    others = [(one, want["class"]) for one, want in found if want["class"] != "bounce"]
    reach("other classes", [one.kind is KINDS[name] for one, name in others], 1.0)
    human = [one for one, name in others if name == "not_bounce"]
    reach("human mail answered", [one.reply_allowed for one in human], 1.0)


def test_status_codes_are_those_of_the_report() -> None:
    exact: list[bool] = []
    hard: list[bool] = []
    for raw, wanted in samples("machine"):
        mail = parse_mail(raw)
        if wanted["class"] != "bounce" or not mail.returned.groups:
            continue
        found = recipients(mail)
        exact.append([one.status for one in found] == [row["dsn"] for row in wanted["records"]])
        pairs = zip(found, wanted["records"], strict=False)
        hard += [one.permanent == row["hardbounce"] for one, row in pairs]
    reach("status lists exact", exact, 0.95)
    reach("hard or soft agree", hard, 0.85)


def test_newest_words_are_those_of_the_customer() -> None:
    pairs = [
        (words(newest_words(raw.decode())), words(wanted["trimmed"]))
        for raw, wanted in samples("replies")
    ]
    reach("trimmed replies equal", [got == want for got, want in pairs], 0.70)
    reach("customer's words kept", [want in got for got, want in pairs], 0.95)


def test_mime_is_read_as_expected() -> None:
    rows = [(parse_mail(raw), wanted) for raw, wanted in samples("mime")]
    reach("subjects", [words(m.subject) == words(want["subject"]) for m, want in rows], 0.98)
    reach("senders", [list(m.authors) == _people(want["from"]) for m, want in rows], 0.98)
    ids = [(m.message_id or "").strip("<>") == (want["message_id"] or "") for m, want in rows]
    reach("message ids", ids, 1.0)
    # The rendering of HTML is ours, and a reference that lost letters itself proves nothing.
    texts = [
        _spoken(want) in words(m.text)
        for m, want in rows
        if want["text"] and "Html" not in want["text_kinds"] and "\ufffd" not in _spoken(want)
    ]
    reach("texts", texts, 0.96)
    named = [
        (
            [file.filename for file in m.files if file.declared_name],
            [_base(file["filename"]) for file in want["attachments"] if file["filename"]],
        )
        for m, want in rows
        if any(file["filename"] for file in want["attachments"])
    ]
    reach("attachment names", [ours == theirs for ours, theirs in named], 0.90)


def test_no_mail_takes_two_seconds() -> None:
    slowest = 0.0
    for folder in ("machine", "mime"):
        for raw, _ in samples(folder):
            started = time.perf_counter()
            judge(Evidence(parse_mail(raw)))
            slowest = max(slowest, time.perf_counter() - started)
    print(f"slowest mail: {slowest * 1000:.0f} ms")  # noqa: T201 - for -s
    assert slowest < 2.0


def _people(pairs: list[list[str | None]]) -> list[Address]:
    return [Address(name or "", address or "") for name, address in pairs]


def _spoken(wanted: dict[str, Any]) -> str:
    return words(" ".join(text for text in wanted["text"] if text))


def _base(name: str) -> str:
    return name.rpartition("/")[2]
