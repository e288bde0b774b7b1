"""For whom a tool is called: for whoever asked. A thread's owner may be somebody else."""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.model.catalog import ChannelKind
from supportbot.model.message import VERIFIED
from supportbot.orchestrator.answering.turn import Turn
from supportbot.store import customers
from supportbot.store.unit_of_work import UnitOfWork

#: Channels that know all who write to them. A web visitor is nobody; a mail says of itself whether
#: its sender is known.
_VOUCHING = frozenset({ChannelKind.SLACK, ChannelKind.CONSOLE})


@dataclass(frozen=True, slots=True)
class Asker:
    """The customer a call is made for."""

    #: As the channel knows them.
    customer: str
    #: True where the channel vouches for them, and nobody else had a say in the question.
    verified: bool


async def asker(work: UnitOfWork, turn: Turn, upto_seq: int) -> Asker:
    """Find out who asked what a turn answers up to a message.

    Several who ask at once are the newest of them, and not verified: a model that reads them all
    cannot be held to whose words it follows. Nor is one of whose messages only some are surely
    theirs.
    """
    newest, *others = turn.askers(upto_seq) or (None,)
    kind, heard = turn.ticket.channel_kind, turn.heard(upto_seq)
    known = None if newest is None else await customers.external_id(work, kind, newest)
    vouched = all(message.data.get(VERIFIED, kind in _VOUCHING) is True for message in heard)
    return Asker(known or "", verified=bool(known) and not others and vouched)
