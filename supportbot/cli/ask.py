"""`supportbot ask`: one question through the whole house, by the console channel."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markdown import Markdown

from supportbot.app import answering
from supportbot.app.house import House, now
from supportbot.channels.console import ConsoleChannel
from supportbot.cli.options import Format
from supportbot.errors import NotFoundError
from supportbot.model.ticket import EventKind, TicketEvent
from supportbot.settings.tree import Settings
from supportbot.store import answers, drafts, threads, tickets


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a question. `outcome` is replied, drafted, handed_off or suppressed."""

    ticket: str
    product: str
    outcome: str
    reply: str
    passages: tuple[dict[str, object], ...]
    model: str | None
    policy_sha: str
    mode: str
    #: Why it was handed off; the model's failure where there was one.
    reason: str | None = None


async def ask_once(settings: Settings, product: str | None, question: str) -> Answered:
    """Ask and wait for the answer.

    Raises:
        NotFoundError: there is no such product; names those there are.
    """
    console = ConsoleChannel()
    async with answering(settings, console) as house:
        product = product or house.wiring.default_product
        if product not in house.wiring.policies:
            known = ", ".join(sorted(house.wiring.policies))
            raise NotFoundError(f"there is no product {product!r}; there are: {known}")
        inbound = console.question(question, product=product, key=os.urandom(8).hex(), at=now())
        accepted = await house.intake.accept(inbound)
        if accepted.ticket is None:
            raise NotFoundError(f"the question was refused: {accepted.suppressed}")
        async with house.wiring.db.reading() as work:
            ticket = await tickets.by_public_id(work, accepted.ticket)
        await house.settle(ticket.id)
        return await _answered(house, accepted.ticket)


async def _answered(house: House, public_id: str) -> Answered:
    async with house.wiring.db.reading() as work:
        ticket = await tickets.by_public_id(work, public_id)
        said = [m for m in await threads.messages(work, ticket.id) if m.role == "assistant"]
        drafted = await drafts.of_ticket(work, ticket.id)
        calls = await answers.completions(work, ticket.id)
        happened = await threads.events(work, ticket.id)
    published = house.wiring.policy(ticket.product).policy
    if said:
        outcome = "handed_off" if ticket.handler == "human" else "replied"
        reply = said[-1].text
    else:
        outcome = "drafted" if drafted and drafted[-1].state == "open" else "suppressed"
        reply = drafted[-1].text if drafted else ""
    passages = calls[-1].passages if calls else ()
    return Answered(
        ticket=public_id,
        product=ticket.product,
        outcome=outcome,
        reply=reply,
        passages=tuple(
            {"key": p.key, "title": p.title, "url": p.url, "score": p.score} for p in passages
        ),
        model=calls[-1].model if calls else None,
        policy_sha=published.sha256,
        mode=published.mode,
        reason=_reason(happened),
    )


def _reason(happened: Sequence[TicketEvent]) -> str | None:
    told = [
        event.reason
        for event in happened
        if event.reason and event.kind in {EventKind.HANDOFF, EventKind.COMPLETION_FAILED}
    ]
    # A model that fails every try the same way is told once.
    return ": ".join(dict.fromkeys(reversed(told))) or None


def show(answered: Answered, output: Format) -> None:
    """Print an answer for people, or as one JSON object."""
    console = Console()
    if output is not Format.TABLE:
        console.print_json(json.dumps(asdict(answered)))
        return
    console.print(Markdown(answered.reply or f"*({answered.outcome})*"))
    console.rule(style="dim")
    reason = f" ({answered.reason})" if answered.reason else ""
    console.print(
        f"[dim]{answered.outcome}{reason} · mode {answered.mode} · model {answered.model} · "
        f"policy {answered.policy_sha[:12]} · ticket {answered.ticket}[/dim]"
    )
    for passage in answered.passages:
        console.print(f"[dim]  {passage['title']}  {passage['url'] or ''}[/dim]", highlight=False)
