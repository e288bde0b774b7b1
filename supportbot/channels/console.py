"""The console: one question from the command line, answered in the same process."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

from supportbot.channels.base import Accept
from supportbot.errors import Unparsable
from supportbot.model.delivery import Delivery, Receipt
from supportbot.model.inbound import CustomerMessage, Heard, Inbound, Sender

_ASKER = Sender(external_id="console", name="Console")


class ConsoleChannel:
    """Takes questions made by `question`; what is sent is kept in `said`, in order."""

    key = "console"
    kind = "console"

    def __init__(self) -> None:
        #: Everything that was sent, oldest first.
        self.said: list[str] = []
        self._sent: dict[str, Receipt] = {}

    def question(self, text: str, *, product: str, key: str, at: datetime) -> Inbound:
        """Make an inbound out of a question; `key` is unique and names its thread too."""
        raw = json.dumps({"text": text, "product": product, "thread": key}).encode()
        return Inbound(channel=self.key, keys=(key,), raw=raw, meta={}, received_at=at)

    async def run(self, accept: Accept) -> None:  # noqa: ARG002 - nobody writes by itself here
        """Wait until cancelled."""
        await asyncio.Event().wait()

    def parse(self, inbound: Inbound) -> Heard:
        """Read what `question` wrote."""
        try:
            said = json.loads(inbound.raw)
            text, product, thread = said["text"], said["product"], said["thread"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unparsable("this is no question of the console") from error
        return CustomerMessage(
            sender=_ASKER,
            text=text,
            thread_keys=(f"console:{thread}",),
            target={},
            product=product,
        )

    async def send(self, delivery: Delivery) -> Receipt:
        """Keep the text; a second send of the same delivery changes nothing."""
        if delivery.key not in self._sent:
            self._sent[delivery.key] = Receipt(provider_id=f"console:{delivery.key}")
            self.said.append(delivery.text)
        return self._sent[delivery.key]

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Tell whether a delivery was kept."""
        return self._sent.get(delivery.key)
