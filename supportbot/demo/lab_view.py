"""What the lab page shows, as JSON: the customers' three surfaces, and one ticket's transcript.

Texts of customers travel as text. HTML comes from the bot's Markdown alone, through the same
sanitiser as the web chat's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from supportbot.channels.slack.keys import message_key
from supportbot.channels.web.html import to_html
from supportbot.demo.cast import MAIL_PLACES, SLACK_PLACES, SlackPlace, person_of
from supportbot.demo.evidence import SLACK
from supportbot.demo.ledger import Case, Ledger
from supportbot.demo.mail_client import Conversation, Letter
from supportbot.demo.scene import Day
from supportbot.demo.visitor import Visitor
from supportbot.model.delivery import Audience
from supportbot.model.draft import DraftState
from supportbot.model.message import Message
from supportbot.model.ticket import ActorKind
from supportbot.testing.fake_slack import FakeMessage, FakeSlack

Json = dict[str, Any]

_SHA_CHARS = 12
_BOT_NAME = "supportbot"


async def surfaces(day: Day) -> Json:
    """Return everything that customers see."""
    return {
        "slack": await _slack(day),
        "mail": await _mail(day),
        "web": [await _visitor(visitor) for visitor in day.visitors],
    }


async def _slack(day: Day) -> list[Json]:
    return [
        {
            "id": place.id,
            "name": place.name,
            "product": place.product,
            "threads": [await _thread(day, root) for root in _roots(day.stage.slack, place)],
        }
        for place in SLACK_PLACES
    ]


def _roots(slack: FakeSlack, place: SlackPlace) -> list[FakeMessage]:
    messages = slack.workspace.messages
    return [m for m in messages if m.channel == place.id and m.root == m.ts]


async def _thread(day: Day, root: FakeMessage) -> Json:
    slack = day.stage.slack
    key = message_key(slack.team, root.channel, root.ts)
    return {
        "id": root.ts,
        "ticket": await day.ledger.ticket_of(SLACK, key),
        "messages": [_slack_message(slack, message) for message in slack.thread(root)],
    }


def _slack_message(slack: FakeSlack, message: FakeMessage) -> Json:
    bot = message.user == slack.bot_user
    person = person_of(f"{slack.team}:{message.user}")
    return {
        "ts": message.ts,
        "bot": bot,
        "name": _BOT_NAME if bot else person.name if person else message.user,
        "at": datetime.fromtimestamp(float(message.ts), UTC).isoformat(),
        "text": message.markdown.replace(f"<@{slack.bot_user}>", f"@{_BOT_NAME}"),
        "html": to_html(message.markdown) if bot else None,
        "buttons": list(_buttons(message)),
    }


def _buttons(message: FakeMessage) -> Iterator[Json]:
    for block in message.blocks:
        for element in block.get("elements") or ():
            if element.get("type") == "feedback_buttons":
                for name, positive in (("positive_button", True), ("negative_button", False)):
                    text = element[name]["text"]["text"]
                    yield {"action": element["action_id"], "text": text, "positive": positive}
            elif element.get("type") == "button":
                text = element["text"]["text"]
                yield {"action": element["action_id"], "text": text, "positive": None}


async def _mail(day: Day) -> list[Json]:
    found = await day.stage.mail.conversations()
    return [await _conversation(day.ledger, conversation) for conversation in found]


async def _conversation(ledger: Ledger, conversation: Conversation) -> Json:
    first = conversation.letters[0]
    place = next(place for place in MAIL_PLACES if place.address == first.to)
    return {
        "id": conversation.id,
        "subject": first.subject,
        "product": place.product,
        "ticket": await ledger.ticket_of(f"email:{place.address}", f"mid:{first.id}"),
        "letters": [_shown_letter(letter) for letter in conversation.letters],
    }


def _shown_letter(letter: Letter) -> Json:
    return {
        "id": letter.id,
        "from": letter.sender,
        "to": letter.to,
        "at": letter.at.isoformat(),
        "text": letter.text,
        "html": None if letter.from_customer else to_html(letter.text),
        "mine": letter.from_customer,
        "automatic": letter.automatic,
    }


async def _visitor(visitor: Visitor) -> Json:
    shown = await visitor.conversation()
    return {
        "id": visitor.id,
        "name": visitor.name,
        "product": visitor.product,
        **{name: shown.get(name) for name in ("ticket", "status", "handler", "waiting")},
        "messages": shown["messages"],
    }


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


_EVENT_FACTS = ("rules", "kind", "rating")


def _event_rows(case: Case) -> Iterator[_Row]:
    for event in case.transcript.events:
        facts: list[tuple[str, object]] = [("by", event.actor.kind), ("reason", event.reason)]
        facts += [
            (name, value)
            for name, value in event.data.items()
            if name in {"rules", "kind", "rating"}
        ]
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
        title = f"{delivery.kind} to the {whom}: {delivery.state}"
        yield at, 5, _row("delivery", at, title, facts)


def _short(sha: str | None) -> str | None:
    return sha[:_SHA_CHARS] if sha else None
