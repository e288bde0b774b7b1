"""What happened, read from the tickets: how a turn ended, and what was said in it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

from supportbot.channels.slack.keys import message_key
from supportbot.demo.cast import MailPlace
from supportbot.demo.ledger import Case
from supportbot.demo.mail_client import Letter
from supportbot.demo.scene import Check, Day, Unplayable
from supportbot.model.policy import HandoffReason
from supportbot.model.ticket import EventKind
from supportbot.testing.fake_slack import FakeMessage

#: Key of the demo's Slack workspace.
SLACK = "slack:main"
#: A wrong answer that comes late must still be seen.
LISTEN_SECONDS = 0.4
_LOOK_SECONDS = 0.02

#: How an answer ends: in Markdown, or in a mail, where links are spelled out.
_SOURCE = re.compile(r"Source: .*https?://")
_T = TypeVar("_T")
Look = Callable[[], Awaitable[Case | None]]

#: Handed off for these reasons, the bot broke down; it did not decide.
_BREAKDOWNS = frozenset({HandoffReason.ERROR, HandoffReason.OVERDUE, HandoffReason.DELIVERY})


class Verdict(StrEnum):
    """What became of a turn."""

    ANSWERED = "answered"
    HANDED_OFF = "handed off"
    DRAFTED = "draft waits"
    FILED = "filed, not answered"
    SUPPRESSED = "suppressed"
    NOTHING = "nothing happened"


_VERDICTS = {
    EventKind.BOT_REPLIED: Verdict.ANSWERED,
    EventKind.HANDOFF: Verdict.HANDED_OFF,
    EventKind.DRAFTED: Verdict.DRAFTED,
    EventKind.MACHINE_MAIL: Verdict.FILED,
    EventKind.SUPPRESSED: Verdict.SUPPRESSED,
}


def verdict(case: Case, before: Case | None) -> tuple[Verdict, str]:
    """Return what became of the turn since `before`, and why."""
    for event in reversed(case.events_after(before)):
        if event.kind in _VERDICTS:
            return _VERDICTS[event.kind], event.reason or ""
    return Verdict.NOTHING, ""


def told(case: Case, before: Case | None) -> str:
    """Tell what became of the turn in a few words."""
    found, reason = verdict(case, before)
    return f"{found} ({reason})" if reason else str(found)


def decided(day: Day, case: Case, before: Case | None, wanted: Verdict) -> Check:
    """Check what became of a turn.

    A language model may hand off what it is unsure of; it may not break down.
    """
    found, reason = verdict(case, before)
    holds = found is wanted
    if day.stage.has_model:
        allowed = {wanted, Verdict.HANDED_OFF}
        if wanted is Verdict.HANDED_OFF:
            allowed.add(Verdict.ANSWERED)
        holds = found in allowed and reason not in _BREAKDOWNS
    return Check(str(wanted), holds)


def quotes(day: Day, case: Case, said: list[str]) -> list[Check]:
    """Check that what was said stands in the help pages; only kb-extractive promises that."""
    if day.stage.has_model:
        return []
    pages = _help_pages(day.stage.folder)
    quotes = [_plain(_SOURCE.split(text)[0]) for text in said]
    return [
        Check("word for word from the help pages", each(quotes, lambda quote: quote in pages)),
        Check("with its link", each(said, lambda text: bool(_SOURCE.search(text)))),
        Check("policy named", each(_of_the_bot(case), bool)),
    ]


def each(found: Sequence[_T], holds: Callable[[_T], bool]) -> bool:
    """Tell whether there is something and all of it holds."""
    return bool(found) and all(holds(one) for one in found)


def _of_the_bot(case: Case) -> list[str | None]:
    """Return the policy version behind each answer."""
    return [m.policy_sha for m in case.transcript.messages if m.model is not None]


def _help_pages(folder: Path) -> str:
    texts = [path.read_text(encoding="utf-8") for path in (folder / "knowledge").rglob("*.md")]
    return _plain("\n".join(texts))


def _plain(text: str) -> str:
    return " ".join(text.split())


def kinds(case: Case) -> list[EventKind]:
    """Return what happened to a ticket, kind by kind."""
    return [event.kind for event in case.transcript.events]


def needed(found: _T | None, what: str) -> _T:
    """Return what an earlier scene left.

    Raises:
        Unplayable: it left nothing.
    """
    if found is None:
        raise Unplayable(f"{what} is missing")
    return found


def slack_case(day: Day, question: FakeMessage) -> Look:
    """Look for the ticket of a thread in Slack."""
    key = message_key(day.stage.slack.team, question.channel, question.root)
    return partial(day.ledger.by_thread, SLACK, key)


def mail_case(day: Day, letter: Letter, place: MailPlace) -> Look:
    """Look for the ticket that a mail belongs to."""
    return partial(day.ledger.by_thread, f"email:{place.address}", f"mid:{letter.id}")


async def settled(day: Day, look: Look, *, asked: int) -> Case:
    """Wait until the customer's messages have arrived and nothing more is to come.

    Raises:
        TimeoutError: the day's patience is at its end.
    """
    return await day.ledger.until(
        look, lambda case: case.asked >= asked and case.settled, day.patience_seconds
    )


async def eventually(day: Day, look: Callable[[], _T | None]) -> _T:
    """Look at Slack until there is something; return it.

    Raises:
        TimeoutError: the day's patience is at its end.
    """
    async with asyncio.timeout(day.patience_seconds):
        while True:
            found = look()
            if found:
                return found
            await asyncio.sleep(_LOOK_SECONDS)
