"""Who may do what: the one table, asked in the one place where every request passes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from supportbot.model.catalog import OperatorRole


class Right(StrEnum):
    """What a route demands of its visitor."""

    #: Nothing: the way in.
    OPEN = "open"
    #: To be signed in.
    SIGNED_IN = "signed_in"
    #: Lists, transcripts and numbers; people's names and addresses are masked for viewers.
    READ = "read"
    #: Names, addresses and files of customers as they are.
    READ_PERSONAL = "read_personal"
    #: Take over, reply, decide on drafts, resolve.
    ACT = "act"
    #: Create and disable operators.
    ADMINISTER = "administer"


_VIEWER = frozenset({Right.OPEN, Right.SIGNED_IN, Right.READ})
_OPERATOR = _VIEWER | {Right.READ_PERSONAL, Right.ACT}

RIGHTS: Mapping[OperatorRole, frozenset[Right]] = {
    OperatorRole.VIEWER: _VIEWER,
    OperatorRole.OPERATOR: _OPERATOR,
    OperatorRole.ADMIN: _OPERATOR | {Right.ADMINISTER},
}


def allows(role: OperatorRole, right: Right) -> bool:
    """Say whether somebody of this role may use a route that demands this right."""
    return right in RIGHTS[role]
