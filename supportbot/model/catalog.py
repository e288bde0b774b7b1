"""What is configured: products, channels and who may act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChannelKind(StrEnum):
    """The kinds of channel; a kind decides how customers are identified."""

    SLACK = "slack"
    EMAIL = "email"
    WEB = "web"
    CONSOLE = "console"


class Mode(StrEnum):
    """Whether a reply may leave by itself; ordered from the tightest to the loosest."""

    OFF = "off"
    SHADOW = "shadow"
    DRAFT = "draft"
    AUTO = "auto"

    def tightened(self, other: Mode) -> Mode:
        """Return the more restrictive of the two."""
        order = list(Mode)
        return min(self, other, key=order.index)


@dataclass(frozen=True, slots=True)
class Product:
    """What is being supported."""

    id: int
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One configured way in, as the store knows it."""

    id: int
    key: str
    kind: str


class OperatorRole(StrEnum):
    """What an operator may do in the dashboard."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Operator:
    """A person of the support team."""

    id: int
    email: str
    name: str
    role: OperatorRole
    auth_epoch: int
    disabled_at: datetime | None
