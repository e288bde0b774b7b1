"""For whom a tool is called: for whoever asked. A thread's owner may be somebody else."""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.model.catalog import ChannelKind
from supportbot.orchestrator.answering.turn import Turn
from supportbot.store import customers
from supportbot.store.unit_of_work import UnitOfWork

#: Channels that know who writes to them. A sender of mail can be forged, a web visitor is nobody.
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
    cannot be held to whose words it follows.
    """
    newest, *others = turn.askers(upto_seq) or (None,)
    kind = turn.ticket.channel_kind
    known = None if newest is None else await customers.external_id(work, kind, newest)
    return Asker(known or "", verified=bool(known) and not others and kind in _VOUCHING)
