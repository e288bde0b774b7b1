"""A whole bot behind one real mailbox: real mails in, and what it sends in a sink."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

from supportbot.app.ways_in import restraint
from supportbot.channels.email.channel import EmailChannel, EmailConfig, content_key
from supportbot.model.inbound import Inbound
from supportbot.settings.tree import Settings
from supportbot.testing.mail import MailSink

HELP, ANN = "help@bot.example", "ann@cust.example"
SECRET = b"k" * 32


def mailbox(
    db: Any, clock: Any, address: str = HELP, secret: bytes = SECRET, **changes: Any
) -> EmailChannel:
    """Make a mailbox; `changes` are fields of EmailConfig."""
    return EmailChannel(EmailConfig(address, secret, product="shop", **changes), db, clock)


async def open_bot(make_world: Any, channel: EmailChannel, **changes: Any) -> Any:
    """Build a bot around a mailbox, which keeps to the caps that settings have by default."""
    world = await make_world(channel=channel, **changes)
    connected = world.wiring.channels[channel.key]
    kept = replace(connected, restraint=restraint(Settings(), channel))
    world.wiring.channels[channel.key] = kept
    return world


@dataclass
class Bot:
    """A bot behind one mailbox; the sink holds what it sent."""

    world: Any
    sink: MailSink
    address: str = HELP
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    async def gets(self, *lines: str, body: str = "Where is it?", path: str | None = ANN) -> None:
        """Let a mail arrive, with this envelope sender, and settle what follows."""
        own = f"Message-ID: <{next(self._ids)}@cust.example>"
        head = [f"To: {self.address}", own, *lines]
        await self.gets_raw(("\n".join(head) + f"\n\n{body}\n").encode(), path)

    async def gets_raw(self, raw: bytes, path: str | None) -> None:
        meta = {} if path is None else {"mail_from": path, "rcpt": self.address}
        at, key = self.world.clock(), content_key(raw)
        await self.world.intake.accept(
            Inbound(f"email:{self.address}", (key,), raw, meta, at, deferred=True)
        )
        await self.world.backlog.drain()
        for _ in range(3):
            await self.world.settle()
