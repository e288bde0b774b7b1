from __future__ import annotations

import asyncio
from typing import Any

from supportbot.model.inbound import CustomerMessage, Disposition, DispositionKind, Ignored
from supportbot.testing import said


async def test_duplicate_is_stored_once(world: Any) -> None:
    first = await world.hear(said("hi"), "k1", "k2")
    again = await world.hear(said("hi"), "k2", "k3")
    assert (again.duplicate, again.inbound_id, again.ticket) == (
        True,
        first.inbound_id,
        first.ticket,
    )
    assert len(await world.inbounds()) == 1


async def test_concurrent_twins_become_one_message(world: Any) -> None:
    heard = await asyncio.gather(*(world.hear(said("hi"), "same") for _ in range(6)))
    assert len({one.inbound_id for one in heard}) == 1
    assert sum(not one.duplicate for one in heard) == 1
    ticket = await world.ticket(heard[0].ticket)
    assert len(await world.messages(ticket)) == 1


async def test_concurrent_first_messages_of_a_thread_share_a_ticket(world: Any) -> None:
    heard = await asyncio.gather(*(world.hear(said(f"line {n}")) for n in range(5)))
    assert len({one.ticket for one in heard}) == 1
    ticket = await world.ticket(heard[0].ticket)
    assert [m.seq for m in await world.messages(ticket)] == [1, 2, 3, 4, 5]


async def test_follow_up_goes_to_the_same_ticket(world: Any) -> None:
    first = await world.ask(said("where is my parcel?"))
    second = await world.ask(said("hello?", thread_keys=("unknown", "t1")))
    assert second.id == first.id
    assert [m.text for m in await world.messages(second)] == [
        "where is my parcel?",
        "answer 1",
        "hello?",
        "answer 2",
    ]


async def test_answer_to_a_receipts_own_name_finds_the_ticket(world: Any) -> None:
    first = await world.ask(said("hi"))
    sent = (await world.deliveries(first))[0]
    second = await world.ask(said("thanks", thread_keys=(f"re-{sent.key}",)))
    assert second.id == first.id


async def test_chatter_is_ignored_and_its_bytes_are_dropped(world: Any) -> None:
    accepted = await world.hear(said("lunch?", addressed=False))
    assert accepted.suppressed == "not_addressed"
    (row,) = await world.inbounds()
    assert (row.outcome, row.raw) == ("suppressed", None)
    assert await world.all_tickets() == []


async def test_unaddressed_message_counts_in_a_known_thread(world: Any) -> None:
    first = await world.ask(said("hi"))
    second = await world.ask(said("and this?", addressed=False))
    assert second.id == first.id


async def test_ignored_keeps_its_bytes_only_when_told(world: Any) -> None:
    await world.hear(Ignored("bot_message"))
    await world.hear(Ignored("odd", keep=True))
    dropped, kept = await world.inbounds()
    assert dropped.raw is None
    assert kept.raw


async def test_stranger_in_a_mail_thread_opens_a_linked_ticket(world: Any) -> None:
    first = await world.ask(said("hi"))
    second = await world.ask(said("me too", by="bob"))
    assert second.id != first.id
    assert "linked" in await world.kinds(second)
    assert [m.text for m in await world.messages(first)] == ["hi", "answer 1"]


async def test_others_may_write_in_a_shared_thread(world: Any) -> None:
    first = await world.ask(said("hi", shared_thread=True))
    second = await world.ask(said("me too", by="bob", shared_thread=True))
    assert second.id == first.id


async def test_machine_mail_is_filed_and_never_answered(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    away = Disposition(DispositionKind.AUTO_REPLY, reply_allowed=False, reasons=("auto_submitted",))
    accepted = await world.hear(said("I am away", disposition=away))
    await world.settle()
    assert accepted.ticket == ticket.public_id
    assert "machine_mail" in await world.kinds(ticket)
    assert world.channel.texts() == ["answer 1"]


async def test_machine_mail_without_a_ticket_opens_none(world: Any) -> None:
    bounce = Disposition(DispositionKind.BOUNCE, reply_allowed=False)
    accepted = await world.hear(said("undelivered", disposition=bounce))
    assert accepted.suppressed == "bounce"
    assert await world.all_tickets() == []


async def test_human_mail_that_may_not_be_answered_is_suppressed_with_its_reason(
    world: Any,
) -> None:
    quiet = Disposition(reply_allowed=False, reasons=("no_return_path",))
    ticket = await world.ask(said("hi", disposition=quiet))
    suppressed = [e.reason for e in await world.events(ticket) if e.kind == "suppressed"]
    assert suppressed == ["no_return_path"]
    assert world.channel.sent == []
    assert not ticket.bot_owes


async def test_empty_message_is_refused(world: Any) -> None:
    await world.hear(said("   "))
    (row,) = await world.inbounds()
    assert (row.outcome, row.reason) == ("refused", "empty")


async def test_text_that_no_store_can_hold_is_cleaned(world: Any) -> None:
    ticket = await world.ask(said("a\x00b", subject="s\x00", sender=_sender("a\x00")))
    assert (await world.messages(ticket))[0].text == "a\ufffdb"
    assert world.channel.texts() == ["answer 1"]


async def test_endless_text_and_names_are_stored(world: Any) -> None:
    thread = "t" * 2000
    ticket = await world.ask(said("x" * 1_000_000, thread=thread, sender=_sender("n" * 500)))
    again = await world.ask(said("y", thread=thread, sender=_sender("n" * 500)))
    assert again.id == ticket.id
    assert len((await world.messages(ticket))[0].text) == 1_000_000


def _sender(name: str) -> Any:
    return said("", by="ada").sender.__class__("ada", name=name)


def in_channel(text: str, *, addressed: bool = False) -> CustomerMessage:
    """Make a message of a Slack-like thread `t1`."""
    return said(text, addressed=addressed, shared_thread=True)


async def test_a_reply_that_overtakes_its_thread_is_answered_with_it(world: Any) -> None:
    """The mention was not acknowledged and comes again, after the reply that follows it."""
    await world.hear(in_channel("and in red?"), "m2")
    await world.hear(in_channel("or in blue?"), "m3")
    accepted = await world.hear(in_channel("Do you have shoes?", addressed=True), "m1", "t1")
    ticket = await world.ticket(accepted.ticket)
    texts = [message.text for message in await world.messages(ticket)]
    assert texts == ["Do you have shoes?", "and in red?", "or in blue?"]
    assert ticket.asked_seq == len(texts)
    await world.settle()
    assert world.channel.texts("t1") == ["answer 1"]
    repeated = await world.hear(in_channel("and in red?"), "m2")
    assert (repeated.duplicate, repeated.ticket) == (True, ticket.public_id)


async def test_chatter_of_people_is_forgotten(world: Any) -> None:
    await world.hear(in_channel("lunch?"), "t1")
    await world.hear(in_channel("pizza!"), "m2")
    first, reply = await world.inbounds()
    assert (first.raw, reply.raw is None) == (None, False)
    world.clock.advance(minutes=16)
    await world.sweep._retention.forget_waiting()
    assert [row.raw for row in await world.inbounds()] == [None, None]
    accepted = await world.hear(in_channel("@bot shoes?", addressed=True), "m3")
    assert len(await world.messages(await world.ticket(accepted.ticket))) == 1


async def test_a_thread_is_opened_and_waited_for_one_after_the_other(world: Any) -> None:
    """Neither may miss the other, however close they come."""
    for number in range(20):
        thread: dict[str, Any] = {"thread": f"t{number}", "by": f"customer{number}"}
        mention = said("shoes?", shared_thread=True, **thread)
        reply = said("red?", shared_thread=True, addressed=False, **thread)
        one, _two = await asyncio.gather(
            world.hear(mention, f"m{number}", f"t{number}"), world.hear(reply, f"r{number}")
        )
        ticket = await world.ticket(one.ticket)
        assert [m.text for m in await world.messages(ticket)] == ["shoes?", "red?"]
