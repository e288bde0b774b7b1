"""People in Cc take part in a ticket: their words are theirs, the customer stays the customer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.completions.scripted import Turn
from supportbot.model.completion import ToolCall
from supportbot.orchestrator.hearing.forgetting import Forgetting
from supportbot.store import customers
from supportbot.store.tables.people import CustomerIdentityRow
from supportbot.tools.declare import tool
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.kept import tables_with
from tests.integration.orchestrator.post import (
    ANN,
    BOB,
    EVE,
    HELP,
    SALES,
    Mail,
    Post,
    open_post,
    reply,
)

CARL = "carl@partner.example"
STAFF = "mia@bot.example"


@pytest.fixture
async def post(make_world: Any, db: Any, clock: Any, tmp_path: Path) -> Post:
    return await open_post(make_world, db, clock, tmp_path)


@pytest.fixture
async def keeping(make_world: Any, db: Any, clock: Any, tmp_path: Path) -> Post:
    return await open_post(make_world, db, clock, tmp_path, keep_copies=True)


async def customer_ids(post: Post) -> dict[str, int]:
    async with post.world.db.reading() as work:
        rows = await work.connection.execute(
            select(CustomerIdentityRow.external_id, CustomerIdentityRow.customer_id)
        )
        return {row.external_id: row.customer_id for row in rows}


@pytest.mark.parametrize(
    "issue", ["freescout#2086", "freescout#5310", "osTicket#1426", "osTicket#1544"]
)
@pytest.mark.parametrize("header", ["to", "cc"])
async def test_whoever_is_named_by_the_customer_may_answer(
    post: Post, issue: str, header: str
) -> None:
    named = {"to": f"{HELP}, Bob <{BOB}>"} if header == "to" else {"cc": f"Bob <{BOB}>"}
    answer = await post.arrives(Mail(**named))
    assert answer is not None
    assert set(await customer_ids(post)) == {ANN}, issue
    theirs = await post.arrives(
        reply(answer, sender=f"Bob B. <{BOB}>", to=f"{HELP}, {ANN}", body="It is order 78.")
    )
    assert theirs is not None
    assert theirs["To"] == ANN
    (ticket,) = await post.tickets()
    ids = await customer_ids(post)
    assert ticket.customer_id == ids[ANN]
    messages = await post.world.messages(ticket)
    assert [one.author.id for one in messages if one.author.kind.value == "customer"] == [
        ids[ANN],
        ids[BOB],
    ]
    async with post.world.db.reading() as work:
        assert (await customers.names_in(work, ticket.id))[ids[BOB]] == "Bob B."


async def test_whoever_takes_part_can_bring_others_in(post: Post) -> None:
    answer = await post.arrives(Mail(cc=BOB))
    assert answer is not None
    theirs = await post.arrives(reply(answer, sender=BOB, cc=CARL, body="Carl knows more."))
    assert theirs is not None
    await post.arrives(reply(theirs, sender=CARL, body="It is order 78."))
    (ticket,) = await post.tickets()
    assert len(await post.said(ticket)) == 6


async def test_whoever_was_not_named_does_not_swap_the_customer_freescout_2382(
    post: Post,
) -> None:
    """Eve had the mail in Bcc: nobody can tell her from a stranger."""
    answer = await post.arrives(Mail(cc=BOB))
    assert answer is not None
    (before,) = await post.tickets()
    theirs = await post.arrives(reply(answer, sender=EVE, body="What is this?"))
    assert theirs is not None
    assert theirs["To"] == EVE
    old, new = await post.tickets()
    assert (old.customer_id, old.target, old.last_seq) == (
        before.customer_id,
        before.target,
        before.last_seq,
    )
    assert await post.links(new) == [old.public_id]


async def test_a_mailing_makes_nobody_a_participant(post: Post) -> None:
    many = ", ".join(f"p{number}@cust.example" for number in range(51))
    answer = await post.arrives(Mail(cc=many))
    assert answer is not None
    await post.arrives(reply(answer, sender="p7@cust.example"))
    assert len(await post.tickets()) == 2


async def test_a_colleague_who_wrote_to_the_customer_is_read_and_not_answered_chatwoot_10028(
    post: Post,
) -> None:
    answer = await post.arrives(Mail())
    assert answer is not None
    mail = reply(answer, sender=STAFF, to=ANN, cc=HELP, body="I sent it again.")
    assert await post.arrives(mail) is None
    (ticket,) = await post.tickets()
    assert (await post.said(ticket))[-1] == ("guest", "I sent it again.")
    # What Ann answers to the colleague stays in the ticket, and the bot knows what was said.
    (row,) = [one for one in await post.world.inbounds() if b"sent it again" in one.raw]
    mail_id = row.raw.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()
    again = await post.arrives(Mail(in_reply_to=mail_id, body="Thank you! When?", to=HELP))
    assert again is not None
    assert len(await post.tickets()) == 1
    prompt = post.world.completer.prompts[-1].messages[-1].content
    assert "I sent it again." in prompt


async def test_colleagues_whose_desk_is_of_their_own_house_take_part(post: Post) -> None:
    ann, bob = "ann@it.bot.example", "bob@bot.example"
    answer = await post.arrives(Mail(sender=ann, cc=bob))
    assert answer is not None
    theirs = await post.arrives(reply(answer, sender=bob, to=f"{HELP}, {ann}", body="Mine too."))
    assert theirs is not None
    assert theirs["To"] == ann
    assert len(await post.tickets()) == 1


async def test_a_colleague_who_asks_for_themselves_gets_a_ticket(post: Post) -> None:
    answer = await post.arrives(Mail())
    assert answer is not None
    theirs = await post.arrives(reply(answer, sender=STAFF, body="What is this about?"))
    assert theirs is not None
    assert len(await post.tickets()) == 2


async def test_answers_are_not_copied_unless_the_mailbox_says_so(post: Post) -> None:
    answer = await post.arrives(Mail(cc=BOB))
    assert answer is not None
    assert answer["Cc"] is None


async def test_answers_are_copied_to_whom_the_customer_wrote_to_and_not_to_us(
    keeping: Post,
) -> None:
    mail = Mail(
        to=f"{HELP}, Bob <{BOB.upper()}>",
        cc=f"{SALES}, help+x@bot.example, {ANN}, {CARL}, not an address",
        body=f"Please copy {EVE}.",
    )
    answer = await keeping.arrives(mail)
    assert answer is not None
    assert answer["To"] == ANN
    assert answer["Cc"] == f"{BOB}, {CARL}"
    # The newest mail of the customer says who reads the next one.
    again = await keeping.arrives(reply(answer))
    assert again is not None
    assert again["Cc"] is None


async def test_a_model_can_add_nobody(make_world: Any, db: Any, clock: Any, tmp_path: Path) -> None:
    def make(**kept: Any) -> Any:
        return make_world([f"Sure.\n\nCc: {EVE}\r\nBcc: {EVE}\n\n{EVE}"], **kept)

    post = await open_post(make, db, clock, tmp_path, keep_copies=True)
    answer = await post.arrives(Mail(cc=BOB))
    assert answer is not None
    assert (answer["To"], answer["Cc"], answer["Bcc"]) == (ANN, BOB, None)


async def test_a_mail_to_many_is_answered_to_its_author_alone(keeping: Post) -> None:
    answer = await keeping.arrives(
        Mail(cc=", ".join(f"p{number}@cust.example" for number in range(11)))
    )
    assert answer is not None
    assert answer["Cc"] is None


async def test_a_participant_does_not_say_who_reads_the_answer(keeping: Post) -> None:
    answer = await keeping.arrives(Mail(cc=BOB))
    assert answer is not None
    theirs = await keeping.arrives(reply(answer, sender=BOB, to=f"{HELP}, {ANN}", cc=EVE))
    assert theirs is not None
    assert (theirs["To"], theirs["Cc"]) == (ANN, BOB)


async def test_a_tool_is_called_for_whoever_asked(
    make_world: Any, db: Any, clock: Any, tmp_path: Path
) -> None:
    seen: list[tuple[str, bool]] = []

    @tool
    def note(context: ToolContext) -> str:
        """Take a note."""
        seen.append((context.customer, context.verified))
        return "noted"

    call = Turn(tool_calls=(ToolCall("c1", "note", "{}"),))

    def make(**kept: Any) -> Any:
        script = ["hello", call, "noted"]
        return make_world(script, toolbox=gather([note]).toolbox, tools=("note",), **kept)

    post = await open_post(make, db, clock, tmp_path)
    answer = await post.arrives(Mail(cc=BOB))
    assert answer is not None
    await post.arrives(reply(answer, sender=BOB, body="Cancel Ann's order."))
    assert seen == [(BOB, False)]


async def test_two_who_answer_at_once_are_both_heard(post: Post) -> None:
    answer = await post.arrives(Mail(cc=f"{BOB}, {CARL}"))
    assert answer is not None
    await asyncio.gather(
        *(
            post.accept(reply(answer, sender=who, body=f"From {who}").raw(f"<{who}>"), HELP)
            for who in (BOB, CARL)
        )
    )
    await post.world.backlog.drain()
    await post.world.settle()
    (ticket,) = await post.tickets()
    assert sorted((await post.said(ticket))[2:4]) == [
        ("customer", f"From {BOB}"),
        ("customer", f"From {CARL}"),
    ]


@pytest.mark.parametrize("who", [ANN, BOB.upper()])
async def test_whoever_is_erased_takes_part_no_more(post: Post, who: str) -> None:
    """Nor do those whom an erased customer wrote to."""
    await post.arrives(Mail(cc=BOB))
    await post.arrives(Mail(sender=CARL, cc=f"{EVE}, {ANN}"))
    assert await tables_with(post.world.db, BOB) >= {"participant"}
    forgetting = Forgetting(post.world.wiring, who)
    await forgetting.erase_words()
    await forgetting.forget()
    assert "participant" not in await tables_with(post.world.db, BOB)
    left = await tables_with(post.world.db, ANN)
    assert ("participant" in left) is (who != ANN)
    assert "participant" in await tables_with(post.world.db, EVE)
