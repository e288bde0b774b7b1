"""A transcript as JSON objects: for people's tools, and for fine-tuning and replays. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from supportbot.model.delivery import Delivery
from supportbot.model.draft import Draft
from supportbot.model.file import StoredFile
from supportbot.model.message import VERIFIED, VERIFIED_BY, Message, Role, Visibility
from supportbot.model.ticket import Ticket
from supportbot.model.violation import Violation
from supportbot.policy.compose import authors_of
from supportbot.store.transcripts import Transcript

#: Columns of a list of tickets.
LISTED = (
    "id",
    "status",
    "handler",
    "product",
    "channel",
    "customer",
    "subject",
    "opened_at",
    "waiting_since",
    "messages",
    "episode",
)

#: Columns of a list of drafts.
DRAFTED = ("id", "ticket", "product", "state", "text", "reason", "created_at", "decided_at")

#: Columns of a list of what is overdue.
OVERDUE = ("ticket", "kind", "number", "since", "deadline", "what_happens")


def ticket_record(ticket: Ticket, customer: str | None) -> dict[str, object]:
    """Describe a ticket in a list, by the names of `LISTED`."""
    values = (
        ticket.public_id,
        ticket.status,
        ticket.handler,
        ticket.product,
        ticket.channel,
        customer,
        ticket.subject,
        ticket.opened_at,
        ticket.waiting_since,
        ticket.last_seq,
        ticket.episode_n,
    )
    return dict(zip(LISTED, values, strict=True))


def draft_record(draft: Draft) -> dict[str, object]:
    """Describe a draft, by the names of `DRAFTED`."""
    return {name: getattr(draft, name) for name in (*DRAFTED, "policy_sha", "model")}


def violation_record(overdue: Violation) -> dict[str, object]:
    """Describe something that is overdue, by the names of `OVERDUE`."""
    values = (
        overdue.ticket,
        overdue.kind,
        overdue.number,
        overdue.since,
        overdue.deadline,
        overdue.kind.what_happens,
    )
    return dict(zip(OVERDUE, values, strict=True))


def transcript_object(transcript: Transcript) -> dict[str, object]:
    """Describe a whole ticket; the keys are a public contract."""
    ticket = transcript.ticket
    return {
        "id": ticket.public_id,
        "status": ticket.status,
        "handler": ticket.handler,
        "product": ticket.product,
        "channel": ticket.channel,
        "subject": ticket.subject,
        "messages": [_message(message, transcript) for message in transcript.messages],
        "events": [
            {
                "kind": event.kind,
                "reason": event.reason,
                "actor": event.actor.kind,
                "at": event.at,
                "episode": event.episode_n,
                "data": dict(event.data),
            }
            for event in transcript.events
        ],
        "deliveries": [_delivery(*delivery) for delivery in transcript.deliveries],
        "drafts": [draft_record(draft) for draft in transcript.drafts],
        "feedback": [
            {"kind": one.kind, "rating": one.rating, "comment": one.comment, "at": one.at}
            for one in transcript.feedback
        ],
    }


def _message(message: Message, transcript: Transcript) -> dict[str, object]:
    return {
        "seq": message.seq,
        "role": message.role,
        "author": message.author.kind,
        "name": transcript.name(message.author),
        "text": message.text,
        "verified": message.data.get(VERIFIED),
        "verified_by": message.data.get(VERIFIED_BY, []),
        "created_at": message.created_at,
        "policy_sha": message.policy_sha,
        "model": message.model,
        "tool_calls": message.data.get("tool_calls", []),
        "tool": message.data.get("name") if message.role is Role.TOOL else None,
        "rests_on": message.data.get("tools", []),
        "files": [_file(one) for one in transcript.files if one.seq == message.seq],
    }


def _file(file: StoredFile) -> dict[str, object]:
    return {
        "name": file.filename,
        "type": file.content_type,
        "bytes": file.size_bytes,
        "state": file.state,
        "reason": file.reason,
    }


def _delivery(delivery: Delivery, sent_at: object) -> dict[str, object]:
    return {
        "key": delivery.key,
        "channel": delivery.channel,
        "audience": delivery.audience,
        "kind": delivery.kind,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "provider_id": delivery.provider_id,
        "sent_at": sent_at,
        "text": delivery.text,
    }


def spoken(transcript: Transcript) -> list[Message]:
    """Return what customer and answerer said to each other: public, and no notices."""
    return [
        message
        for message in transcript.messages
        if message.visibility is Visibility.PUBLIC
        and message.role in {Role.USER, Role.ASSISTANT}
        and "notice" not in message.data
    ]


def newest_policy(transcript: Transcript) -> str | None:
    """Return the sha256 of the policy behind the newest answer that had one."""
    shas = [message.policy_sha for message in spoken(transcript) if message.policy_sha]
    return shas[-1] if shas else None


def chat_object(transcript: Transcript, system: str | None) -> dict[str, object]:
    """Describe a ticket as chat messages, the system message first where one is known."""
    ticket = transcript.ticket
    said = spoken(transcript)
    head = [{"role": str(Role.SYSTEM), "content": system}] if system is not None else []
    return {
        "messages": head + [_said(message, authors_of(said)) for message in said],
        "ticket": ticket.public_id,
        "product": ticket.product,
        "channel": ticket.channel,
        "status": ticket.status,
        "policy_sha": newest_policy(transcript),
        "model": next((m.model for m in reversed(said) if m.model), None),
        "opened_at": ticket.opened_at,
    }


def _said(message: Message, authors: Mapping[int | None, str]) -> dict[str, str]:
    """Write a chat message; where several people asked, `name` tells them apart as prompts do."""
    said = {"role": str(message.role), "content": message.text}
    author = authors.get(message.author.id) if message.role is Role.USER else None
    # The API takes no spaces in a name.
    return said if author is None else {**said, "name": author.replace(" ", "_")}
