"""What the bot asked and was given: completions, prompts by content, passages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from supportbot.model.completion import ChatMessage, Completion, Passage, Prompt, ToolCall
from supportbot.model.message import Role
from supportbot.model.ticket import Ticket
from supportbot.store.tables.answers import CompletionRow, PromptPartRow, RetrievalRow
from supportbot.store.tables.catalog import PolicyVersionRow, ProductRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call was made for, up to which message, and how cheaply."""

    policy_version_id: int
    upto_seq: int | None = None
    #: answer or summary
    name: str = "answer"
    #: The step of the degrade ladder.
    degraded: str | None = None


@dataclass(frozen=True, slots=True)
class StoredCompletion:
    """One call as it was recorded, with what explains it."""

    id: int
    ticket_id: int
    model: str
    endpoint: str
    attempt: int
    error_kind: str | None
    finish_reason: str | None
    request_sha256: str
    request_id: str | None
    policy_version_id: int
    policy_sha: str
    started_at: datetime
    latency_ms: int
    ttft_ms: int | None
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    usage_estimated: bool
    passages: tuple[Passage, ...] = ()


def part(message: ChatMessage) -> str:
    """Return a message of a prompt as canonical JSON; of pictures it has name and hash."""
    pictures = [[one.filename, one.sha256] for one in message.images]
    return json.dumps(
        {
            "role": message.role,
            "content": message.content,
            "tool_call_id": message.tool_call_id,
            "tool_calls": [[c.id, c.name, c.arguments] for c in message.tool_calls],
            **({"images": pictures} if pictures else {}),
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


_ADD = (
    insert(CompletionRow)
    .values(
        product_id=select(ProductRow.id)
        .where(ProductRow.key == bindparam("product_key"))
        .scalar_subquery()
    )
    .returning(CompletionRow.id)
)
#: A part that is known, or that another transaction stores at the same time, is left: an update
#: would hold the row of the system message, which is everybody's, until the end.
_ADD_PART = {
    "sqlite": sqlite.insert(PromptPartRow).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(PromptPartRow).on_conflict_do_nothing(),
}
_ADD_PASSAGES = insert(RetrievalRow)


async def add_completion(
    work: UnitOfWork,
    ticket: Ticket,
    purpose: Purpose,
    prompt: Prompt,
    completion: Completion,
) -> int:
    """Record one call with its prompt (by content) and its passages; return its id."""
    parts = [(_sha(text), text) for text in map(part, prompt.messages)]
    await _add_parts(work, dict(parts))
    request = _request(prompt, [sha for sha, _ in parts])
    made = await work.execute(
        _ADD,
        {
            "product_key": ticket.product,
            "ticket_id": ticket.id,
            "episode_n": ticket.episode_n,
            "policy_version_id": purpose.policy_version_id,
            "purpose": purpose.name,
            "upto_seq": purpose.upto_seq,
            "degraded": purpose.degraded,
            "model": completion.model[:128],
            "endpoint": completion.endpoint[:255],
            "attempt": completion.attempt,
            "error_kind": completion.error_kind,
            "finish_reason": completion.finish_reason,
            "request_sha256": _sha(json.dumps(request, sort_keys=True)),
            "request": request,
            "request_id": completion.request_id,
            "started_at": completion.started_at,
            "latency_ms": completion.latency_ms,
            "ttft_ms": completion.ttft_ms,
            "tokens_in": completion.usage.prompt,
            "tokens_cached": completion.usage.cached,
            "tokens_out": completion.usage.output,
            "tokens_reasoning": completion.usage.reasoning,
            "usage_estimated": completion.usage.estimated,
            "tokens_estimated": completion.tokens_estimated,
            "cost_nusd": completion.cost_nusd,
            "price_version": completion.price_version,
        },
    )
    completion_id: int = made.scalar_one()
    await _add_passages(work, completion_id, prompt.passages)
    return completion_id


async def _add_parts(work: UnitOfWork, bodies: dict[str, str]) -> None:
    rows = [{"sha256": sha, "body": body} for sha, body in bodies.items()]
    await work.execute_many(_ADD_PART[work.store], rows)
    await _bring_back(work, bodies)


async def _bring_back(work: UnitOfWork, bodies: dict[str, str]) -> None:
    """Give parts that were erased, and are asked again, their words again.

    An upsert would do it in one, and lock the system part of all tickets until the commit.
    """
    emptied = await work.connection.execute(
        select(PromptPartRow.sha256).where(
            PromptPartRow.sha256.in_(bodies), PromptPartRow.body.is_(None)
        )
    )
    for sha in emptied.scalars().all():
        await work.connection.execute(
            update(PromptPartRow)
            .where(PromptPartRow.sha256 == sha)
            .values(body=bodies[sha], erased_at=None)
        )


async def _add_passages(work: UnitOfWork, completion_id: int, passages: Sequence[Passage]) -> None:
    rows = [
        {
            "completion_id": completion_id,
            "rank": rank,
            "passage_key": passage.key,
            "version": passage.version,
            "title": passage.title,
            "url": passage.url,
            "score": passage.score,
        }
        for rank, passage in enumerate(passages, 1)
    ]
    await work.execute_many(_ADD_PASSAGES, rows)


def _request(prompt: Prompt, parts: Sequence[str]) -> dict[str, object]:
    return {
        "parts": parts,
        "tools": [
            {"name": t.name, "description": t.description, "parameters": dict(t.parameters)}
            for t in prompt.tools
        ],
        "max_output_tokens": prompt.max_output_tokens,
    }


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def completions(work: UnitOfWork, ticket_id: int) -> list[StoredCompletion]:
    """Return a ticket's calls in order, each with the passages it was given."""
    rows = await work.connection.execute(
        select(CompletionRow, PolicyVersionRow.sha256.label("policy_sha"))
        .join(PolicyVersionRow, PolicyVersionRow.id == CompletionRow.policy_version_id)
        .where(CompletionRow.ticket_id == ticket_id)
        .order_by(CompletionRow.id)
    )
    given = await _passages(work, ticket_id)
    return [_stored(row, tuple(given.get(row.id, ()))) for row in rows]


def _stored(row: Row[*tuple[Any, ...]], passages: tuple[Passage, ...]) -> StoredCompletion:
    return StoredCompletion(
        id=row.id,
        ticket_id=row.ticket_id,
        model=row.model,
        endpoint=row.endpoint,
        attempt=row.attempt,
        error_kind=row.error_kind,
        finish_reason=row.finish_reason,
        request_sha256=row.request_sha256,
        request_id=row.request_id,
        policy_version_id=row.policy_version_id,
        policy_sha=row.policy_sha,
        started_at=row.started_at,
        latency_ms=row.latency_ms,
        ttft_ms=row.ttft_ms,
        tokens_in=row.tokens_in,
        tokens_cached=row.tokens_cached,
        tokens_out=row.tokens_out,
        usage_estimated=row.usage_estimated,
        passages=passages,
    )


async def _passages(work: UnitOfWork, ticket_id: int) -> dict[int, list[Passage]]:
    rows = await work.connection.execute(
        select(RetrievalRow)
        .join(CompletionRow, CompletionRow.id == RetrievalRow.completion_id)
        .where(CompletionRow.ticket_id == ticket_id)
        .order_by(RetrievalRow.completion_id, RetrievalRow.rank)
    )
    given: dict[int, list[Passage]] = {}
    for row in rows:
        given.setdefault(row.completion_id, []).append(
            Passage(
                key=row.passage_key,
                title=row.title,
                text="",
                url=row.url,
                version=row.version,
                score=row.score,
                rank=row.rank,
            )
        )
    return given


async def prompt_messages(work: UnitOfWork, completion_id: int) -> list[ChatMessage]:
    """Rebuild the messages a completion was asked, from the stored parts.

    A part that was erased comes back as `(deleted by its author)`.
    """
    request = await work.connection.scalar(
        select(CompletionRow.request).where(CompletionRow.id == completion_id)
    )
    shas: list[str] = (request or {}).get("parts", [])
    rows = await work.connection.execute(
        select(PromptPartRow.sha256, PromptPartRow.body).where(PromptPartRow.sha256.in_(shas))
    )
    bodies = {row.sha256: row.body for row in rows}
    return [_chat_message(bodies.get(sha)) for sha in shas]


def _chat_message(body: str | None) -> ChatMessage:
    if body is None:
        return ChatMessage(Role.USER, "(deleted by its author)")
    data = json.loads(body)
    return ChatMessage(
        role=Role(data["role"]),
        content=data["content"],
        tool_calls=tuple(ToolCall(*call) for call in data["tool_calls"]),
        tool_call_id=data["tool_call_id"],
    )
