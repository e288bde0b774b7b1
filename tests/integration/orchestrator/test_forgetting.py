"""A customer is erased: a word of theirs goes in by every way, and stands nowhere afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.channels.email.meaning.threads import content_key
from supportbot.completions.scripted import Turn
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Inbound
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM
from supportbot.orchestrator.hearing.forgetting import Erased, Forgetting
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.store import feedback, forgetting, tickets
from supportbot.store.feedback import NewScore, NewThumb
from supportbot.testing import MemoryChannel, said
from tests.integration.orchestrator.kept import tables_with

WORD = "quuxly"
ADA = f"{WORD}@cust.example"
MAIL = f"""\
From: "Ada {WORD}" <{ADA}>
To: help@bot.example
Subject: My {WORD} parcel
Message-ID: <1.{WORD}@cust.example>
X-Trace: {WORD}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain

Where is the {WORD}?
--inner
Content-Type: text/html

<p>Where is the <b>{WORD}</b>?</p>
--inner--
--outer
Content-Type: text/plain; name="{WORD}.txt"
Content-Disposition: attachment; filename="{WORD}.txt"

the file says {WORD}
--outer
Content-Type: message/rfc822
Content-Disposition: attachment

From: bob@other.example
Subject: forwarded {WORD}

inside {WORD}
--outer--
"""
TWO_AUTHORS = f"From: {ADA}\nFrom: eve@evil.example\nSubject: two\n\nthe {WORD} again\n"
BOUNCE = f"""\
From: MAILER-DAEMON@mx.example
To: help@bot.example
Subject: Undelivered
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {ADA}
Action: failed
Status: 5.1.1
--b--
"""
EVERYWHERE = {
    "attachment",
    "csat_response",
    "customer",
    "customer_identity",
    "delivery",
    "feedback",
    "inbound",
    "inbound_key",
    "message_body",
    "prompt_part",
    "thread_key",
    "ticket",
    "ticket_event",
}
STRANGER = f"From: bob@other.example\nFrom: b@x.example\nSubject: no {WORD}s\n\nabout {ADA}\n"


@pytest.fixture
async def world(make_world: Any, clock: Any, db: Any, tmp_path: Path) -> Any:
    config = EmailConfig(address="help@bot.example", secret=b"s" * 32, outbox=tmp_path / "out")
    return await make_world(
        lambda _prompt: f"Your {WORD} is on its way.", channel=EmailChannel(config, db, clock)
    )


async def arrive(world: Any, mail: str, sender: str = "") -> int:
    """Let a mail arrive that nobody looked at yet."""
    raw = mail.replace("\n", "\r\n").encode()
    inbound = Inbound(
        channel=world.channel.key,
        keys=(content_key(raw),),
        raw=raw,
        meta={"mail_from": sender} if sender else {},
        received_at=world.clock(),
        deferred=True,
    )
    accepted = await world.intake.accept(inbound)
    number: int = accepted.inbound_id
    return number


async def converse(world: Any) -> Any:
    """Let somebody ask, be answered, be handed to people, and say what they think of it."""
    await arrive(world, MAIL, ADA)
    await world.backlog.drain()
    await world.settle()
    (ticket,) = await world.all_tickets()
    async with world.db.writing() as work:
        held = await tickets.get(work, ticket.id, lock=True)
        handoff = Handoff(HandoffReason.ERROR, summary=f"They say: {WORD}")
        await hand_off(world.wiring, work, held, handoff, SYSTEM)
        thumb = NewThumb(1, held.customer_id, None, f"nice {WORD}")
        await feedback.add_thumb(work, held, thumb, world.clock())
        await feedback.add_score(work, held, NewScore(1, 5, f"top {WORD}"), world.clock())
    return ticket


async def erased(world: Any, name: str = ADA) -> Erased:
    forgetting = Forgetting(world.wiring, name)
    found = await forgetting.erase_words()
    await forgetting.forget()
    return found


async def test_a_word_that_came_in_by_every_way_stands_in_no_table(world: Any) -> None:
    ticket = await converse(world)
    for mail, sender in ((TWO_AUTHORS, ""), (BOUNCE, ""), (f"{WORD} is no mail", ADA)):
        await arrive(world, mail, sender)
    await world.backlog.drain()
    await arrive(world, MAIL.replace("Subject", "Comments: not looked at yet\nSubject"), ADA)
    where = await tables_with(world.db, WORD)
    assert where == EVERYWHERE
    found = await erased(world)
    assert await tables_with(world.db, WORD) == set()
    assert (found.customers, found.tickets, found.arrivals) == (1, 1, 4)
    assert len(found.sent) >= 1
    left = await world.ticket(ticket.public_id)
    assert (left.status, left.subject, left.bot_owes) == ("resolved", None, False)


async def test_what_is_not_theirs_stays(world: Any) -> None:
    await arrive(world, STRANGER)
    await arrive(world, MAIL.replace(WORD, "bobby").replace("1.", "2."))
    await world.backlog.drain()
    before = await tables_with(world.db, "bobby")
    await arrive(world, MAIL, ADA)
    await world.backlog.drain()
    await erased(world)
    assert await tables_with(world.db, "bobby") == before
    assert await tables_with(world.db, WORD) == {"inbound"}
    assert [row.outcome for row in await world.inbounds()] == ["refused", "message", "message"]


async def test_a_mail_of_theirs_that_comes_again_is_recognised(world: Any) -> None:
    first = await arrive(world, MAIL, ADA)
    await world.backlog.drain()
    await erased(world)
    assert await arrive(world, MAIL, ADA) == first
    assert await tables_with(world.db, WORD) == set()


async def test_what_they_write_later_opens_a_ticket_of_somebody_new(world: Any) -> None:
    await converse(world)
    await erased(world)
    await arrive(world, MAIL.replace("Where is", "Where was"), ADA)
    await world.backlog.drain()
    old, new = await world.all_tickets()
    assert old.customer_id != new.customer_id
    assert "linked" not in await world.kinds(new)


async def test_an_answer_that_is_being_made_meanwhile_leaves_nothing(
    make_world: Any, clock: Any, db: Any, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    config = EmailConfig(address="help@bot.example", secret=b"s" * 32, outbox=tmp_path / "out")
    channel = EmailChannel(config, db, clock)
    world = await make_world([Turn(f"the {WORD}", end_gate=gate)], channel=channel)
    await arrive(world, MAIL, ADA)
    await world.backlog.drain()
    (ticket,) = await world.all_tickets()
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    await erased(world)
    gate.set()
    await settling
    await world.settle()
    assert await tables_with(world.db, WORD) == set()
    assert not list((tmp_path / "out").rglob("*.supportbot"))


async def test_who_was_interrupted_is_found_again(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await converse(world)

    async def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    for step in ("erase_guarded", "forget"):
        with monkeypatch.context() as patched:
            patched.setattr(forgetting, step, killed)
            with pytest.raises(KeyboardInterrupt):
                await erased(world)
        assert "customer_identity" in await tables_with(world.db, WORD)
    await erased(world)
    assert await tables_with(world.db, WORD) == set()


async def test_drafts_go_and_are_never_sent(
    make_world: Any, clock: Any, db: Any, tmp_path: Path
) -> None:
    config = EmailConfig(address="help@bot.example", secret=b"s" * 32, outbox=tmp_path / "out")
    world = await make_world(
        lambda _prompt: f"Your {WORD}.", channel=EmailChannel(config, db, clock), mode=Mode.DRAFT
    )
    await arrive(world, MAIL, ADA)
    await world.backlog.drain()
    await world.settle()
    (ticket,) = await world.all_tickets()
    assert [draft.state for draft in await world.drafts(ticket)] == ["open"]
    await erased(world)
    assert [draft.state for draft in await world.drafts(ticket)] == ["discarded"]
    assert await tables_with(world.db, WORD) == set()


async def test_somebody_is_erased_by_how_another_channel_knows_them(make_world: Any) -> None:
    world = await make_world(channel=None)
    assert isinstance(world.channel, MemoryChannel)
    await world.ask(said(f"my {WORD}", by="T1:U7"))
    await world.ask(said("not mine", by="T1:U77", thread="t2"))
    found = await erased(world, "u7")
    assert (found.customers, found.tickets) == (1, 1)
    assert await tables_with(world.db, WORD) == set()
    assert "message_body" in await tables_with(world.db, "not mine")


async def test_nobody_is_erased_by_a_part_of_a_name(world: Any) -> None:
    await converse(world)
    before = await tables_with(world.db, WORD)
    for name in ("cust.example", f"x{ADA}", ADA[1:], f"{ADA}.org", "%", "_" * len(ADA)):
        assert await erased(world, name) == Erased(0, 0, 0, 0)
    assert await tables_with(world.db, WORD) == before
