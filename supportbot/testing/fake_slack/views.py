"""Modals and the app's home tab: opened and published by the bot, filled in and pressed by people.

https://docs.slack.dev/reference/views and
https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.views import View

from supportbot.testing.fake_slack import checks, payloads
from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.workspace import APP, ApiRefusal, FakeUser, Workspace

Arguments = Mapping[str, Any]
Answer = dict[str, Any]

MAX_VIEW_BLOCKS = 100


@dataclass(slots=True)
class Triggers:
    """What a press, a command or a shortcut lets the app do for a moment: open one view."""

    #: How long each is good for; a machine that does much else may need more than Slack gives.
    seconds: float = 3.0
    _issued: dict[str, tuple[str, float]] = field(default_factory=dict)

    def issue(self, user: str) -> str:
        """Return a new trigger id for something that a user (by id) did."""
        trigger = f"{secrets.randbelow(10**9)}.{secrets.token_hex(6)}"
        self._issued[trigger] = (user, time.monotonic())
        return trigger

    def take(self, trigger: str) -> str:
        """Use a trigger up; return whose it is.

        Raises:
            ApiRefusal: there is none, it was used, or it is too old.
        """
        user, issued_at = self._issued.get(trigger, ("", 0.0))
        if not user:
            raise ApiRefusal("invalid_trigger_id" if not trigger else "exchanged_trigger_id")
        if time.monotonic() - issued_at > self.seconds:
            raise ApiRefusal("expired_trigger_id")
        del self._issued[trigger]
        return user


@dataclass(slots=True)
class FakeView:
    """A view as one user sees it."""

    id: str
    user: str
    body: dict[str, Any]
    hash: str
    #: How the modal was sent last.
    sent: EventDelivery | None = None

    @property
    def is_open(self) -> bool:
        """False from when it is sent; true again where it could not be, or the app refused it.

        https://docs.slack.dev/surfaces/modals#displaying_errors
        """
        if self.sent is None or self.sent.failures:
            return True
        return bool(self.errors)

    @property
    def errors(self) -> dict[str, str]:
        """Block id → why the app did not take what was filled in there."""
        response = self.sent.response if self.sent else None
        if isinstance(response, str):  # over HTTP
            response = json.loads(response) if response.startswith("{") else None
        if not isinstance(response, dict) or response.get("response_action") != "errors":
            return {}
        return dict(response.get("errors") or {})

    @property
    def text(self) -> str:
        """All that can be read in it, line by line."""
        return "\n".join(_texts(self.body.get("blocks") or ()))

    def as_json(self, team: str) -> dict[str, Any]:
        """Return the object that events and answers show."""
        about = {"id": self.id, "team_id": team, "hash": self.hash, "app_id": APP}
        return {"private_metadata": "", "callback_id": "", **self.body, **about}


class Views:
    """The views of one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        emit: Callable[[dict[str, Any]], EventDelivery],
        send: Callable[[str, dict[str, Any]], EventDelivery],
    ) -> None:
        self._workspace = workspace
        self._emit = emit
        self._send = send
        self.triggers = Triggers()
        self._homes: dict[str, FakeView] = {}
        self._modals: dict[str, list[FakeView]] = {}

    # What people do

    def open_home(self, user: str) -> EventDelivery:
        """Open the home tab."""
        person = self._workspace.user(user)
        event = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self._workspace.direct_channel(person).id,
            "tab": "home",
            "event_ts": self._workspace.next_ts(),
        }
        home = self._homes.get(person.id)
        shown = {"view": home.as_json(self._workspace.team)} if home else {}
        return self._emit(event | shown)

    def press(self, user: str, action_id: str) -> EventDelivery:
        """Press a button of the home tab.

        Raises:
            LookupError: there is none.
        """
        person, home = self._workspace.user(user), self.home(user)
        if home is None:
            raise LookupError(f"{user} has no home tab")
        ts = self._workspace.next_ts()
        action = payloads.pressed_in(home.body["blocks"], action_id, action_ts=ts)
        return self._send("interactive", self._pressed(home, person, action))

    def submit(self, user: str, words: str | Mapping[str, str]) -> EventDelivery:
        """Fill in the newest modal and send it: it closes, unless the app finds fault with it.

        `words` goes into every text input; or it tells by block id what is written or chosen.

        Raises:
            LookupError: no modal is open.
        """
        person, modal = self._workspace.user(user), self.modal(user)
        if modal is None:
            raise LookupError(f"{user} has no modal open")
        values = {
            block["block_id"]: {
                block["element"]["action_id"]: _filled_in(
                    block["block_id"], block["element"], words
                )
            }
            for block in modal.body["blocks"]
            if block["type"] == "input"
        }
        view = modal.as_json(self._workspace.team) | {"state": {"values": values}}
        modal.sent = self._send(
            "interactive", self._interaction("view_submission", person) | {"view": view}
        )
        return modal.sent

    def close(self, user: str) -> None:
        """Close the newest modal without sending it; the app hears nothing of it.

        Raises:
            LookupError: no modal is open.
        """
        modal = self.modal(user)
        if modal is None:
            raise LookupError(f"{user} has no modal open")
        self._modals[modal.user].remove(modal)

    # What can be seen

    def home(self, user: str) -> FakeView | None:
        """Return a user's home tab, if one was published."""
        return self._homes.get(self._workspace.user(user).id)

    def modal(self, user: str) -> FakeView | None:
        """Return the modal that a user sees on top, if one is open."""
        stack = self._modals.get(self._workspace.user(user).id, [])
        return next((modal for modal in reversed(stack) if modal.is_open), None)

    # What the bot calls

    def opened(self, workspace: Workspace, args: Arguments) -> Answer:
        """https://docs.slack.dev/reference/methods/views.open."""
        view = _checked(workspace, args.get("view"), "modal")
        user = self.triggers.take(str(args.get("trigger_id") or ""))
        made = self._made(user, view)
        self._modals.setdefault(user, []).append(made)
        workspace.notify()
        return {"view": made.as_json(workspace.team)}

    def published(self, workspace: Workspace, args: Arguments) -> Answer:
        """https://docs.slack.dev/reference/methods/views.publish."""
        user = workspace.user(str(args.get("user_id"))).id
        view, before = _checked(workspace, args.get("view"), "home"), self._homes.get(user)
        if args.get("hash") and (before is None or args["hash"] != before.hash):
            raise ApiRefusal("hash_conflict")
        made = self._made(user, view)
        made.id = before.id if before else made.id
        self._homes[user] = made
        workspace.notify()
        return {"view": made.as_json(workspace.team)}

    def updated(self, workspace: Workspace, args: Arguments) -> Answer:
        """https://docs.slack.dev/reference/methods/views.update, by the id of a view."""
        known = (*self._homes.values(), *(one for stack in self._modals.values() for one in stack))
        there = next((one for one in known if one.id == args.get("view_id")), None)
        if there is None:
            raise ApiRefusal("not_found")
        view = _checked(workspace, args.get("view"), str(there.body["type"]))
        if args.get("hash") and args["hash"] != there.hash:
            raise ApiRefusal("hash_conflict")
        made = self._made(there.user, view)
        there.body, there.hash, there.sent = made.body, made.hash, None
        workspace.notify()
        return {"view": there.as_json(workspace.team)}

    def _made(self, user: str, view: dict[str, Any]) -> FakeView:
        blocks = [{"block_id": f"b{n}", **block} for n, block in enumerate(view["blocks"])]
        return FakeView(
            id=f"V{secrets.token_hex(5).upper()}",
            user=user,
            body={**view, "blocks": blocks},
            hash=f"{time.time_ns()}.{secrets.token_hex(4)}",
        )

    def _pressed(self, home: FakeView, person: FakeUser, action: dict[str, Any]) -> dict[str, Any]:
        return {
            **self._interaction("block_actions", person),
            "container": {"type": "view", "view_id": home.id},
            "view": home.as_json(self._workspace.team),
            "actions": [action],
        }

    def _interaction(self, kind: str, person: FakeUser) -> dict[str, Any]:
        return {
            "type": kind,
            "team": {"id": self._workspace.team, "domain": "fake"},
            "user": {"id": person.id, "username": person.name, "team_id": person.team},
            "api_app_id": APP,
            "token": "deprecated",
            "trigger_id": self.triggers.issue(person.id),
        }


def _checked(workspace: Workspace, view: Any, kind: str) -> dict[str, Any]:
    """Return a view that Slack would take."""
    if not isinstance(view, dict) or view.get("type") != kind:
        checks.refuse(workspace, "invalid_arguments", f"the view is no {kind}")
    blocks = view.get("blocks")
    for problem in checks.block_problems(blocks, MAX_VIEW_BLOCKS):
        checks.refuse(workspace, "invalid_arguments", problem)
    try:
        View(**view).to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        checks.refuse(workspace, "invalid_arguments", f"view: {error}")
    asks = any(block["type"] == "input" for block in view["blocks"])
    if kind == "modal" and not (view.get("title") and (view.get("submit") or not asks)):
        checks.refuse(workspace, "invalid_arguments", "a modal has a title, and a form a submit")
    return view


def _filled_in(
    block_id: str, element: Mapping[str, Any], words: str | Mapping[str, str]
) -> dict[str, Any]:
    """Return the state of an input as `view.state.values` has it."""
    given = words.get(block_id) if isinstance(words, Mapping) else words
    if "options" not in element:
        return {"type": element["type"], "value": given or element.get("initial_value")}
    options = element["options"]
    chosen = next((o for o in options if o["value"] == given), element.get("initial_option"))
    return {"type": element["type"], "selected_option": chosen}


def _texts(part: Any) -> list[str]:
    if isinstance(part, Mapping):
        own = [part["text"]] if isinstance(part.get("text"), str) else []
        return own + [text for value in part.values() for text in _texts(value)]
    if isinstance(part, list | tuple):
        return [text for value in part for text in _texts(value)]
    return []
