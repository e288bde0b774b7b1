"""Real mails through real mailboxes: what is handed in here, the bot reads, answers and files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.meaning.threads import content_key
from supportbot.model.inbound import Inbound
from supportbot.model.ticket import Ticket

HELP, SALES = "help@bot.example", "sales@bot.example"
ANN, BOB, EVE = "ann@cust.example", "bob@cust.example", "eve@else.example"
SECRET = b"k" * 32


@dataclass
class Mail:
    """A mail that somebody is about to send; None leaves a header out."""

    sender: str = ANN
    to: str | None = HELP
    subject: str | None = "Order 77"
    body: str = "Where is my order?"
    cc: str | None = None
    id: str | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    more: Sequence[str] = ()

    def raw(self, own_id: str) -> bytes:
        """Return its bytes as a mail server hands them over."""
        fields = {
            "From": self.sender,
            "To": self.to,
            "Cc": self.cc,
            "Subject": self.subject,
            "Message-ID": own_id,
            "In-Reply-To": self.in_reply_to,
            "References": "\n ".join(self.references) or None,
        }
        lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
        lines += ["MIME-Version: 1.0", *self.more]
        return ("\n".join(lines) + f"\n\n{self.body}\n").encode().replace(b"\n", b"\r\n")


@dataclass
class Post:
    """The mailboxes of one bot, and everything that left them."""

    world: Any
    outbox: Path
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    async def arrives(
        self, mail: Mail, *boxes: str, settle: bool = True, **meta: str
    ) -> EmailMessage | None:
        """Let a mail come to these mailboxes, in their order; return the answer, if any."""
        before = len(self.answers())
        raw = mail.raw(mail.id or f"<{next(self._ids)}@cust.example>")
        for box in boxes or (HELP,):
            await self.accept(raw, box, **meta)
            await self.world.backlog.drain()
        if settle:
            await self.world.settle()
        new = self.answers()[before:]
        assert len(new) <= 1, "more than one answer"
        return new[0] if new else None

    async def accept(self, raw: bytes, box: str, **meta: str) -> None:
        """Commit what a mailbox got."""
        at = self.world.clock()
        key = content_key(raw)
        await self.world.intake.accept(
            Inbound(f"email:{box}", (key,), raw, meta, at, deferred=True)
        )

    def answers(self) -> list[EmailMessage]:
        """Return all that was sent, the oldest first."""
        files = sorted((self.outbox / "new").glob("*"), key=lambda one: one.stat().st_mtime_ns)
        return [_parsed(one.read_bytes()) for one in files]

    async def tickets(self) -> list[Ticket]:
        found: list[Ticket] = await self.world.all_tickets()
        return found

    async def said(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Return who said what in a ticket, by kind of author."""
        messages = await self.world.messages(ticket)
        return [(one.author.kind.value, one.text) for one in messages]

    async def links(self, ticket: Ticket) -> list[object]:
        """Return the public ids of the tickets that one is linked to."""
        events = await self.world.events(ticket)
        return [event.data["to"] for event in events if event.kind.value == "linked"]


def reply(answer: EmailMessage, **changes: Any) -> Mail:
    """Answer a mail as a mail program does."""
    fields: dict[str, Any] = {
        "to": answer["From"].addresses[0].addr_spec,
        "subject": answer["Subject"],
        "in_reply_to": answer["Message-ID"],
        "references": [*str(answer["References"] or "").split(), answer["Message-ID"]],
        "body": "And when will it come?",
        **changes,
    }
    return Mail(**fields)


async def open_post(
    make_world: Callable[..., Any], db: Any, clock: Any, folder: Path, **changes: Any
) -> Post:
    """Open two mailboxes of one bot; `changes` are those of both.

    `own_domains`: signed addresses stand in a domain of each mailbox's own, not behind a plus.
    """
    keeps = bool(changes.get("keep_copies"))
    homes = {box: Home(f"email:{box}", "shop", keeps) for box in (HELP, SALES)}
    ways = dict.fromkeys((HELP, SALES), "plus")
    if changes.pop("own_domains", False):
        ways = {box: f"*@{box.replace('@', '.')}" for box in (HELP, SALES)}
        homes |= {way: homes[box] for box, way in ways.items()}
    outbox = folder / "out"
    first, second = (
        EmailChannel(
            EmailConfig(
                box,
                SECRET,
                product="shop",
                homes=homes,
                outbox=outbox,
                reply_address=ways[box],
                **changes,
            ),
            db,
            clock,
        )
        for box in (HELP, SALES)
    )
    world = await make_world(channel=first, more_channels=[second])
    return Post(world, outbox)


def _parsed(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed
