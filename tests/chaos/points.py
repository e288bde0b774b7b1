"""Which points of the flow there are, from the first byte in to the last row about it."""

from __future__ import annotations

from typing import Any

from tests.chaos.fuse import Door, Point, When


def _to_customer(cycle: Any, message: dict[str, Any]) -> bool:
    """Tell the last byte of an answer to Slack or to the chat page."""
    return bool(cycle.scope["method"] == "POST" and message["type"] == "http.response.body")


def _mail_taken(_smtp: Any, status: object) -> bool:
    return str(status).startswith("250 2.0.0 committed")


def _slack_write(response: Any, *_: Any) -> bool:
    return "/api/chat." in response.url.path


INBOUND = Point("inbound commit", (Door("supportbot.orchestrator.hearing.intake:Intake.accept"),))
ACK = Point(
    "ack",
    (
        Door("uvicorn.protocols.http.httptools_impl:RequestResponseCycle.send", _to_customer),
        Door("slack_sdk.socket_mode.aiohttp:SocketModeClient.send_message"),
        Door("aiosmtpd.smtp:SMTP.push", _mail_taken),
    ),
)
UNDERSTOOD = Point("inbound settled", (Door("supportbot.store.inbound:settle"),))
WAKE = Point(
    "dispatcher wake",
    (
        Door("supportbot.dispatch.local:LocalDispatcher.wake"),
        Door("supportbot.dispatch.procrastinate:ProcrastinateDispatcher.wake", optional=True),
    ),
)
#: Every transaction of the product; most of these are on disk, and nobody has been woken yet.
COMMITTED = Point("any commit", (Door("supportbot.store.unit_of_work:UnitOfWork.take_callbacks"),))
TURN = Point("turn", (Door("supportbot.orchestrator.settle:Settle.__call__"),))
LOAD = Point("thread load", (Door("supportbot.store.threads:messages"),))
MODEL = Point(
    "model asked",
    (Door("supportbot.completions.openai:OpenAICompleter.complete"),),
    (When.BEFORE, When.AMID, When.AFTER),
)
COVER = Point("turn claimed", (Door("supportbot.store.tickets:cover"),))
COMMIT = Point("turn commit", (Door("supportbot.orchestrator.answering.outcome:commit"),))
CLAIM = Point(
    "delivery claim",
    (Door("supportbot.store.claims:claim"), Door("supportbot.store.deliveries:begin")),
)
LIVE_CLAIM = Point("live claim", (Door("supportbot.store.live:claim"),))
LIVE_OPEN = Point("live message named", (Door("supportbot.store.live:name"),))
LIVE_GROW = Point("live text shown", (Door("supportbot.store.live:grow"),))
STREAM = Point("stream opened", (Door("supportbot.channels.slack.replies.live:Growth.open"),))
STREAM_MORE = Point(
    "stream shows more", (Door("supportbot.channels.slack.replies.growing:GrowingReply.append"),)
)
STREAM_END = Point(
    "stream ended", (Door("supportbot.channels.slack.replies.growing:GrowingReply.finish"),)
)
SEND = Point(
    "provider send",
    (
        Door("supportbot.channels.slack.channel:SlackChannel.send"),
        Door("supportbot.channels.email.channel:EmailChannel.send"),
    ),
)
#: Before: the request has left. After: Slack has stored it, and its answer is not read yet.
ANSWER = Point(
    "provider answer", (Door("aiohttp.client_reqrep:ClientResponse.start", _slack_write),)
)
OUTBOX = Point("outbox write", (Door("supportbot.channels.email.sending.outbox:Outbox.write"),))
SUBMIT = Point("mail handed over", (Door("aiosmtplib:SMTP.data"),))
SENT = Point("sent commit", (Door("supportbot.store.claims:sent"),))
TOOL_ASKED = Point("tool calls asked", (Door("supportbot.store.tool_calls:add"),))
TOOL_START = Point("tool call start", (Door("supportbot.store.tool_calls:start"),))
TOOL_FINISH = Point("tool call finish", (Door("supportbot.store.tool_calls:finish"),))
SWEEP = Point("sweep", (Door("supportbot.orchestrator.sweep:Sweep.wake_owing"),))

HEARING = (INBOUND, ACK, COMMITTED, UNDERSTOOD, WAKE)
ANSWERING = (TURN, LOAD, MODEL, COVER, COMMIT, CLAIM, SEND, ANSWER, SENT, SWEEP, OUTBOX, SUBMIT)
LIVE = (LIVE_CLAIM, LIVE_OPEN, LIVE_GROW, STREAM, STREAM_MORE, STREAM_END)
TOOLS = (TOOL_ASKED, TOOL_START, TOOL_FINISH)
ALL = (*HEARING, *ANSWERING, *LIVE, *TOOLS)
