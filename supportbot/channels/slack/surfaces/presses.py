"""What whoever pressed a button sees at once: a form, or a line that says why nothing happened.

All of it comes after the commit, beside the acknowledgement: the worst is to press once more.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.forms import INPUT_BLOCK, MAX_INPUT_CHARS, modal
from supportbot.channels.slack.keys import ASK_FORM
from supportbot.channels.slack.replies.render import notification
from supportbot.channels.slack.web import SlackWeb
from supportbot.errors import ChannelError, EmptyBody
from supportbot.model.inbound import Accepted, Form

_log = structlog.get_logger(__name__)

Payload = Mapping[str, Any]

_NOT_OPENED = "The form could not be opened. Please press the button once more."
_BLANK = "Please write your question."
_TOO_LONG = "This text is too long for a form in Slack; please change it on the ticket's page."


def ack_body(payload: Payload, accepted: Accepted) -> str | dict[str, Any]:
    """Return what an acknowledgement says.

    A form stays open, with what was typed, where it could not be done; else it closes.
    https://docs.slack.dev/surfaces/modals#displaying_errors
    """
    if payload.get("type") != "view_submission":
        return ""
    asks = _part(payload, "view").get("callback_id") == ASK_FORM
    blank = asks and accepted.suppressed == EmptyBody.reason
    note = _BLANK if blank else accepted.note
    return {"response_action": "errors", "errors": {INPUT_BLOCK: note}} if note else ""


def answer_press(
    web: SlackWeb, payload: Payload, accepted: Accepted
) -> Coroutine[Any, Any, None] | None:
    """Return the work of answering a press; None: there is nothing to say."""
    if payload.get("type") != "block_actions" or accepted.duplicate:
        return None
    if accepted.form is not None:
        return _open(web, payload, accepted.form)
    return _tell(web, payload, accepted.note) if accepted.note is not None else None


async def _open(web: SlackWeb, payload: Payload, form: Form) -> None:
    """Open a form: Slack takes it within three seconds of the press.

    https://docs.slack.dev/reference/methods/views.open
    """
    if len(form.text) > MAX_INPUT_CHARS:
        await _tell(web, payload, _TOO_LONG)
        return
    trigger, view = str(payload.get("trigger_id")), modal(form, _place(payload))
    try:
        with translated("open a form", may_repeat=True):
            await web.client().views_open(trigger_id=trigger, view=view)
    except ChannelError as error:
        _log.warning("slack_form_not_opened", detail=str(error))
        await _tell(web, payload, _NOT_OPENED)


async def _tell(web: SlackWeb, payload: Payload, note: str) -> None:
    """Say something that only whoever pressed can see.

    https://docs.slack.dev/reference/methods/chat.postEphemeral
    """
    place, user = _place(payload), _part(payload, "user").get("id")
    with translated("answer a press", may_repeat=True):
        await web.client().chat_postEphemeral(
            channel=place.get("channel", ""),
            user=str(user),
            text=notification(note),
            thread_ts=place.get("thread_ts"),
        )


def _place(payload: Payload) -> Mapping[str, str]:
    """Return where a button stands: its channel, and its thread if it is in one."""
    container = _part(payload, "container")
    place = {"channel": container.get("channel_id"), "thread_ts": container.get("thread_ts")}
    return {name: value for name, value in place.items() if isinstance(value, str)}


def _part(payload: Payload, name: str) -> Payload:
    value = payload.get(name)
    return value if isinstance(value, dict) else {}
