"""The web chat as a channel: what is committed as sent is what the visitor's page shows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute

from supportbot.channels.base import Accept, ChannelParts, LiveReply
from supportbot.channels.web.api import ChatApi, Endpoint
from supportbot.channels.web.config import WebConfig
from supportbot.channels.web.page import Pages
from supportbot.channels.web.said import parse
from supportbot.channels.web.visitors import Visitors
from supportbot.errors import SendError
from supportbot.model.delivery import Audience, Delivery, Receipt
from supportbot.model.inbound import Heard, Inbound
from supportbot.model.time import Clock
from supportbot.store.database import Database


class WebChannel:
    """The chat page and its endpoints; fulfils `Channel`, `LiveChannel` and `WebRoutes`."""

    key = "web:chat"
    kind = "web"

    def __init__(self, config: WebConfig, clock: Clock, db: Database) -> None:
        self._config = config
        self._clock = clock
        self._db = db

    async def run(self, accept: Accept) -> None:
        """Wait until cancelled: everything is heard by the routes."""
        del accept  # the routes are given the same one
        await asyncio.Event().wait()

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """Return `/chat`, `/chat/<product>`, `/chat/static` and `/chat/api/`."""
        visitors = Visitors(self._config.secret, secure=self._config.secure)
        endpoint = Endpoint(self.key, accept, self._db, self._clock)
        api = ChatApi(endpoint, self._config, visitors)
        return (*api.routes(), *Pages(self._config, visitors).routes())

    def parse(self, inbound: Inbound) -> Heard:
        """Understand a visitor's request; see `said.parse`."""
        return parse(inbound)

    async def send(self, delivery: Delivery) -> Receipt:
        """Show it to the visitor: their page shows every delivery that is marked as sent.

        Raises:
            SendError: it is not for a customer, and nobody else reads a web chat.
        """
        if delivery.audience is not Audience.CUSTOMER:
            raise SendError(
                "operators can't be told in the web chat; name a Slack channel or an address",
                permanent=True,
            )
        return Receipt(provider_id=delivery.key)

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Return the receipt: to show the same delivery again changes nothing."""
        return await self.send(delivery)

    def may_open(self, key: str, target: Mapping[str, str]) -> bool:
        """Let every answer grow: it costs the page nothing."""
        del key, target
        return True

    async def open_live(self, delivery: Delivery) -> LiveReply:
        """Let an answer grow: the page shows what the delivery's row holds of it."""
        return _Growing(delivery.key)

    async def discard(self, delivery: Delivery) -> None:
        """Do nothing: the page shows no reply without words."""


class _Growing:
    """A reply that the page sees growing in the store, where the orchestrator writes it."""

    def __init__(self, provider_id: str) -> None:
        self.provider_id = provider_id

    async def append(self, text: str) -> None:
        """Do nothing: what is in the store is seen."""

    async def finish(self, delivery: Delivery) -> Receipt:
        """Return the receipt: once it is stored, the page shows the message in its place."""
        return Receipt(provider_id=delivery.key)


def build(config: WebConfig, parts: ChannelParts) -> WebChannel:
    """Make the channel; the factory of its entry point."""
    return WebChannel(config, parts.clock, parts.db)
