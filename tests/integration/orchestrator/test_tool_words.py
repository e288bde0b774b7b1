"""Words of tool calls stand where an erasure reaches them, and nowhere else; on both stores."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import ColumnClause, inspect, select, table, text
from sqlalchemy import column as named

from supportbot.completions.scripted import Turn
from supportbot.model.completion import ToolCall
from supportbot.model.inbound import Deleted
from supportbot.model.message import Message, Role
from supportbot.model.ticket import EventKind, Ticket
from supportbot.store import tool_calls
from supportbot.store.database import Database
from supportbot.testing import said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import Toolbox, gather

SECRET = "R0SEBUD"
#: The raw arrival is kept until its time is over.
KEPT_ELSEWHERE = {"inbound"}


class Desk:
    """A bot with tools that give back what they were given."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def toolbox(self) -> Toolbox:
        @tool
        async def look(order: str) -> str:
            self.log.append(f"look {order}")
            await self.gate.wait()
            return f"found {order}"

        @tool(writes=True)
        async def pay_once(order: str, idempotency_key: str) -> str:
            self.log.append(f"pay {order} {idempotency_key}")
            await self.gate.wait()
            return f"paid {order}"

        gathered = gather([look, pay_once])
        assert gathered.problems == ()
        return gathered.toolbox


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def world(make_world: Any, desk: Desk) -> Any:
    script = [calling("look"), "It was shipped.", "You are welcome."]
    return await make_world(script, toolbox=desk.toolbox(), tools=("look", "pay_once"))


def calling(name: str) -> Turn:
    call = ToolCall("c1", name, json.dumps({"order": SECRET}))
    return Turn(f"Let me look for {SECRET}.", tool_calls=(call,))


async def ask(world: Any, words: str, key: str) -> Ticket:
    accepted = await world.hear(said(words), key)
    await world.settle()
    ticket: Ticket = await world.ticket(accepted.ticket)
    return ticket


async def tables_with(world: Any, words: str) -> set[str]:
    """Name the tables that hold these words anywhere."""

    def read(connection: Any) -> set[str]:
        seen = inspect(connection)
        found = set()
        for name in seen.get_table_names():
            names = [one["name"] for one in seen.get_columns(name)]
            columns: list[ColumnClause[Any]] = [*map(named, names)]
            rows = connection.execute(select(*columns).select_from(table(name)))
            if any(words in str(value) for row in rows for value in row):
                found.add(name)
        return found

    async with world.db.reading() as work:
        found: set[str] = await work.connection.run_sync(read)
    return found


async def rounds(world: Any, ticket: Ticket) -> list[Message]:
    return [
        one
        for one in await world.messages(ticket)
        if one.role is Role.TOOL or "tool_calls" in one.data
    ]


async def test_what_was_asked_stands_in_the_ledger_and_in_bodies_only(world: Any) -> None:
    ticket = await ask(world, "Where is my order?", "m1")
    holding = await tables_with(world, SECRET)
    assert holding - KEPT_ELSEWHERE == {"tool_call", "message_body", "prompt_part"}
    asking, _result = await rounds(world, ticket)
    assert asking.data["tool_calls"] == [["c1", "look", json.dumps({"order": SECRET})]]


async def test_a_message_that_is_taken_back_takes_its_tool_calls_words_along(world: Any) -> None:
    ticket = await ask(world, "Where is my order?", "m1")
    await world.hear(Deleted("m1", ("t1",)))
    assert await tables_with(world, SECRET) <= KEPT_ELSEWHERE
    asking, result = await rounds(world, ticket)
    assert (asking.text, asking.data["tool_calls"]) == (
        "[deleted by its author]",
        [["c1", "look", "{}"]],
    )
    # That it was done stays known: nobody shall do it again.
    assert result.text == "[done; deleted by its author]"
    assert EventKind.TOOL_CALLED in await world.kinds(ticket)
    ticket = await ask(world, "Thank you.", "m2")
    assert world.channel.texts("t1") == ["It was shipped.", "You are welcome."]
    assert all(SECRET not in one.content for one in world.completer.prompts[-1].messages)


async def test_calls_of_earlier_turns_keep_their_words(world: Any) -> None:
    ticket = await ask(world, "Where is my order?", "m1")
    await ask(world, "Thank you.", "m2")
    await world.hear(Deleted("m2", ("t1",)))
    asking, result = await rounds(world, ticket)
    assert SECRET in result.text
    assert SECRET in str(asking.data)


async def test_a_result_that_comes_after_its_question_was_taken_back_is_not_kept(
    world: Any, desk: Desk
) -> None:
    desk.gate.clear()
    accepted = await world.hear(said("Where is my order?"), "m1")
    ticket = await world.ticket(accepted.ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(desk.log))
    await world.hear(Deleted("m1", ("t1",)))
    desk.gate.set()
    await settling
    assert await tables_with(world, SECRET) <= KEPT_ELSEWHERE
    async with world.db.reading() as work:
        (call,) = await tool_calls.of_ticket(work, ticket.id)
    assert (call.state, call.arguments, call.result) == ("done", None, None)
    assert world.channel.texts("t1") == []


async def test_a_write_that_was_killed_and_lost_its_words_is_not_repeated(
    make_world: Any, desk: Desk
) -> None:
    """It has a key, but nothing to repeat it with: a person must look."""
    script = [calling("pay_once"), "never said"]
    world = await make_world(script, toolbox=desk.toolbox(), tools=("pay_once",))
    desk.gate.clear()
    accepted = await world.hear(said("Pay my order."), "m1")
    await world.hear(said("Please."), "m2")
    ticket = await world.ticket(accepted.ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(desk.log))
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    await world.hear(Deleted("m1", ("t1",)))
    desk.gate.set()
    await world.settle()
    assert len(desk.log) == 1
    assert EventKind.TOOL_UNCERTAIN in await world.kinds(ticket)
    assert (await world.ticket(accepted.ticket)).handler == "human"
    assert await tables_with(world, SECRET) <= KEPT_ELSEWHERE


async def test_calls_that_wait_are_found_by_index(db: Database, clock: Any) -> None:
    query = tool_calls._ABANDONED.params(before=clock(), most=100)
    async with db.reading() as work:
        if not db.is_sqlite:  # of a table this small every plan is as good
            await work.connection.execute(text("SET LOCAL enable_seqscan = off"))
        written = query.compile(
            dialect=work.connection.dialect, compile_kwargs={"literal_binds": True}
        )
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "
        sql = str(written).replace(":", "\\:")
        plan = str((await work.connection.execute(text(explain + sql))).all())
    assert "ix_tool_call_waiting" in plan
