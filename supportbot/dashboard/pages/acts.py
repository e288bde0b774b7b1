"""What operators do: every act is a POST that ends in a redirect, or in the page and why not."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from supportbot.dashboard.pages.ticket import Refused, show
from supportbot.dashboard.visit import Visit
from supportbot.errors import ConflictError
from supportbot.model.draft import Draft, DraftState
from supportbot.store import drafts

_EMPTY = "Write something first: an empty message can't be sent."
_OUTCOMES = {
    DraftState.SENT: "was sent as it was",
    DraftState.EDITED: "was sent with other words",
    DraftState.DISCARDED: "was discarded",
}


async def take_over(visit: Visit) -> Response:
    """Give the ticket to this operator."""
    ticket = visit.path("ticket")
    await visit.desk.deps.takeover.take_over(ticket, visit.operator_id)
    return _back(ticket, "taken")


async def reply(visit: Visit) -> Response:
    """Answer the customer; takes the ticket over."""
    ticket, text = visit.path("ticket"), visit.form.get("text", "")
    try:
        await visit.desk.deps.takeover.reply(ticket, visit.operator_id, text)
    except ConflictError:
        return await show(visit, ticket, {"refused": Refused(_EMPTY, text)}, 409)
    return _back(ticket, "replied")


async def return_to_bot(visit: Visit) -> Response:
    """Let the bot answer what comes next."""
    ticket = visit.path("ticket")
    await visit.desk.deps.takeover.return_to_bot(ticket, visit.operator_id)
    return _back(ticket, "returned")


async def resolve(visit: Visit) -> Response:
    """Close the ticket."""
    ticket = visit.path("ticket")
    await visit.desk.deps.takeover.resolve(ticket, visit.operator_id)
    return _back(ticket, "resolved")


async def send_draft(visit: Visit) -> Response:
    """Send a draft, with the words of the form if it has any."""
    draft = await _draft(visit)
    text = visit.form.get("text")
    if text is not None and not text.strip():
        return await _refuse(visit, draft, Refused(_EMPTY, text, draft.id))
    try:
        await visit.desk.deps.takeover.send_draft(draft.id, visit.operator_id, text)
    except ConflictError:
        return await _refuse(visit, draft, await _too_late(visit, draft, text or ""))
    return _next(visit, draft, "sent")


async def discard_draft(visit: Visit) -> Response:
    """Throw a draft away; the ticket is this operator's then."""
    draft = await _draft(visit)
    try:
        await visit.desk.deps.takeover.discard_draft(draft.id, visit.operator_id)
    except ConflictError:
        return await _refuse(visit, draft, await _too_late(visit, draft, ""))
    return _next(visit, draft, "discarded")


async def _draft(visit: Visit) -> Draft:
    async with visit.desk.deps.db.reading() as work:
        return await drafts.get(work, visit.number("draft"))


async def _too_late(visit: Visit, draft: Draft, text: str) -> Refused:
    """Say what became of the draft meanwhile; changed words go on into the composer."""
    current = await _draft(visit)
    outcome = _OUTCOMES.get(current.state, "can't be decided any more")
    changed = text.strip() not in {"", draft.text.strip()}
    kept = " What you wrote stands in the reply box." if changed else ""
    return Refused(
        f"Somebody was faster: this draft {outcome}. Nothing was sent twice.{kept}",
        text if changed else "",
    )


async def _refuse(visit: Visit, draft: Draft, refused: Refused) -> Response:
    return await show(visit, draft.ticket, {"refused": refused}, 409)


def _next(visit: Visit, draft: Draft, said: str) -> Response:
    if visit.form.get("back") == "drafts":
        return RedirectResponse(f"/drafts?said={said}", 303)
    return _back(draft.ticket, said)


def _back(ticket: str, said: str) -> Response:
    return RedirectResponse(f"/tickets/{ticket}?said={said}", 303)
