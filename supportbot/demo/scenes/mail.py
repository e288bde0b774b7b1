"""The scenes by mail."""

from __future__ import annotations

import asyncio
import secrets

from supportbot.demo.cast import HOSTING_MAIL, JONAS, PRIYA, SHOP_MAIL
from supportbot.demo.evidence import (
    LISTEN_SECONDS,
    Verdict,
    decided,
    each,
    kinds,
    mail_case,
    needed,
    quotes,
    settled,
    told,
    verdict,
)
from supportbot.demo.mail_client import Letter, NewLetter
from supportbot.demo.scene import Check, Day, Take
from supportbot.model.draft import DraftState
from supportbot.model.ticket import EventKind


async def question(day: Day) -> Take:
    """Ask by mail; a number tells it from what was written when the day was played before."""
    mail, number = day.stage.mail, secrets.randbelow(900_000) + 100_000
    asked = await mail.write(
        NewLetter(
            JONAS,
            HOSTING_MAIL,
            "Browser warns about the certificate",
            "Hello,\n\nthe browser still warns visitors about the HTTPS certificate of our domain. "
            "How do I request the certificate again?\n\nBest regards\nJonas Lindqvist\n"
            f"Customer no. {number}",
        )
    )
    case = await settled(day, mail_case(day, asked, HOSTING_MAIL), asked=1)
    answers = await mail.answers(asked)
    day.answer = answers[0] if answers else None
    return Take(
        told(case, None),
        (
            decided(day, case, None, Verdict.ANSWERED),
            Check("one mail", len(answers) == 1),
            Check("In-Reply-To names the question", _points_back(answers, asked)),
            Check("same subject", [a.subject for a in answers] == [f"Re: {asked.subject}"]),
            *quotes(day, case, [answer.text for answer in answers]),
        ),
        case,
    )


async def out_of_office(day: Day) -> Take:
    """Let the customer's mail program answer the answer."""
    answer = needed(day.answer, "the answer by mail")
    mail, look = day.stage.mail, mail_case(day, answer, HOSTING_MAIL)
    before = await settled(day, look, asked=1)
    in_outbox = len(await mail.received())
    automatic = await mail.write(
        NewLetter(
            JONAS,
            HOSTING_MAIL,
            f"Out of office: {answer.subject}",
            "I am on leave until Monday and will read your mail then.",
            parent=answer,
            automatic=True,
        )
    )
    case = await day.ledger.until(
        look, lambda c: EventKind.MACHINE_MAIL in kinds(c), day.patience_seconds
    )
    await asyncio.sleep(LISTEN_SECONDS)
    silent = len(await mail.received()) == in_outbox and not await mail.answers(automatic)
    return Take(
        told(case, before),
        (
            Check("filed on the ticket", verdict(case, before)[0] is Verdict.FILED),
            Check("no mail left", silent),
            Check("status unchanged", case.ticket.status is before.ticket.status),
        ),
        case,
        before,
    )


async def draft(day: Day) -> Take:
    """Ask about the product whose answers wait for a person."""
    mail = day.stage.mail
    asked = await mail.write(
        NewLetter(
            PRIYA,
            SHOP_MAIL,
            "Sending a lamp back",
            "Hi there,\n\nthe lamp is lovely but too big for our desk. How do I return a lamp, "
            "and is returning lamps free of charge?\n\nThanks, Priya",
        )
    )
    case = await settled(day, mail_case(day, asked, SHOP_MAIL), asked=1)
    await asyncio.sleep(LISTEN_SECONDS)
    answers = await mail.answers(asked)
    # A model may hand off instead: then only the notice of that leaves.
    notices = kinds(case).count(EventKind.HANDOFF)
    waiting = [draft for draft in case.transcript.drafts if draft.state is DraftState.OPEN]
    return Take(
        told(case, None),
        (
            decided(day, case, None, Verdict.DRAFTED),
            Check("one draft", len(waiting) + notices == 1),
            Check("no answer was sent", not case.replies() and len(answers) == notices),
        ),
        case,
    )


def _points_back(answers: list[Letter], asked: Letter) -> bool:
    return each(answers, lambda one: one.in_reply_to == asked.id and asked.id in one.references)
