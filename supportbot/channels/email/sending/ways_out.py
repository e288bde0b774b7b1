"""How a letter leaves: over a submission server, or into a folder for trying things out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from supportbot.channels.email.sending.outbox import Outbox
from supportbot.channels.email.sending.pacing import DomainPace
from supportbot.channels.email.sending.sent_folder import SentFolder
from supportbot.channels.email.sending.submission import (
    Deferred,
    Envelope,
    Refusal,
    Submission,
    submit,
)
from supportbot.errors import DeliveryUnknown, SendError


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter as it leaves."""

    message_id: str
    envelope: Envelope
    content: bytes
    #: So often it was claimed before.
    attempts: int


class WayOut(Protocol):
    """One way in which letters leave."""

    async def leave(self, parcel: Parcel) -> Sequence[Refusal]:
        """Let it leave; returns recipients that were refused while others were not.

        Raises:
            SendError: it did not leave.
            DeliveryUnknown: nobody can tell.
        """

    async def left(self, message_id: str, attempts: int) -> bool:
        """Tell whether it left; False: it surely did not.

        Raises:
            SendError: it cannot be told now.
            DeliveryUnknown: nobody can tell.
        """


class ToFolder:
    """Writes letters into a maildir."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def leave(self, parcel: Parcel) -> Sequence[Refusal]:
        """See `WayOut`; writing it again changes nothing."""
        try:
            await asyncio.to_thread(self._outbox.write, parcel.message_id, parcel.content)
        except OSError as error:
            raise SendError(f"outbox {self._outbox.path}: {error}", permanent=False) from error
        return ()

    async def left(self, message_id: str, _attempts: int) -> bool:
        """See `WayOut`."""
        return await asyncio.to_thread(self._outbox.holds, message_id)


class OverSmtp:
    """Hands letters to a submission server, at the pace of each domain, and files a copy."""

    def __init__(self, server: Submission, pace: DomainPace, sent: SentFolder | None) -> None:
        self._server = server
        self._pace = pace
        self._sent = sent

    async def leave(self, parcel: Parcel) -> Sequence[Refusal]:
        """See `WayOut`."""
        domain = parcel.envelope.to[0].rpartition("@")[2].lower()
        self._pace.enter(domain, parcel.message_id)
        try:
            refused = await self._submit(parcel)
        except Deferred:
            self._pace.put_off(domain)
            raise
        self._pace.taken(domain)
        return refused

    async def left(self, message_id: str, attempts: int) -> bool:
        """See `WayOut`: the folder of sent mail knows, where there is one."""
        if self._sent is None:
            raise DeliveryUnknown("a mail server does not tell what it was handed")
        return await self._sent.left(message_id, attempts)

    async def _submit(self, parcel: Parcel) -> Sequence[Refusal]:
        if self._sent is None:
            return await submit(self._server, parcel.envelope, parcel.content)
        async with self._sent.copy(parcel.message_id, parcel.content, parcel.attempts) as copy:
            try:
                refused = await submit(
                    self._server, parcel.envelope, parcel.content, before=copy.put
                )
            except SendError:
                await copy.remove()
                raise
            await copy.confirm()
        return refused
