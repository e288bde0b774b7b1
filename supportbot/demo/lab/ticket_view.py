"""One ticket's transcript as the lab page shows it: its head, and its rows as they were written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from supportbot.demo.lab.endpoints import Json
from supportbot.demo.ledger import Case
from supportbot.model.delivery import Audience
from supportbot.model.draft import DraftState
from supportbot.model.message import Message
from supportbot.model.ticket import ActorKind

_SHA_CHARS = 12
_BOT_NAME = "supportbot"


def ticket_view(case: Case, answered_by: str) -> Json:
    """Return a ticket's head and all its rows in the order they were written."""
    ticket = case.ticket
    return {
        "id": ticket.public_id,
        "subject": ticket.subject,
        "product": ticket.product,
        "channel": ticket.channel,
        "status": ticket.status,
        "handler": ticket.handler,
        "customer": case.customer_name,
        "rows": [row for _, _, row in sorted(_rows(case, answered_by), key=lambda r: r[:2])],
    }


#: When, which table goes first at the same moment, and what to show.
_Row = tuple[datetime, int, Json]


def _rows(case: Case, answered_by: str) -> Iterator[_Row]:
    yield from _event_rows(case)
    yield from _message_rows(case, answered_by)
    yield from _completion_rows(case, answered_by)
    yield from _draft_rows(case)
    yield from _delivery_rows(case)


def _row(table: str, at: datetime, title: str, facts: Sequence[tuple[str, object]]) -> Json:
    shown = [[name, _in_words(value)] for name, value in facts if value not in (None, "", [])]
    return {"table": table, "at": at.isoformat(), "title": title, "facts": shown, "text": None}


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_EVENT_FACTS = frozenset({"rules", "kind", "rating", "score"})


def _event_rows(case: Case) -> Iterator[_Row]:
    for event in case.transcript.events:
        facts: list[tuple[str, object]] = [("by", event.actor.kind), ("reason", event.reason)]
        facts += [(name, value) for name, value in event.data.items() if name in _EVENT_FACTS]
        order = 0 if event.kind in {"opened", "reopened"} else 3
        yield event.at, order, _row("ticket_event", event.at, event.kind, facts)


def _message_rows(case: Case, answered_by: str) -> Iterator[_Row]:
    for message in case.transcript.messages:
        row = _row(
            "message",
            message.created_at,
            f"#{message.seq} {_author(case, message, answered_by)}",
            [("role", message.role), ("policy", _short(message.policy_sha))],
        )
        yield message.created_at, 1, row | {"text": message.text}


def _author(case: Case, message: Message, answered_by: str) -> str:
    if message.author.kind is ActorKind.CUSTOMER:
        return case.customer_name
    if message.author.kind is ActorKind.BOT and message.model is not None:
        return answered_by
    return {ActorKind.OPERATOR: "operator"}.get(message.author.kind, _BOT_NAME)


def _completion_rows(case: Case, answered_by: str) -> Iterator[_Row]:
    for completion in case.completions:
        facts: list[tuple[str, object]] = [
            ("request", _short(completion.request_sha256)),
            ("policy", _short(completion.policy_sha)),
            ("finish", completion.finish_reason),
            ("error", completion.error_kind),
            ("latency", f"{completion.latency_ms} ms"),
            ("tokens", f"{completion.tokens_in} in, {completion.tokens_out} out"),
        ]
        facts += [(f"passage {p.rank}", f"{p.title} ({p.score:.2f})") for p in completion.passages]
        at = completion.started_at
        yield at, 2, _row("completion", at, answered_by, facts)


def _draft_rows(case: Case) -> Iterator[_Row]:
    for draft in case.transcript.drafts:
        title = "waits for an operator" if draft.state is DraftState.OPEN else str(draft.state)
        row = _row("draft", draft.created_at, title, [("reason", draft.reason)])
        yield draft.created_at, 4, row | {"text": draft.text}


def _delivery_rows(case: Case) -> Iterator[_Row]:
    for delivery, sent_at in case.transcript.deliveries:
        note = case.delivery_notes[delivery.id]
        whom = "customer" if delivery.audience is Audience.CUSTOMER else "support team"
        facts = [("attempts", delivery.attempts), ("receipt", delivery.provider_id)]
        facts.append(("error", note.error))
        at = sent_at or note.created_at
        what = f"change of a {delivery.kind}" if delivery.replaces else delivery.kind
        title = f"{what} to the {whom}: {delivery.state}"
        yield at, 5, _row("delivery", at, title, facts)


def _short(sha: str | None) -> str | None:
    return sha[:_SHA_CHARS] if sha else None
