"""What the verbs share: the configured channels, products and policies, clock and identifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from supportbot.channels.base import (
    Channel,
    FilesChannel,
    LiveChannel,
    ReplacingChannel,
    StatusChannel,
    TellingChannel,
    Versioned,
)
from supportbot.dispatch.base import Dispatcher
from supportbot.errors import ConfigError
from supportbot.model.caps import Restraint
from supportbot.model.catalog import Mode, Product
from supportbot.model.policy import PublishedPolicy
from supportbot.model.ticket import Ticket
from supportbot.model.time import Clock
from supportbot.orchestrator.working import Working
from supportbot.store.database import Database


@dataclass(frozen=True, slots=True)
class NoticeRoute:
    """Where operators are told things: a channel and an address in it."""

    channel: str
    target: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a channel's customers are given to finish what they want to say."""

    #: Nothing is answered before a customer was silent for so long.
    quiet_seconds: float = 0.0
    #: Whoever keeps writing is answered after this at the latest.
    longest_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class ConnectedChannel:
    """An adapter together with its number in the store."""

    id: int
    adapter: Channel
    patience: Patience = field(default_factory=Patience)
    #: Whoever writes into a customer's thread takes it over; else only operators do.
    anyone_steps_in: bool = False
    #: Kept to where customers may be machines; None: they never are.
    restraint: Restraint | None = None
    #: The adapter where replies can grow in it. Looked at once: such a look takes long.
    live: LiveChannel | None = field(init=False)
    #: The adapter where messages name files that are fetched later.
    files: FilesChannel | None = field(init=False)
    #: The adapter where it can change what it sent.
    replacing: ReplacingChannel | None = field(init=False)
    #: The adapter where it can show how a ticket stands.
    status: StatusChannel | None = field(init=False)
    #: The adapter where it tells people why nothing follows.
    telling: TellingChannel | None = field(init=False)

    #: Of the adapter's parser, where it has one.
    parser_version: int | None = field(init=False)

    def __post_init__(self) -> None:
        """Look what the adapter can do."""
        live = self.adapter if isinstance(self.adapter, LiveChannel) else None
        object.__setattr__(self, "live", live)
        files = self.adapter if isinstance(self.adapter, FilesChannel) else None
        object.__setattr__(self, "files", files)
        replacing = self.adapter if isinstance(self.adapter, ReplacingChannel) else None
        object.__setattr__(self, "replacing", replacing)
        status = self.adapter if isinstance(self.adapter, StatusChannel) else None
        object.__setattr__(self, "status", status)
        version = self.adapter.parser_version if isinstance(self.adapter, Versioned) else None
        object.__setattr__(self, "parser_version", version)
        telling = self.adapter if isinstance(self.adapter, TellingChannel) else None
        object.__setattr__(self, "telling", telling)


@dataclass(frozen=True, slots=True)
class Wiring:
    """The parts every verb works with; made once by the composition root."""

    db: Database
    clock: Clock
    #: Makes a new public id.
    new_id: Callable[[], str]
    dispatcher: Dispatcher
    channels: Mapping[str, ConnectedChannel]
    products: Mapping[str, Product]
    policies: Mapping[str, PublishedPolicy]
    default_product: str
    notice_routes: tuple[NoticeRoute, ...] = ()
    #: Keys of channels whose customers are asked how it went.
    scored: frozenset[str] = frozenset()
    #: Where operators' browsers reach the dashboard, for links; None: nowhere.
    desk_url: str | None = None
    working: Working = field(default_factory=Working)

    def status_of(self, ticket: Ticket) -> StatusChannel | None:
        """Return the channel of a ticket if it shows how tickets stand."""
        connected = self.channels.get(ticket.channel)
        return connected.status if connected else None

    def patience(self, channel: str) -> Patience:
        """Return the patience of a channel; one that is not connected any more has the usual."""
        connected = self.channels.get(channel)
        return connected.patience if connected else Patience()

    def policy(self, product: str) -> PublishedPolicy:
        """Return the product's live policy.

        Raises:
            ConfigError: the product has none any more (its file was removed).
        """
        try:
            return self.policies[product]
        except KeyError:
            raise ConfigError(
                f"product {product!r} has no policy; create policies/products/{product}.md"
            ) from None

    def mode(self, product: str) -> Mode:
        """Return the mode of a product; a product without a policy is off."""
        published = self.policies.get(product)
        return published.policy.mode if published else Mode.OFF
