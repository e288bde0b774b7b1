"""What of a ticket's head stands when an answer covers less than was asked."""

from __future__ import annotations

from sqlalchemy import Integer, and_, bindparam, case

from supportbot.store.tables.tickets import TicketRow

_ASKED_MORE = TicketRow.asked_seq > bindparam("upto_seq", type_=Integer)
_SET_MEANWHILE = TicketRow.retry_at.is_distinct_from(
    bindparam("seen_retry_at", type_=TicketRow.retry_at.type)
)

#: The `retry_at` after an answer up to `upto_seq` by somebody who saw `seen_retry_at`: more was
#: asked, and when to answer it was decided meanwhile. Else there is nothing to wait for.
STANDING_RETRY = case((and_(_ASKED_MORE, _SET_MEANWHILE), TicketRow.retry_at), else_=None)
