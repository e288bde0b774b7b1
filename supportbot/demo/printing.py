"""The day on a terminal: each scene's transcript as it happens, then a table and totals.

Texts of customers are printed as they are, never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from supportbot.demo.ledger import Case, Totals
from supportbot.demo.scene import Scene, Take
from supportbot.model.delivery import Audience, DeliveryState
from supportbot.model.draft import DraftState
from supportbot.model.message import Message
from supportbot.model.ticket import ActorKind, EventKind

_WIDTH_WITHOUT_TERMINAL = 110
_TICKET_CHARS = 6
_SHA_CHARS = 10

Line = tuple[datetime, Text, RenderableType]


def console() -> Console:
    """Return a console on standard output."""
    found = Console(highlight=False)
    if not found.is_terminal:
        found.width = _WIDTH_WITHOUT_TERMINAL
    return found


def announce(out: Console, answered_by: str, *, has_model: bool) -> None:
    """Print who answers."""
    if has_model:
        words = Text.assemble("Answers are written by ", (answered_by, "bold"), ".")
        out.print(Panel(words, title="supportbot demo", border_style="cyan"))
        return
    words = Text.assemble(
        ("No language model is configured. ", "bold"),
        "Answers are sentences quoted word for word from the help pages (kb-extractive); what no "
        "page answers goes to a person. Set OPENAI_API_KEY or OPENAI_BASE_URL to see a model "
        "answer.",
    )
    out.print(Panel(words, title="supportbot demo", border_style="yellow"))


def show_scene(
    out: Console, number: int, scene: Scene, take: Take, *, answered_by: str, seconds: float
) -> None:
    """Print one scene: what is new in its transcript, and what was expected of it."""
    out.print()
    head = Text.assemble(
        (f"{number}  {scene.title}", "bold"), (f"   {scene.place} · {scene.product}", "cyan")
    )
    if take.case is not None:
        head.append(f" · ticket …{take.case.ticket.public_id[-_TICKET_CHARS:]}", "dim")
    out.print(head)
    if take.case is not None:
        out.print(_transcript(take.case, take.before, answered_by))
    out.print(Padding(_outcome(take, seconds), (0, 0, 0, 2)))


def show_summary(
    out: Console, played: Sequence[tuple[Scene, Take]], totals: Totals, seconds: float
) -> None:
    """Print the table of all scenes and the totals."""
    table = Table(title="The day", title_justify="left", title_style="bold", expand=False)
    for name in ("#", "Scene", "Channel", "Product", "Ticket", "Expected", "Happened", "ok"):
        table.add_column(name, overflow="fold")
    for number, (scene, take) in enumerate(played, 1):
        ticket = f"…{take.case.ticket.public_id[-_TICKET_CHARS:]}" if take.case else "-"
        ok = Text("ok", "green") if take.held else Text("FAILED", "bold red")
        cells = (str(number), scene.title, scene.place, scene.product, ticket, scene.expected)
        table.add_row(*map(Text, cells), Text(take.happened), ok)
    out.print()
    out.print(table)
    held = sum(take.held for _, take in played)
    numbers = (
        f"messages in: {totals.messages_in} · answered: {totals.answered} · "
        f"handed off: {totals.handed_off} · drafts: {totals.drafts} · "
        f"suppressed: {totals.suppressed} · {seconds:.1f} s"
    )
    out.print(Text(numbers))
    out.print(
        Text(f"{held} of {len(played)} scenes went as expected.")
        if held == len(played)
        else Text(f"{len(played) - held} of {len(played)} scenes FAILED.", "bold red")
    )


def _outcome(take: Take, seconds: float) -> Text:
    if take.held:
        names = " · ".join(check.name for check in take.checks)
        return Text.assemble(("ok  ", "bold green"), names, (f"  {seconds:.2f} s", "dim"))
    failed = " · ".join(check.name for check in take.checks if not check.holds)
    return Text.assemble(("FAILED  ", "bold red"), failed, (f"  ({take.happened})", "dim"))


def _transcript(case: Case, before: Case | None, answered_by: str) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(no_wrap=True, max_width=24)
    grid.add_column(ratio=1)
    lines = [*_messages(case, before, answered_by), *_drafts(case, before, answered_by)]
    lines += [*_completions(case, before), *_events(case, before), *_deliveries(case, before)]
    for at, who, text in sorted(lines, key=lambda line: line[0]):
        grid.add_row(f"  {at:%H:%M:%S}", who, text)
    return grid


def _messages(case: Case, before: Case | None, answered_by: str) -> Iterator[Line]:
    known = before.ticket.last_seq if before else 0
    for message in case.transcript.messages:
        if message.seq > known:
            yield message.created_at, _author(case, message, answered_by), _said(message)


def _author(case: Case, message: Message, answered_by: str) -> Text:
    if message.author.kind is ActorKind.CUSTOMER:
        return Text(case.customer_name, "bold blue")
    if message.author.kind is ActorKind.OPERATOR:
        return Text("operator", "bold green")
    if message.model is None:
        return Text("supportbot", "bold magenta")
    return _bot(answered_by)


def _bot(answered_by: str) -> Text:
    return Text(answered_by.replace(" (", "\n("), "bold magenta")


def _said(message: Message) -> RenderableType:
    if message.author.kind is not ActorKind.BOT:
        return Text(message.text)
    return Markdown(message.text, hyperlinks=False)


def _drafts(case: Case, before: Case | None, answered_by: str) -> Iterator[Line]:
    known = {draft.id for draft in before.transcript.drafts} if before else set()
    for draft in case.transcript.drafts:
        if draft.id not in known and draft.state is DraftState.OPEN:
            said = Markdown(draft.text, hyperlinks=False, style="italic")
            yield draft.created_at, _bot(answered_by), said


def _events(case: Case, before: Case | None) -> Iterator[Line]:
    for event in case.events_after(before):
        line = _EVENT_LINES.get(event.kind)
        if line is not None:
            reason = f" ({event.reason})" if event.reason else ""
            yield event.at, Text("event", "dim"), Text(line + reason, "yellow")


_EVENT_LINES = {
    EventKind.HANDOFF: "handed off to a person",
    EventKind.TAKEOVER: "taken over by a person",
    EventKind.DRAFTED: "the answer waits as a draft for an operator",
    EventKind.SUPPRESSED: "not answered",
    EventKind.MACHINE_MAIL: "machine mail filed, not answered",
    EventKind.COMPLETION_FAILED: "the model failed",
    EventKind.DELIVERY_FAILED: "could not be delivered",
}


def _completions(case: Case, before: Case | None) -> Iterator[Line]:
    """Tell what stands behind an answer."""
    known = {completion.id for completion in before.completions} if before else set()
    for completion in case.completions:
        if completion.id not in known:
            words = (
                f"policy {completion.policy_sha[:_SHA_CHARS]}, "
                f"passages: {len(completion.passages)}, {completion.latency_ms} ms"
            )
            yield completion.started_at, Text("completion", "dim"), Text(words, "dim")


def _deliveries(case: Case, before: Case | None) -> Iterator[Line]:
    known = {delivery.id for delivery, _ in before.transcript.deliveries} if before else set()
    for delivery, sent_at in case.transcript.deliveries:
        if delivery.id in known or delivery.state is not DeliveryState.SENT or sent_at is None:
            continue
        whom = "the customer" if delivery.audience is Audience.CUSTOMER else "the support team"
        what = "changed for" if delivery.replaces else "sent to"
        yield sent_at, Text("delivery", "dim"), Text(f"{delivery.kind} {what} {whom}", "green")
