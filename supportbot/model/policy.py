"""The compiled rules of a product, and what a review decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from supportbot.model.catalog import Mode


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """The policy of one product: system text plus enforced limits, named by its sha256."""

    product: str
    name: str
    mode: Mode
    #: The system message: organisation rules, then the product's body verbatim.
    system: str
    sha256: str
    #: Canonical JSON of everything above and below; its hash is `sha256`.
    canonical: str
    collections: tuple[str, ...] = ()
    #: An answer must come from a passage or a tool's result: without one it is handed off.
    cite_required: bool = False
    tools: tuple[str, ...] = ()
    #: Those of them that may only read: one that changes things is refused.
    read_only_tools: tuple[str, ...] = ()
    #: Phrases an answer must never hold, lower case.
    never: tuple[str, ...] = ()
    canned: Mapping[str, str] = field(default_factory=dict)
    #: True: an edit that changes the meaning of an answered question is answered too.
    answer_edits: bool = False


@dataclass(frozen=True, slots=True)
class PublishedPolicy:
    """A compiled policy that stands in the store as a version."""

    version_id: int
    policy: CompiledPolicy


class HandoffReason(StrEnum):
    """Why the bot stopped. New reasons may be added; none is ever renamed."""

    ASKED = "asked"
    LOW_CONFIDENCE = "low_confidence"
    POLICY = "policy"
    ERROR = "error"
    LIMIT = "limit"
    OVERDUE = "overdue"
    DELIVERY = "delivery"
    TAKEOVER = "takeover"


@dataclass(frozen=True, slots=True)
class Reply:
    """Review lets the text leave."""

    text: str
    rules: tuple[str, ...] = ()
    #: The tools whose results of this turn the model had read; the transcript names them.
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftReply:
    """Review wants an operator to look first; `shadow` = only recorded, shown to nobody."""

    text: str
    rules: tuple[str, ...] = ()
    shadow: bool = False
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handoff:
    """A person takes over; `note` is told to the customer, all else to operators."""

    reason: HandoffReason
    note: str | None = None
    #: Why the bot stopped; a model's or a customer's words stand behind the first `: ` only.
    summary: str = ""
    rules: tuple[str, ...] = ()
    #: In the model's words: what the customer wants, and what would be needed to help them.
    asked: str = ""
    missing: str = ""
    #: True: the customer is not told.
    silent: bool = False


Decision = Reply | DraftReply | Handoff
