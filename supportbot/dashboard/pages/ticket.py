"""One ticket: its transcript, the part that refreshes itself, its files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.responses import Response

from supportbot.dashboard.pages.lists import words_for
from supportbot.dashboard.reading import TicketFacts, read_ticket
from supportbot.dashboard.redact import HIDDEN_NAME
from supportbot.dashboard.rights import Right
from supportbot.dashboard.transcript import interleave, notices
from supportbot.dashboard.visit import Visit
from supportbot.dashboard.wording import SAID
from supportbot.model.delivery_report import avoided_until
from supportbot.model.draft import DraftState
from supportbot.model.ticket import Status
from supportbot.store import details

#: Tickets that an operator can still work on.
_WORKABLE = {Status.OPEN, Status.PENDING, Status.SNOOZED}


@dataclass(frozen=True, slots=True)
class Refused:
    """An act that did not happen: why, and what had been typed, which is never lost."""

    problem: str
    typed: str = ""
    #: The draft whose text was typed, if any; else it belongs into the composer.
    draft_id: int | None = None


async def ticket_page(visit: Visit) -> Response:
    """Show a ticket."""
    said = SAID.get(visit.request.query_params.get("said", ""))
    return await show(visit, visit.path("ticket"), {"said": said})


async def show(
    visit: Visit, public_id: str, extra: dict[str, object], status: int = 200
) -> Response:
    """Render a ticket's page; also the answer to an act that was refused."""
    facts = await _facts(visit, public_id)
    values = {"said": None, "refused": None, **_values(visit, facts), **extra}
    return visit.desk.pages.render("ticket.html", visit.session, status, **values)


async def live(visit: Visit) -> Response:
    """Give the parts that change, or 304 while they have not (RFC 9110, 13.1.2)."""
    facts = await _facts(visit, visit.path("ticket"))
    values = {"refused": None, **_values(visit, facts)}
    html = visit.desk.pages.html("live.html", visit.session, **values)
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
    if visit.request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"etag": etag})
    return Response(html, media_type="text/html", headers={"etag": etag})


async def _facts(visit: Visit, public_id: str) -> TicketFacts:
    facts = await read_ticket(visit.desk.deps.db, public_id)
    if visit.may(Right.READ_PERSONAL):
        return facts
    words = words_for(visit)
    return replace(
        facts,
        customer=replace(facts.customer, name=HIDDEN_NAME, account=None, identities=()),
        writers={},
        came_back=tuple(replace(one, diagnostic="") for one in facts.came_back),
        attachments=tuple(replace(file, filename="file") for file in facts.attachments),
        drafts=tuple(replace(draft, text=words(draft.text)) for draft in facts.drafts),
        feedback=tuple(
            replace(one, comment=words(one.comment) if one.comment else None)
            for one in facts.feedback
        ),
    )


def _values(visit: Visit, facts: TicketFacts) -> dict[str, object]:
    words, ticket = words_for(visit), facts.ticket
    names = {product.key: product.name for product in visit.desk.deps.products}
    return {
        "ticket": ticket,
        "subject": words(ticket.subject or "No subject"),
        "product_name": names.get(ticket.product, ticket.product),
        "assignee": facts.names.get(ticket.assignee_id) if ticket.assignee_id else None,
        "mine": ticket.assignee_id == visit.operator_id,
        "workable": ticket.status in _WORKABLE,
        "customer": facts.customer,
        "came_back": facts.came_back,
        "avoided_until": avoided_until(facts.came_back, visit.desk.deps.clock()),
        "entries": interleave(facts, words),
        "notices": notices(facts, words),
        "open_drafts": [one for one in facts.drafts if one.state is DraftState.OPEN],
        "old_drafts": [one for one in facts.drafts if one.state is not DraftState.OPEN],
        "feedback": facts.feedback,
        "completions": facts.completions,
    }


async def attachment(visit: Visit) -> Response:
    """Give a file to be saved, never to be shown: it comes from a stranger."""
    async with visit.desk.deps.db.reading() as work:
        filename, content = await details.attachment_content(work, visit.number("attachment"))
    named = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"  # RFC 6266
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"content-disposition": named, "content-security-policy": "sandbox"},
    )
