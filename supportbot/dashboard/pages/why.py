"""Why the bot said something: the policy, the passages, the model call and its very prompt."""

from __future__ import annotations

import json

from starlette.responses import Response

from supportbot.dashboard.pages.lists import words_for
from supportbot.dashboard.visit import Visit
from supportbot.errors import NotFoundError
from supportbot.store import answers, catalog, details, tickets


async def why_page(visit: Visit) -> Response:
    """Explain one completion of a ticket."""
    wanted = visit.number("completion")
    async with visit.desk.deps.db.reading() as work:
        ticket = await tickets.by_public_id(work, visit.path("ticket"))
        found = [one for one in await answers.completions(work, ticket.id) if one.id == wanted]
        if not found:
            raise NotFoundError(f"ticket {ticket.public_id} has no model call number {wanted}")
        policy = await catalog.policy_version(work, found[0].policy_version_id)
        prompt = await answers.prompt_messages(work, wanted)
        said = await details.said_by(work, wanted)
    words = words_for(visit)
    return visit.desk.pages.render(
        "why.html",
        visit.session,
        ticket=ticket,
        subject=words(ticket.subject or "No subject"),
        call=found[0],
        policy=policy,
        prompt=[(message, words(message.content)) for message in prompt],
        said=[words(text) for text in said],
    )


async def policy_page(visit: Visit) -> Response:
    """Show a published policy as it was compiled."""
    wanted = visit.number("version")
    async with visit.desk.deps.db.reading() as work:
        policy = await catalog.policy_version(work, wanted)
    if policy is None:
        raise NotFoundError(f"there is no policy version number {wanted}")
    return visit.desk.pages.render(
        "policy.html", visit.session, policy=policy, rules=json.loads(policy.body)
    )
