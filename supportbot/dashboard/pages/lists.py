"""What waits: the inbox with its views, and the drafts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.responses import Response

from supportbot.dashboard.redact import HIDDEN_NAME, masked
from supportbot.dashboard.rights import Right
from supportbot.dashboard.visit import Visit
from supportbot.dashboard.wording import SAID
from supportbot.model.draft import Draft
from supportbot.store import drafts, inbox
from supportbot.store.inbox import Asked, InboxQuery, InboxRow, InboxView


def words_for(visit: Visit) -> Callable[[str], str]:
    """Return what this person's texts pass through: a mask for those who may not know people."""
    return str if visit.may(Right.READ_PERSONAL) else masked


def chosen_product(visit: Visit) -> str | None:
    """Return the product of the query, if it is one of ours."""
    wanted = visit.request.query_params.get("product")
    return wanted if any(wanted == product.key for product in visit.desk.deps.products) else None


async def inbox_page(visit: Visit) -> Response:
    """List the tickets of a view."""
    params = visit.request.query_params
    view = InboxView(params["view"]) if params.get("view") in set(InboxView) else InboxView.WAITING
    product = chosen_product(visit)
    async with visit.desk.deps.db.reading() as work:
        page = await inbox.page(work, InboxQuery(view, product, params.get("after")))
        counts = await inbox.counts(work, product)
    return visit.desk.pages.render(
        "inbox.html",
        visit.session,
        view=view,
        views=list(InboxView),
        counts=counts,
        max_count=inbox.MAX_COUNT,
        rows=[_shown(visit, row) for row in page.rows],
        next_after=page.next_after,
        first_page="after" not in params,
        product=product,
        products=visit.desk.deps.products,
        said=SAID.get(params.get("said", "")),
    )


def _shown(visit: Visit, row: InboxRow) -> InboxRow:
    if visit.may(Right.READ_PERSONAL):
        return row
    subject = masked(row.subject) if row.subject else None
    return replace(row, subject=subject, customer=HIDDEN_NAME)


@dataclass(frozen=True, slots=True)
class WaitingDraft:
    """A draft beside the question it answers."""

    draft: Draft
    subject: str
    customer: str
    #: None: the words were erased.
    question: str | None


async def drafts_page(visit: Visit) -> Response:
    """List the drafts that wait, the oldest first."""
    async with visit.desk.deps.db.reading() as work:
        waiting = await drafts.waiting(work)
        questions = await inbox.questions(work, waiting)
    return visit.desk.pages.render(
        "drafts.html",
        visit.session,
        waiting=[_waiting(visit, draft, questions[draft.id]) for draft in waiting],
        said=SAID.get(visit.request.query_params.get("said", "")),
    )


def _waiting(visit: Visit, draft: Draft, asked: Asked) -> WaitingDraft:
    words = words_for(visit)
    known = visit.may(Right.READ_PERSONAL)
    return WaitingDraft(
        draft=replace(draft, text=words(draft.text)),
        subject=words(asked.subject or "No subject"),
        customer=(asked.customer or "Unknown customer") if known else HIDDEN_NAME,
        question=None if asked.text is None else words(asked.text),
    )
