"""What a visitor did, as it is stored and as it is understood. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from supportbot.channels.web.config import MAX_TEXT_BYTES
from supportbot.errors import EmptyBody, TooLarge, Unparsable
from supportbot.model.inbound import Action, ActionKind, CustomerMessage, Heard, Inbound, Sender

MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Said:
    """One request of a visitor; `what` is `message` or the value of an ActionKind."""

    what: str
    product: str
    visitor: str
    text: str = ""
    delivery_key: str | None = None
    value: int | None = None


def encode(said: Said) -> bytes:
    """Write it as the raw bytes of an inbound."""
    return json.dumps(asdict(said), ensure_ascii=False, sort_keys=True).encode()


def decode(raw: bytes) -> Said:
    """Read the raw bytes of an inbound.

    Raises:
        Unparsable: they were not written by `encode`.
    """
    try:
        said = Said(**json.loads(raw))
    except (ValueError, TypeError, RecursionError) as error:
        raise Unparsable(f"not a request of the web chat: {type(error).__name__}") from error
    if not isinstance(said.text, str):
        raise Unparsable("a text of the web chat is text")
    return said


def thread_key(product: str, visitor: str) -> str:
    """Name the one conversation a visitor has about a product."""
    return f"web:{product}:{visitor}"


def parse(inbound: Inbound) -> Heard:
    """Understand a request.

    Raises:
        Unparsable, EmptyBody, TooLarge: it can never become a turn.
    """
    said = decode(inbound.raw)
    sender = Sender(external_id=said.visitor)
    keys = (thread_key(said.product, said.visitor),)
    if said.what != MESSAGE:
        return _action(said, sender, keys)
    if len(said.text.encode()) > MAX_TEXT_BYTES:
        raise TooLarge(f"more than {MAX_TEXT_BYTES // 1024} KB of text")
    text = said.text.replace("\x00", "").strip()
    if not text:
        raise EmptyBody("nothing was written")
    return CustomerMessage(
        sender=sender,
        text=text,
        thread_keys=keys,
        target={},
        product=said.product,
        sent_at=inbound.received_at,
    )


def _action(said: Said, sender: Sender, keys: tuple[str, ...]) -> Action:
    try:
        kind = ActionKind(said.what)
    except ValueError as error:
        raise Unparsable(f"unknown request {said.what!r} of the web chat") from error
    return Action(kind, sender, thread_keys=keys, delivery_key=said.delivery_key, value=said.value)
