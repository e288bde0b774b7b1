"""What a web chat needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: Bytes of UTF-8 a visitor may write in one message.
MAX_TEXT_BYTES = 64 * 1024
#: JSON may spell each byte of the text as `\u00XX`; the rest is for the other fields.
MAX_BODY_BYTES = 6 * MAX_TEXT_BYTES + 2048


@dataclass(frozen=True, slots=True)
class WebConfig:
    """One web chat for all products."""

    #: Key and name of every product that can be asked about.
    products: Mapping[str, str]
    #: Signs the visitors' cookies; whoever knows it can be any visitor.
    secret: str = field(repr=False)
    #: Where visitors see the chat, such as `https://help.example.com`; None = wherever it is.
    public_url: str | None = None
    messages_per_minute: int = 20
    #: For everybody behind one address together; cookies are free, addresses are not.
    messages_per_minute_and_address: int = 120

    @property
    def secure(self) -> bool:
        """True when the cookie must only travel by https."""
        return (self.public_url or "").startswith("https://")

    @property
    def public_host(self) -> str | None:
        """Host and port of the public URL."""
        return urlsplit(self.public_url).netloc if self.public_url else None
