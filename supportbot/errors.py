"""Every error of the house, in one tree.

SupportbotError
├── ConfigError            the bot folder or the environment is wrong
│   ├── SettingsError      supportbot.toml or a variable
│   ├── PolicyError        a policy file
│   └── KnowledgeError     a knowledge file
├── OutputError            what a command prints cannot be written
├── StoreError             the database cannot be used
│   ├── SchemaOutdated     an older (or newer) schema than this version needs
│   └── StoreUnavailable   cannot be opened, written or reached
│       └── StoreFull      there is no room for more
├── NotFoundError          no such ticket, draft, product or operator
├── ConflictError          somebody else was faster: the ticket moved on
├── AccessError            a sign-in, or what was entered for one, is refused
│   └── TooManyAttempts    too many failed sign-ins; wait
├── ChannelError           a channel could not do what was asked
│   ├── SendError          a delivery was refused, or may be tried again
│   ├── DeliveryUnknown    it cannot be known whether a delivery arrived
│   ├── TokenUnreadable    a stored token cannot be used
│   └── ReplyStopped       the customer stopped a reply that was growing
├── CompletionError        the model did not give a usable answer
├── ToolError              a tool tells the model what went wrong
└── InboundRefused         what arrived will not become a turn (the reason is its name)
    ├── EmptyBody          nothing to read
    ├── TooLarge           beyond the size limit
    └── Unparsable         cannot be read at all

An error carries `permanent`, which alone decides whether trying again makes sense, and where it
helps the ids of what it is about. Its text names the thing and the cure.
"""

from __future__ import annotations

from pathlib import Path


class SupportbotError(Exception):
    """Base of all errors that supportbot raises on purpose."""

    #: True when trying again cannot help.
    permanent: bool = True


class ConfigError(SupportbotError):
    """Something in the bot folder is wrong; the place is named as `file:line`."""

    def __init__(self, message: str, *, path: Path | None = None, line: int | None = None) -> None:
        self.path = path
        self.line = line
        place = f"{path}:{line}" if path and line else str(path) if path else ""
        super().__init__(f"{place}: {message}" if place else message)


class SettingsError(ConfigError):
    """A setting is unknown, missing or of the wrong kind. Run `supportbot check` to see all."""


class PolicyError(ConfigError):
    """A policy file cannot be read or contradicts itself. Run `supportbot policy check`."""


class KnowledgeError(ConfigError):
    """A knowledge file cannot be imported."""


class OutputError(SupportbotError):
    """Standard output takes no more, as on a full disk. Free space, or print elsewhere."""


class StoreError(SupportbotError):
    """The database cannot be used."""


class SchemaOutdated(StoreError):
    """The database has another schema than this version needs. Run `supportbot db upgrade`."""


class StoreUnavailable(StoreError):
    """The database cannot be opened or reached; the sender is asked to try again."""

    permanent = False


class StoreFull(StoreUnavailable):
    """There is no room left for what arrives: free some, or raise `[retention] most_megabytes`."""


class NotFoundError(SupportbotError):
    """The ticket, draft, product or operator that was named does not exist."""


class ConflictError(SupportbotError):
    """The ticket changed in between: look again, then decide again."""


class AccessError(SupportbotError):
    """A sign-in, a password or an operator's data is refused; the text is fit to be shown."""


class TooManyAttempts(AccessError):
    """Too many failed sign-ins for this account or from this address; wait, then try again."""

    permanent = False


class ChannelError(SupportbotError):
    """A channel could not do what was asked of it."""


class SendError(ChannelError):
    """A delivery did not leave. `permanent` tells refused from try again.

    `retry_after_seconds`: the provider asked for patience; this counts as no failure of the send.
    """

    def __init__(
        self, message: str, *, permanent: bool, retry_after_seconds: float | None = None
    ) -> None:
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class DeliveryUnknown(ChannelError):
    """Nobody can tell whether a delivery arrived; it is shown as uncertain, never repeated."""


class TokenUnreadable(ChannelError):
    """A stored token cannot be decrypted, or is another's. Give the key it was stored under."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        self.permanent = permanent
        super().__init__(message)


class ReplyStopped(ChannelError):
    """The customer stopped a reply while it grew: nothing more of it is wanted."""


class FileUnavailable(ChannelError):
    """A file cannot be fetched; `reason` is stored with it and told to the model."""

    def __init__(self, reason: str, message: str, *, permanent: bool) -> None:
        self.reason = reason
        self.permanent = permanent
        super().__init__(message)


class CompletionError(SupportbotError):
    """The model gave no usable answer. `kind` is stored with the completion.

    `why` is fit for operators: what is wrong and what to do, without a word of anybody else.
    """

    why = "The model gave no usable answer."

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        permanent: bool,
        retry_after_seconds: float | None = None,
    ) -> None:
        self.kind = kind
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class ToolError(SupportbotError):
    """A tool changed nothing, and says why; its author raises it, and the model reads the text."""


class InboundRefused(SupportbotError):
    """What arrived will not become a turn; `reason` is stored with it."""

    reason = "refused"


class EmptyBody(InboundRefused):
    """There is nothing to read: no text and no attachment."""

    reason = "empty"


class TooLarge(InboundRefused):
    """It is beyond the size limit of its channel."""

    reason = "too_large"


class Unparsable(InboundRefused):
    """It cannot be read at all; the raw bytes are kept."""

    reason = "unparsable"
