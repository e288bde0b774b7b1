"""The scenes in which an operator works from Slack."""

from __future__ import annotations

import asyncio

from supportbot.channels.slack.keys import action_id
from supportbot.demo.cast import HOSTING_HELP, ROBIN, SHOP_HELP, SUPPORT_TEAM, TOMAS
from supportbot.demo.evidence import (
    LISTEN_SECONDS,
    Verdict,
    decided,
    eventually,
    kinds,
    needed,
    settled,
    slack_case,
    told,
    verdict,
)
from supportbot.demo.ledger import Case
from supportbot.demo.scene import Check, Day, Take
from supportbot.model.inbound import ActionKind
from supportbot.model.ticket import EventKind, Handler
from supportbot.testing.fake_slack import FakeMessage

_HELP = "Hello Tomás, I have put last night's backup in place for you."


async def person(day: Day) -> Take:
    """Press "Talk to a person": an operator claims the ticket and answers from their channel."""
    slack = day.stage.slack
    asked = slack.mention(HOSTING_HELP.name, TOMAS.handle, "How do I restore a backup?")
    handed = await _handed_over(day, asked)
    packet = await _notice(day, handed)
    slack.click(packet, action_id(ActionKind.CLAIM), ROBIN.handle)
    claimed = await eventually(day, lambda: "has it" in packet.markdown)
    slack.say(SUPPORT_TEAM.name, ROBIN.handle, _HELP, thread=packet)
    answer = await eventually(day, lambda: _saying(slack.replies(asked), _HELP))
    slack.say(HOSTING_HELP.name, TOMAS.handle, "Great. Is it the one of last night?", thread=asked)
    case = await settled(day, slack_case(day, asked), asked=2)
    await asyncio.sleep(LISTEN_SECONDS)
    return Take(
        told(handed, None),
        (
            Check(str(Verdict.HANDED_OFF), verdict(handed, None)[0] is Verdict.HANDED_OFF),
            Check(f"packet in #{SUPPORT_TEAM.name}", "Handoff" in packet.markdown),
            Check("claimed", holds=claimed),
            Check(
                "their answer reached the customer, signed",
                "from the support team" in str(answer.blocks),
            ),
            Check("the bot stays silent", _silent(case) and slack.replies(asked)[-1] is answer),
        ),
        case,
    )


async def _handed_over(day: Day, asked: FakeMessage) -> Case:
    """Wait for the answer, and press its button; a model may have handed over by itself."""
    look = slack_case(day, asked)
    answered = await settled(day, look, asked=1)
    if answered.ticket.handler is Handler.BOT:
        answer = needed(next(iter(day.stage.slack.replies(asked)), None), "an answer")
        day.stage.slack.click(answer, action_id(ActionKind.ESCALATE), TOMAS.handle)
    return await day.ledger.until(
        look, lambda case: EventKind.HANDOFF in kinds(case) and case.settled, day.patience_seconds
    )


async def draft(day: Day) -> Take:
    """Let an operator send a draft from Slack."""
    slack = day.stage.slack
    asked = slack.say(SHOP_HELP.name, TOMAS.handle, "How do I return a lamp?")
    look = slack_case(day, asked)
    drafted = await settled(day, look, asked=1)
    waits = decided(day, drafted, None, Verdict.DRAFTED)
    if EventKind.DRAFTED not in kinds(drafted):  # a model may hand over instead
        return Take(told(drafted, None), (waits,), drafted)
    notice, before = await _notice(day, drafted), len(slack.replies(asked))
    slack.click(notice, action_id(ActionKind.SEND_DRAFT), ROBIN.handle)
    decision = await eventually(day, lambda: "Sent by" in notice.markdown)
    case = await settled(day, look, asked=1)
    said = [reply.markdown for reply in slack.replies(asked)]
    return Take(
        f"{told(drafted, None)}, then sent",
        (
            waits,
            Check("nothing sent before", before == 0),
            Check("sent once, as it was written", said == [d.text for d in case.transcript.drafts]),
            Check("its notice says so", holds=decision),
        ),
        case,
    )


async def _notice(day: Day, case: Case) -> FakeMessage:
    """Wait for what the operators' channel is told of a ticket."""
    slack = day.stage.slack

    def found() -> FakeMessage | None:
        there = [m for m in slack.workspace.messages if m.channel == SUPPORT_TEAM.id]
        return next((m for m in there if case.ticket.public_id in m.markdown), None)

    return await eventually(day, found)


def _saying(replies: list[FakeMessage], text: str) -> FakeMessage | None:
    return next((reply for reply in replies if text in reply.markdown), None)


def _silent(case: Case) -> bool:
    """Tell whether a person has the ticket, and the bot said nothing after them."""
    after = kinds(case)[kinds(case).index(EventKind.HUMAN_REPLIED) :]
    return case.ticket.handler is Handler.HUMAN and EventKind.BOT_REPLIED not in after
