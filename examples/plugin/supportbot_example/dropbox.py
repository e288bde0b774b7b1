"""A channel of two folders: customers' messages come as JSON files, answers leave as JSON files.

For systems that can only exchange files. In: `{"from", "thread", "text"}`, optionally `"name"` and
`"subject"`; write elsewhere, then move into the inbox. A file is removed once it is committed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from urllib.parse import quote

from supportbot.channels.base import Accept, ChannelOptions, ChannelParts
from supportbot.errors import ConfigError, SendError, StoreUnavailable, Unparsable
from supportbot.model.delivery import Delivery, Receipt
from supportbot.model.inbound import CustomerMessage, Heard, Inbound, Sender
from supportbot.model.time import Clock

_POLL_SECONDS = 0.2


class DropboxChannel:
    """Fulfils `supportbot.channels.base.Channel`."""

    kind = "dropbox"

    def __init__(self, options: ChannelOptions, clock: Clock) -> None:
        self.key = f"{self.kind}:{options.name}"
        self._product = options.product
        self._inbox, self._outbox = (_folder(options, name) for name in ("inbox", "outbox"))
        self._clock = clock

    async def run(self, accept: Accept) -> None:
        """Look into the inbox until cancelled; what can't be committed stays for the next look."""
        while True:
            for path in await asyncio.to_thread(lambda: sorted(self._inbox.glob("*.json"))):
                try:
                    await accept(await asyncio.to_thread(self._read, path))
                except (StoreUnavailable, OSError):
                    break
                await asyncio.to_thread(path.unlink, missing_ok=True)
            await asyncio.sleep(_POLL_SECONDS)

    def _read(self, path: Path) -> Inbound:
        raw = path.read_bytes()
        # A name may be used again for another message; name and content together may not.
        key = f"{path.name}:{hashlib.sha256(raw).hexdigest()}"
        return Inbound(self.key, (key,), raw, {"file": path.name}, self._clock())

    def parse(self, inbound: Inbound) -> Heard:
        """Understand one file; see the module for its fields."""
        try:
            said = json.loads(inbound.raw)
            sender, thread, text = str(said["from"]), str(said["thread"]), str(said["text"])
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise Unparsable('the file is no JSON object with "from", "thread", "text"') from error
        return CustomerMessage(
            sender=Sender(sender, name=str(said.get("name", ""))),
            text=text,
            thread_keys=(f"{sender}:{thread}",),
            target={"to": sender, "thread": thread},
            subject=said.get("subject"),
            product=self._product,
        )

    async def send(self, delivery: Delivery) -> Receipt:
        """Write the answer's file; it appears whole or not at all, under the delivery's own name.

        Raises:
            SendError: the outbox can't be written; for good where it is no folder.
        """
        answer = {**delivery.target, "text": delivery.text, "ticket": delivery.ticket}
        try:
            await asyncio.to_thread(_write, self._path(delivery), json.dumps(answer))
        except OSError as error:
            permanent = isinstance(error, NotADirectoryError)
            raise SendError(f"{self._outbox}: {error.strerror}", permanent=permanent) from error
        return Receipt(self._path(delivery).name)

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Look for the answer's file."""
        there = await asyncio.to_thread(self._path(delivery).exists)
        return Receipt(self._path(delivery).name) if there else None

    def _path(self, delivery: Delivery) -> Path:
        return self._outbox / f"{quote(delivery.key, safe='')}.json"


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _folder(options: ChannelOptions, name: str) -> Path:
    folder = Path(options.options.get(name, ""))
    if not folder.is_absolute():
        raise ConfigError(f"[[channels]] dropbox: give options.{name}, an absolute path")
    return folder


def build(options: ChannelOptions, parts: ChannelParts) -> DropboxChannel:
    """Make the channel; named by the entry point."""
    return DropboxChannel(options, parts.clock)
