"""The home tab: published when somebody opens it, and the form that its buttons open.

Slack opens a form within three seconds of the press, so it comes after the commit and beside the
acknowledgement: the worst is to press once more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError

from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.failures import error_code, translated
from supportbot.channels.slack.keys import ASK_ACTION, ASK_FORM
from supportbot.channels.slack.parsing.people import Person
from supportbot.channels.slack.surfaces.home_view import MOST_TICKETS, ask_form, home_view
from supportbot.channels.slack.web import SlackWeb
from supportbot.store.database import Database
from supportbot.store.own_tickets import OwnTicket, newest_of

Payload = Mapping[str, Any]

#: Gives the newest tickets of a customer, by the name they are known by.
TicketsOf = Callable[[str], Awaitable[Sequence[OwnTicket]]]


class Home:
    """The home tabs of one workspace."""

    def __init__(self, web: SlackWeb, rulebook: Rulebook, tickets_of: TicketsOf) -> None:
        self._web = web
        self._rulebook = rulebook
        self._tickets_of = tickets_of

    async def publish(self, person: Person, shown: object = None) -> None:
        """Show somebody their tickets; `shown` is the view that they saw before.

        Where somebody else published meanwhile, that is left: it is newer.
        https://docs.slack.dev/reference/methods/views.publish

        Raises:
            SendError, DeliveryUnknown: Slack did not take it.
            StoreUnavailable: the tickets cannot be read.
        """
        seen = shown.get("hash") if isinstance(shown, dict) else None
        tickets = await self._tickets_of(person.external_id)
        view = home_view(tickets, self._rulebook.products)
        with translated("publish a home tab", may_repeat=True):
            try:
                await self._web.client().views_publish(
                    user_id=person.user, view=view, hash=seen if isinstance(seen, str) else None
                )
            except SlackApiError as error:
                if error_code(error) != "hash_conflict":
                    raise

    async def open_form(self, payload: Payload) -> None:
        """Open the form of a button that was pressed.

        https://docs.slack.dev/reference/methods/views.open

        Raises:
            SendError, DeliveryUnknown: Slack did not open it.
        """
        product = pressed_product(payload)
        name = self._rulebook.products.get(product or "")
        if product is None or name is None:
            return
        with translated("open a form", may_repeat=True):
            await self._web.client().views_open(
                trigger_id=str(payload.get("trigger_id")), view=ask_form(product, name)
            )


def pressed_product(payload: Payload) -> str | None:
    """Return the product that somebody wants to ask about, where that is what was pressed."""
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    if payload.get("type") != "block_actions" or not isinstance(first, dict):
        return None
    ours = str(first.get("action_id")).startswith(f"{ASK_ACTION}:")
    return str(first.get("value")) if ours else None


def is_asked(payload: Payload) -> bool:
    """Tell a question that came by the home tab's form."""
    view = payload.get("view")
    name = view.get("callback_id") if isinstance(view, dict) else None
    return payload.get("type") == "view_submission" and name == ASK_FORM


def tickets_in(db: Database, kind: str) -> TicketsOf:
    """Read the tickets of a kind of channel's customers from the store."""

    async def newest(external_id: str) -> Sequence[OwnTicket]:
        async with db.reading() as work:
            return await newest_of(work, kind, external_id, MOST_TICKETS)

    return newest
