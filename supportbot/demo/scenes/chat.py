"""The scenes in the web chat."""

from __future__ import annotations

from supportbot.demo.evidence import (
    Verdict,
    decided,
    quotes,
    settled,
    told,
    verdict,
)
from supportbot.demo.ledger import Case
from supportbot.demo.scene import Check, Day, Take
from supportbot.demo.visitor import Visitor


async def question(day: Day) -> Take:
    """Ask in the web chat."""
    return await _visit(day, "How can I change my hosting plan?", Verdict.ANSWERED)


async def unknown(day: Day) -> Take:
    """Ask what no help page knows."""
    return await _visit(day, "Do you rent out servers with graphics cards?", Verdict.HANDED_OFF)


async def _visit(day: Day, question: str, wanted: Verdict) -> Take:
    visitor = Visitor(day.stage.origin, "hosting", f"Visitor {len(day.visitors) + 1}")
    day.visitors.append(visitor)
    ticket = await visitor.write(question)

    async def look() -> Case | None:
        return await day.ledger.by_public_id(ticket)

    case = await settled(day, look, asked=1)
    shown = (await visitor.conversation())["messages"]
    said = [message["text"] for message in shown if message["author"] == "bot"]
    checks = [
        decided(day, case, None, wanted),
        Check("the visitor sees one message", len(said) == 1),
    ]
    if wanted is Verdict.ANSWERED:
        checks += quotes(day, case, said)
    else:
        notices = [message["notice"] for message in shown if message["author"] == "bot"]
        answered = verdict(case, None)[0] is Verdict.ANSWERED
        checks.append(Check("told that a person takes over", answered or notices == [True]))
        team = [m for m in day.stage.slack.workspace.messages if ticket in m.markdown]
        checks.append(Check("support team told in Slack", answered or len(team) == 1))
    return Take(told(case, None), tuple(checks), case)
