"""A file that is taken out of a message: what was made of it goes too."""

from __future__ import annotations

from typing import Any

from supportbot.errors import SendError
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Edited
from supportbot.testing import Fails
from tests.integration.orchestrator.desk import ADA, escalated
from tests.integration.orchestrator.kept import tables_with
from tests.integration.orchestrator.test_files import file, with_files

SECRET = "R0SEBUD"


async def sends(world: Any) -> Any:
    """Let ada send two files, of which the first is to be taken out."""
    world.channel.files |= {"f1": f"my PIN is {SECRET}".encode(), "f2": b"boom"}
    accepted = await world.hear(with_files(file("f1", f"{SECRET}.txt"), file("f2")), "m1")
    await world.settle()
    return await world.ticket(accepted.ticket)


async def takes_out(world: Any, text: str = "it fails") -> None:
    await world.hear(Edited(ADA, "m1", ("t1",), text, gone_files=("f1",)))
    for _ in range(2):
        world.clock.advance(minutes=2)
        await world.settle()


async def test_draft_that_was_made_of_it_is_made_anew(make_world: Any) -> None:
    world = await make_world([f"Is it {SECRET}?", "What fails?"], mode=Mode.DRAFT)
    ticket = await sends(world)
    assert SECRET in "".join(one.text for one in world.channel.shown("operators"))
    await takes_out(world)
    drafts = [(one.state, one.text) for one in await world.drafts(ticket)]
    assert drafts == [("discarded", ""), ("open", "What fails?")]
    assert SECRET not in "".join(one.text for one in world.channel.shown("operators"))
    assert await tables_with(world.db, SECRET) == set()


async def test_answer_that_waits_is_made_anew_though_the_words_change_too(make_world: Any) -> None:
    world = await make_world([f"Is it {SECRET}?", "What fails?"])
    world.channel.failures.append(Fails(SendError("busy", permanent=False)))
    ticket = await sends(world)
    await takes_out(world, "it fails still")
    assert world.channel.texts() == ["What fails?"]
    assert (await world.messages(ticket))[0].text == "it fails still"
    assert await tables_with(world.db, SECRET) == set()


async def test_answer_that_has_arrived_is_not_given_again(world: Any) -> None:
    await sends(world)
    await takes_out(world)
    assert world.channel.texts() == ["answer 1"]


async def test_operators_read_its_name_no_more(world: Any) -> None:
    await escalated(world)
    await sends(world)
    told = world.channel.shown("operators")[-1].text
    assert told.endswith(f"File: {SECRET}.txt\n> File: error.log")
    await takes_out(world)
    told = world.channel.shown("operators")[-1].text
    assert told == "**Ada** wrote:\n\n> it fails\n> File: error.log"
    assert await tables_with(world.db, SECRET) == set()
