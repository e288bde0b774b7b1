"""Mail that could not be understood: the list, one mail, and what an admin does with it."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from supportbot.dashboard.visit import Visit
from supportbot.dashboard.wording import SAID
from supportbot.store import quarantine

_MOST = 200


async def quarantine_page(visit: Visit) -> Response:
    """List what was set aside, the newest first."""
    async with visit.desk.deps.db.reading() as work:
        mails = await quarantine.listed(work, _MOST)
        count = await quarantine.count(work)
    return visit.desk.pages.render(
        "quarantine.html",
        visit.session,
        mails=mails,
        count=count,
        said=SAID.get(visit.request.query_params.get("said", "")),
    )


async def mail_page(visit: Visit) -> Response:
    """Show one mail's reason and headers."""
    async with visit.desk.deps.db.reading() as work:
        mail = await quarantine.get(work, visit.number("mail"))
    return visit.desk.pages.render("quarantined.html", visit.session, mail=mail)


async def release(visit: Visit) -> Response:
    """Let a mail be understood again."""
    async with visit.desk.deps.db.writing() as work:
        await quarantine.release(work, visit.number("mail"))
    return RedirectResponse("/quarantine?said=released", 303)


async def drop(visit: Visit) -> Response:
    """Forget a mail."""
    async with visit.desk.deps.db.writing() as work:
        await quarantine.drop(work, visit.number("mail"))
    return RedirectResponse("/quarantine?said=dropped", 303)
