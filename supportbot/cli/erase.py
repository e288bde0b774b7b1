"""`supportbot erase`: everything that one customer said, and who they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import typer

from supportbot.app.house import opened
from supportbot.channels.email.sending.outbox import Outbox
from supportbot.orchestrator.hearing.forgetting import Erased, Forgetting
from supportbot.settings.load import load
from supportbot.settings.tree import Settings

_NOT_REACHED = (
    "Not reached: what was delivered already (mails, Slack), copies in mailboxes and archives, "
    "backups, logs of other programs, and what others wrote about them in tickets of their own."
)


async def erase(config: Path, environ: Mapping[str, str], name: str) -> None:
    """Erase a customer and say what was erased; safe while the bot runs, and to be repeated."""
    settings = load(config, environ)
    async with opened(settings) as desk:
        forgetting = Forgetting(desk.wiring, name)
        erased = await forgetting.erase_words()
        letters = forget_letters(settings, erased.sent)
        await forgetting.forget()
        overwritten = await desk.db.forget_erased()
    _say(erased, letters, overwritten=overwritten)


def forget_letters(settings: Settings, sent: Iterable[str]) -> int:
    """Delete what lies in outbox folders; return how many mails that were."""
    folders = {mailbox.outbox for mailbox in settings.email.mailboxes if mailbox.outbox}
    outboxes = [Outbox(settings.folder / folder) for folder in sorted(folders)]
    return sum(outbox.forget(message_id) for outbox in outboxes for message_id in sent)


def _say(erased: Erased, letters: int, *, overwritten: bool) -> None:
    if not (erased.customers or erased.arrivals):
        typer.echo("Nobody is known by this name, and nothing that is kept came from it.")
        return
    for count, what in (
        (erased.customers, "customer"),
        (erased.tickets, "ticket"),
        (erased.guest_messages, "message in tickets of others"),
        (erased.arrivals, "mail or event without a ticket"),
        (letters, "mail in outbox folders"),
    ):
        typer.echo(f"erased: {count:>5}  {what}")
    if not overwritten:
        typer.echo("The database is being read: run this once more, so that its log is emptied.")
    typer.echo(_NOT_REACHED)
