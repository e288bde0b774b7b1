from __future__ import annotations

from datetime import UTC, datetime, timedelta

from supportbot.dashboard.reading import TicketFacts
from supportbot.dashboard.redact import masked
from supportbot.dashboard.transcript import interleave
from supportbot.model.message import Message, Role
from supportbot.model.ticket import (
    BOT,
    Actor,
    ActorKind,
    EventKind,
    Handler,
    Status,
    Ticket,
    TicketEvent,
)
from supportbot.store.details import Behind, CustomerCard

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CUSTOMER = Actor(ActorKind.CUSTOMER, 1)
ANA = Actor(ActorKind.OPERATOR, 7)


def make_facts(*what: Message | TicketEvent, erased: int | None = None) -> TicketFacts:
    ticket = Ticket(
        id=1,
        public_id="01",
        product="acme",
        channel="email:a",
        channel_kind="email",
        customer_id=1,
        thread_key="k",
        subject=None,
        status=Status.OPEN,
        handler=Handler.BOT,
        handler_epoch=0,
        asked_seq=1,
        answered_seq=0,
        last_seq=1,
        episode_n=1,
        opened_at=AT,
        waiting_since=AT,
        retry_at=None,
        assignee_id=None,
    )
    messages = tuple(one for one in what if isinstance(one, Message))
    return TicketFacts(
        ticket=ticket,
        customer=CustomerCard(1, "Cora", None, erased=False, identities=()),
        names={7: "Ana"},
        writers={1: "Cora", 2: "Grace"},
        messages=messages,
        behind={m.id: Behind(None, None, "gdpr" if m.id == erased else None) for m in messages},
        events=tuple(one for one in what if isinstance(one, TicketEvent)),
        deliveries=(),
        delivery_notes={},
        attachments=(),
        drafts=(),
        feedback=(),
        completions=(),
    )


def said(seq: int, author: Actor, text: str = "words", minutes: int = 0) -> Message:
    at = AT + timedelta(minutes=minutes)
    return Message(seq, 1, seq, 1, Role.USER, author, text, at)


def happened(number: int, kind: EventKind, actor: Actor = BOT, minutes: int = 0) -> TicketEvent:
    return TicketEvent(1, 1, kind, actor, AT + timedelta(minutes=minutes), id=number)


def test_events_that_lead_stand_before_the_message_of_the_same_moment() -> None:
    facts = make_facts(
        said(1, CUSTOMER),
        said(2, ANA, minutes=1),
        happened(1, EventKind.OPENED, CUSTOMER),
        happened(2, EventKind.SUPPRESSED),
        happened(3, EventKind.TAKEOVER, ANA, minutes=1),
        happened(4, EventKind.HUMAN_REPLIED, ANA, minutes=1),
        happened(5, EventKind.RESOLVED, ANA, minutes=1),
    )
    assert [entry.key for entry in interleave(facts, str)] == [
        "e1", "m1", "e2", "e3", "m2", "e5",
    ]  # fmt: skip


def test_everybody_is_named() -> None:
    facts = make_facts(
        said(1, CUSTOMER), said(2, ANA, minutes=1), said(3, BOT, minutes=2),
        said(4, Actor(ActorKind.OPERATOR), minutes=3),
    )  # fmt: skip
    authors = [entry.author for entry in interleave(facts, str) if entry.kind == "message"]
    assert authors == ["Cora", "Ana", "The bot", "The command line"]


def test_nobody_speaks_under_the_name_of_the_customer() -> None:
    """Another asks in the thread, somebody else only chats there, and one is known by no name."""
    others = (
        Actor(ActorKind.CUSTOMER, 2), Actor(ActorKind.GUEST, 2),
        Actor(ActorKind.CUSTOMER, 3), Actor(ActorKind.GUEST, 3),
    )  # fmt: skip
    facts = make_facts(*(said(n, one, minutes=n) for n, one in enumerate(others, 1)))
    authors = [entry.author for entry in interleave(facts, str) if entry.kind == "message"]
    assert authors == ["Grace", "Grace", *["Somebody else in the thread"] * 2]


def test_erased_words_are_told_apart_from_words_that_look_like_it() -> None:
    facts = make_facts(said(1, CUSTOMER, "[erased]"), said(2, CUSTOMER, "x"), erased=2)
    first, second = (entry for entry in interleave(facts, str) if entry.kind == "message")
    assert (first.text, first.erased) == ("[erased]", None)
    assert (second.text, second.erased) == ("", "gdpr")


def test_texts_pass_through_the_readers_mask() -> None:
    facts = make_facts(said(1, CUSTOMER, "I am cora@mail.test"))
    (entry,) = interleave(facts, masked)
    assert entry.kind == "message"
    assert entry.text == "I am [e-mail]"


def test_message_says_why_its_sender_is_in_doubt() -> None:
    signs: tuple[dict[str, object], ...] = (
        {},
        {"verified": True, "verified_by": ["dmarc"]},
        {"verified": False, "verified_by": ["dmarc_fail"]},
    )
    messages = [
        Message(n, 1, n, 1, Role.USER, CUSTOMER, "Hi", AT, data=data)
        for n, data in enumerate(signs, start=1)
    ]
    entries = interleave(make_facts(*messages), str)
    assert [getattr(one, "doubt", None) for one in entries] == [None, None, "dmarc fail"]
