"""The scenes in Slack."""

from __future__ import annotations

import asyncio

from supportbot.demo.cast import HOSTING_HELP, MAYA, SHOP_HELP, TOMAS
from supportbot.demo.evidence import (
    LISTEN_SECONDS,
    Verdict,
    decided,
    eventually,
    needed,
    quotes,
    settled,
    slack_case,
    told,
    verdict,
)
from supportbot.demo.scene import Check, Day, Take
from supportbot.testing.fake_slack import FakeMessage


async def mention(day: Day) -> Take:
    """Ask in a channel, with a mention of the bot."""
    slack = day.stage.slack
    day.question = slack.mention(HOSTING_HELP.name, MAYA.handle, "How do I restore a backup?")
    case = await settled(day, slack_case(day, day.question), asked=1)
    replies = slack.replies(day.question)
    return Take(
        told(case, None),
        (
            decided(day, case, None, Verdict.ANSWERED),
            Check("one message in the thread", len(replies) == 1),
            *quotes(day, case, [reply.markdown for reply in replies]),
        ),
        case,
    )


async def follow_up(day: Day) -> Take:
    """Ask on in the same thread, without a mention."""
    question = needed(day.question, "the question in Slack")
    before = await settled(day, slack_case(day, question), asked=1)
    slack = day.stage.slack
    slack.say(
        HOSTING_HELP.name, MAYA.handle, "And how long do you keep the backups?", thread=question
    )
    case = await settled(day, slack_case(day, question), asked=2)
    replies = [reply.markdown for reply in slack.replies(question)[1:]]
    with_a_person = verdict(before, None)[0] is Verdict.HANDED_OFF
    return Take(
        told(case, before),
        (
            Check("same ticket", case.ticket.public_id == before.ticket.public_id),
            Check("a person has it", holds=day.stage.has_model)
            if with_a_person
            else decided(day, case, before, Verdict.ANSWERED),
            *quotes(day, case, replies),
        ),
        case,
        before,
    )


async def redelivery(day: Day) -> Take:
    """Let Slack send the first question again, both copies of it."""
    question, slack = needed(day.question, "the question in Slack"), day.stage.slack
    before = await settled(day, slack_case(day, question), asked=1)
    thread = len(slack.thread(question))
    copies = [
        slack.repeat(delivery)
        for delivery in tuple(slack.deliveries)  # it grows meanwhile
        if (delivery.payload.get("event") or {}).get("ts") == question.ts
    ]
    await slack.settled()
    await asyncio.sleep(LISTEN_SECONDS)
    case = await settled(day, slack_case(day, question), asked=1)
    same = case.same_as(before) and len(slack.thread(question)) == thread
    return Take(
        "nothing changed" if same else told(case, before),
        (
            Check("Slack sent it again", len(copies) > 0),
            Check("acknowledged", all(copy.acked for copy in copies)),
            Check("nothing was added", same),
            Check("Slack has nothing to complain about", not slack.violations),
        ),
        case,
        before,
    )


async def command(day: Day) -> Take:
    """Ask with a slash command, in a channel that is about something else."""
    slack = day.stage.slack
    typed = day.command(TOMAS.handle, "/support hosting How do I restore a backup?", SHOP_HELP.id)
    direct = slack.workspace.direct_channel(slack.workspace.user(TOMAS.handle))

    def copied() -> FakeMessage | None:
        return next((m for m in slack.workspace.messages if m.channel == direct.id), None)

    copy = await eventually(day, copied)
    case = await settled(day, slack_case(day, copy), asked=1)
    answers = slack.replies(copy)[1:]
    in_channel = [m for m in slack.workspace.messages if m.channel == SHOP_HELP.id]
    return Take(
        told(case, None),
        (
            decided(day, case, None, Verdict.ANSWERED),
            Check("told at once where", "direct message" in str(typed.delivery.response)),
            Check("the question stands above the answer", "restore a backup" in copy.markdown),
            Check("one message below it", len(answers) == 1),
            Check("nothing in the channel", not in_channel),
            *quotes(day, case, [answer.markdown for answer in answers]),
        ),
        case,
    )
