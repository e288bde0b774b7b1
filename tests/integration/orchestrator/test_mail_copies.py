"""One mail, several times: to two mailboxes, resent, sent twice, or another under the same id."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from supportbot.model.inbound import StoredInbound
from supportbot.orchestrator.hearing.understanding import (
    IntakeRules,
    Understanding,
    in_spite_of_twins,
)
from supportbot.store import inbound as inbounds
from supportbot.store.inbound import Outcome
from tests.integration.orchestrator.post import (
    ANN,
    BOB,
    HELP,
    SALES,
    Mail,
    Post,
    open_post,
    reply,
)
from tests.integration.orchestrator.test_edited_at_once import somebody_waits

BOTH = (HELP, SALES)


@pytest.fixture
async def post(make_world: Any, db: Any, clock: Any, tmp_path: Path) -> Post:
    return await open_post(make_world, db, clock, tmp_path)


@pytest.mark.parametrize("order", list(itertools.permutations(BOTH)), ids=["help", "sales"])
@pytest.mark.parametrize(
    ("named", "home"),
    [
        ({"to": f"{HELP}, {SALES}"}, HELP),
        ({"to": f"Sales <{SALES.upper()}>, {HELP}"}, SALES),
        ({"to": BOB, "cc": f"{SALES}, {HELP}"}, SALES),
        ({"to": HELP, "cc": SALES}, HELP),
        ({"to": SALES, "cc": HELP}, SALES),
        ({"to": "help+key@bot.example", "cc": SALES}, HELP),
    ],
)
async def test_a_mail_to_two_mailboxes_is_answered_once_by_the_one_named_first(
    post: Post, order: tuple[str, str], named: dict[str, str], home: str
) -> None:
    answer = await post.arrives(Mail(**named), *order)
    assert answer is not None
    assert answer["From"] == home
    (ticket,) = await post.tickets()
    assert ticket.channel == f"email:{home}"
    rows = await post.world.inbounds()
    assert [(row.outcome, row.reason) for row in rows] == [
        ("message", None),
        ("suppressed", "same_mail"),
    ]
    assert {row.ticket_id for row in rows} == {ticket.id}


@pytest.mark.parametrize("lost", BOTH)
async def test_a_copy_that_never_comes_is_not_missed(post: Post, lost: str) -> None:
    (came,) = {*BOTH} - {lost}
    answer = await post.arrives(Mail(to=f"{HELP}, {SALES}"), came)
    assert answer is not None
    assert answer["From"] == HELP


async def test_a_copy_that_was_not_understood_is_not_counted(post: Post, db: Any) -> None:
    raw = Mail(to=f"{HELP}, {SALES}").raw("<one@cust.example>")
    await post.accept(raw, HELP)
    async with db.writing() as work:
        (parked,) = await inbounds.unsettled(work, 2)
        outcome = Outcome("refused", reason="parked: TimeoutError")
        await inbounds.settle(work, parked.id, outcome, post.world.clock())
    await post.accept(raw, SALES)
    await post.world.backlog.drain()
    await post.world.settle()
    (answer,) = post.answers()
    assert answer["From"] == HELP


async def test_a_mail_that_names_no_mailbox_is_answered_once(post: Post) -> None:
    answer = await post.arrives(Mail(to="undisclosed:;"), SALES, HELP)
    assert answer is not None
    assert answer["From"] == SALES
    assert len(await post.tickets()) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(BOTH)), ids=["help", "sales"])
async def test_a_thread_to_which_a_mailbox_was_added_goes_on_where_it_is_named_first(
    post: Post, order: tuple[str, str]
) -> None:
    answer = await post.arrives(Mail())
    assert answer is not None
    stays = await post.arrives(reply(answer, to=f"{HELP}, {SALES}"), *order)
    assert stays is not None
    assert len(await post.tickets()) == 1
    moves = await post.arrives(reply(stays, to=SALES, cc=HELP, body="A quote, please."), *order)
    assert moves is not None
    assert moves["From"] == SALES
    old, new = await post.tickets()
    assert [len(await post.said(one)) for one in (old, new)] == [4, 2]
    assert await post.links(new) == [old.public_id]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("order", list(itertools.permutations(BOTH)), ids=["help", "sales"])
async def test_copies_that_two_processes_understand_at_once_are_answered_once(
    post: Post, order: tuple[str, str]
) -> None:
    raw = Mail(to=f"{HELP}, {SALES}").raw("<one@cust.example>")
    for box in order:
        await post.accept(raw, box)
    await at_once(post)
    (ticket,) = await post.tickets()
    assert ticket.channel == f"email:{HELP}"
    assert len(await post.said(ticket)) == 1
    outcomes = [(row.outcome, row.reason) for row in await post.world.inbounds()]
    assert outcomes == [("message", None), ("suppressed", "same_mail")]


async def test_a_mail_that_somebody_resends_is_its_authors_and_asked_once(post: Post) -> None:
    mail = Mail(id="<one@cust.example>")
    resent = Mail(
        id="<one@cust.example>",
        more=(
            f"Resent-From: {BOB}",
            f"Resent-To: {HELP}",
            "Resent-Message-ID: <again@cust.example>",
        ),
    )
    answer = await post.arrives(resent)
    assert answer is not None
    assert answer["To"] == ANN
    assert await post.arrives(mail) is None
    assert await post.arrives(resent, SALES) is None
    assert len(await post.tickets()) == 1


async def test_another_mail_under_the_same_id_is_heard(post: Post) -> None:
    await post.arrives(Mail(id="<one@cust.example>"))
    await post.arrives(Mail(id="<one@cust.example>", body="And order 78?"))
    (ticket,) = await post.tickets()
    assert [text for _, text in await post.said(ticket)][::2] == [
        "Where is my order?",
        "And order 78?",
    ]


async def test_another_forward_under_the_same_id_is_heard(post: Post) -> None:
    for body in ("See below.", "And this."):
        await post.arrives(Mail(subject="Fwd: x", id="<one@cust.example>", body=body))
    assert len(post.answers()) == 2


@pytest.mark.parametrize("wait", [0, 9])
async def test_a_mail_that_was_sent_twice_is_asked_once(
    post: Post, clock: Any, wait: float
) -> None:
    answer = await post.arrives(Mail(id="<one@cust.example>"))
    clock.advance(minutes=wait)
    assert await post.arrives(Mail(id="<two@cust.example>")) is None
    (ticket,) = await post.tickets()
    *_, row = await post.world.inbounds()
    assert (row.reason, row.ticket_id) == ("already_asked", ticket.id)
    # An answer to either of them belongs to the ticket.
    assert answer is not None
    await post.arrives(Mail(in_reply_to="<two@cust.example>", body="Hello?"))
    assert len(await post.tickets()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "Order 78"},
        {"body": "Where is it?"},
        {"sender": BOB},
        {
            "body": "--b\n\nWhere is my order?\n--b\nContent-Type: text/csv\n"
            'Content-Disposition: attachment; filename="a.csv"\n\n1,2\n--b--',
            "more": ('Content-Type: multipart/mixed; boundary="b"',),
        },
    ],
    ids=["subject", "words", "author", "file"],
)
async def test_a_mail_that_says_something_else_is_asked(post: Post, other: dict[str, Any]) -> None:
    await post.arrives(Mail())
    assert await post.arrives(Mail(**other)) is not None


async def test_the_same_words_much_later_are_asked_again(post: Post, clock: Any) -> None:
    await post.arrives(Mail())
    clock.advance(minutes=11)
    assert await post.arrives(Mail()) is not None


async def test_two_questions_may_both_be_answered_by_the_same_word(post: Post) -> None:
    answer = await post.arrives(Mail())
    assert answer is not None
    second = await post.arrives(reply(answer, body="Yes"))
    assert second is not None
    assert await post.arrives(reply(second, body="Yes")) is not None


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_what_was_sent_twice_is_asked_once_by_two_processes(post: Post) -> None:
    await post.arrives(Mail(subject="Hello"))
    for name in ("one", "two"):
        await post.accept(Mail().raw(f"<{name}@cust.example>"), HELP)
    await at_once(post)
    assert len(await post.tickets()) == 2


async def at_once(post: Post) -> None:
    """Let a process understand the first of two mails, and another the second meanwhile."""
    async with post.world.db.reading() as work:
        first, second = await inbounds.unsettled(work, 2)
    decided, goes_on, free = asyncio.Event(), asyncio.Event(), asyncio.Event()
    free.set()
    one = asyncio.create_task(understood(post, first, decided, goes_on))
    await decided.wait()
    other = asyncio.create_task(understood(post, second, asyncio.Event(), free))
    await somebody_waits(post.world, other)
    goes_on.set()
    await asyncio.gather(one, other)


async def understood(
    post: Post, stored: StoredInbound, decided: asyncio.Event, goes_on: asyncio.Event
) -> None:
    """Understand a mail as a process of its own does; its transaction ends when it may go on."""
    wiring = post.world.wiring
    process = Understanding(wiring, IntakeRules())
    heard = await process.parse(wiring.channels[stored.inbound.channel], stored.inbound)

    async def store() -> None:
        async with wiring.db.writing() as work:
            outcome = await process.decide(work, stored.inbound, heard)
            await inbounds.settle(work, stored.id, outcome, wiring.clock())
            decided.set()
            await goes_on.wait()

    await in_spite_of_twins(store)
