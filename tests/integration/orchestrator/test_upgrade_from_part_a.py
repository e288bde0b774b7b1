"""A database of the first release, with work in flight, is upgraded and goes on, on both stores.

`tests/data/part_a.sql` was written by that release, `part_a.json` is what it read in it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    DateTime,
    MetaData,
    column,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError

from supportbot.cli.transcript_json import transcript_object
from supportbot.errors import SchemaOutdated
from supportbot.model.delivery import Delivery, DeliveryState, Receipt
from supportbot.model.ticket import Handler, Status
from supportbot.reports.catalog import REPORTS
from supportbot.reports.period import Period, Scope
from supportbot.store import schema, transcripts
from supportbot.store.database import Database
from supportbot.store.guards import APPEND_ONLY, create_guards, missing_guards
from supportbot.testing import MemoryChannel, said

DATA = Path(__file__).parents[2] / "data"
PART_A: dict[str, Any] = json.loads((DATA / "part_a.json").read_text(encoding="utf-8"))
TICKETS: dict[str, str] = PART_A["tickets"]
AT = datetime.fromisoformat(PART_A["at"])
FIRST = "0001_truth"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Rows = dict[str, list[dict[str, Any]]]


class Looked(MemoryChannel):
    """Remembers in which order deliveries were looked for and sent."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.asked: list[tuple[str, str]] = []

    async def find(self, delivery: Delivery) -> Receipt | None:
        self.asked.append(("find", delivery.ticket))
        return await super().find(delivery)

    async def send(self, delivery: Delivery) -> Receipt:
        self.asked.append(("send", delivery.ticket))
        return await super().send(delivery)


@pytest.fixture
async def old(database_url: str) -> AsyncIterator[Database]:
    """The database as the first release left it."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            connection.executescript((DATA / "part_a.sql").read_text(encoding="utf-8"))
        connection.close()
    opened = Database(database_url)
    try:
        if not opened.is_sqlite:
            async with opened.migrating() as work:
                await work.run_sync(fill_postgresql)
        yield opened
    finally:
        await opened.aclose()


@pytest.fixture
async def db(old: Database) -> Database:
    """The database after its upgrade; `make_world` builds around it."""
    await schema.upgrade(old)
    return old


@pytest.fixture
async def bot(make_world: Any, clock: Any) -> Any:
    """A bot that starts a while after the first release was stopped."""
    clock.at = AT + timedelta(hours=2)
    return await make_world(channel=Looked(clock))


def fill_postgresql(connection: Connection) -> None:
    """Give PostgreSQL the first schema and the file's rows, each value as its column keeps it."""
    command.upgrade(schema.alembic_config(connection), FIRST)
    create_guards(connection)
    # The upgrade must step over views on the tables it changes; the old ones are SQLite's words.
    for view, over in (("bi_tickets_v1", "ticket"), ("bi_completions_v1", "completion")):
        connection.exec_driver_sql(f"CREATE VIEW {view} AS SELECT * FROM {over}")
    metadata = MetaData()
    metadata.reflect(connection)
    source = sqlite3.connect(":memory:")
    source.executescript((DATA / "part_a.sql").read_text(encoding="utf-8"))
    source.row_factory = sqlite3.Row
    for target in metadata.sorted_tables:
        if target.name == "alembic_version":
            continue
        kinds = {one.name: one.type for one in target.columns}
        rows = [dict(row) for row in source.execute(f'SELECT * FROM "{target.name}"')]
        for row in rows:
            connection.execute(target.insert(), {k: kept(kinds[k], v) for k, v in row.items()})
        if rows and "id" in kinds:
            name = f"pg_get_serial_sequence('{target.name}', 'id')"
            connection.execute(text(f"SELECT setval({name}, {max(row['id'] for row in rows)})"))
    source.close()


def kept(kind: object, value: Any) -> Any:
    """Turn what SQLite keeps into what PostgreSQL keeps."""
    match kind:
        case _ if value is None:
            return None
        case DateTime():
            return _EPOCH + timedelta(milliseconds=value)
        case Boolean():
            return bool(value)
        case JSON():
            return json.loads(value)
    return value


async def rows_of(db: Database, known: Rows | None = None) -> Rows:
    """Read every table; with `known`, only its tables and their columns."""

    def read(connection: Connection) -> Rows:
        seen = inspect(connection)
        found: Rows = {}
        for name in known if known is not None else seen.get_table_names():
            names = [one["name"] for one in seen.get_columns(name)]
            if known is not None and known[name]:
                names = [*known[name][0]]
            asked = select(*map(column, names)).select_from(table(name))
            rows = [dict(row) for row in connection.execute(asked).mappings()]
            found[name] = sorted(rows, key=repr)
        return found

    async with db.reading() as work:
        return await work.connection.run_sync(read)


def plain(value: object) -> Any:
    """Return a value as it comes back from JSON."""
    return json.loads(json.dumps(value, default=lambda moment: moment.isoformat()))


def holds(now: Any, then: Any) -> bool:
    """Tell whether all that was said then is said now; more keys may have come."""
    if isinstance(then, dict):
        return all(key in now and holds(now[key], value) for key, value in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(map(holds, now, then))
    return bool(now == then)


async def transcript(db: Database, ticket: Any) -> dict[str, Any]:
    async with db.reading() as work:
        whole = await transcripts.of_ticket(work, ticket)
    return plain(transcript_object(whole))  # type: ignore[no-any-return] # JSON has no finer type


async def answer_all(bot: Any) -> None:
    """Do what a running bot does, until nothing is left to do."""
    for _ in range(3):
        await bot.backlog.drain()
        await bot.sweep.wake_owing()
        await bot.settle()


def to_customer(bot: Any, name: str) -> list[str]:
    return [one.text for one in bot.channel.sent if one.target.get("to") == f"t-{name}"]


async def test_the_old_schema_is_refused_with_the_command_to_type(old: Database) -> None:
    with pytest.raises(SchemaOutdated, match=f"has schema {FIRST}.*supportbot db upgrade"):
        await schema.prepare(old)


async def test_the_upgrade_keeps_every_row_and_guards_them(old: Database) -> None:
    before = await rows_of(old)
    del before["alembic_version"]
    assert sum(map(len, before.values())) > 100
    await schema.upgrade(old)
    await schema.prepare(old)
    assert await rows_of(old, before) == before
    async with old.reading() as work:
        assert await work.connection.run_sync(missing_guards) == []


@pytest.mark.parametrize("name", [one for one in APPEND_ONLY if one != "csat_response"])
async def test_old_truth_cannot_be_changed(db: Database, name: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        async with db.writing() as work:
            await work.connection.execute(text(f"DELETE FROM {name}"))


async def test_an_upgraded_database_can_be_upgraded_again(db: Database) -> None:
    before = await rows_of(db)
    await schema.upgrade(db)
    assert await rows_of(db) == before


async def test_old_tickets_read_as_they_did(bot: Any) -> None:
    for public_id, then in PART_A["transcripts"].items():
        now = await transcript(bot.db, await bot.ticket(public_id))
        assert holds(now, then), public_id


async def test_reports_count_what_they_did(db: Database) -> None:
    scope = Scope(Period(date(2026, 3, 1), AT.date(), "UTC"), AT)
    for name, then in PART_A["reports"].items():
        now = plain((await REPORTS[name](db, scope)).records())
        missing = [row for row in then if not any(holds(one, row) for one in now)]
        assert missing == [], name


async def test_what_was_asked_before_is_answered_once(bot: Any) -> None:
    await answer_all(bot)
    assert len(to_customer(bot, "hal")) == 1
    ticket = await bot.ticket(TICKETS["hal"])
    assert (ticket.status, ticket.bot_owes) == (Status.PENDING, False)


async def test_a_reply_that_waited_leaves_once(bot: Any) -> None:
    await answer_all(bot)
    (sent,) = to_customer(bot, "erin")
    messages = PART_A["transcripts"][TICKETS["erin"]]["messages"]
    assert sent == messages[-1]["text"]


async def test_an_interrupted_reply_that_left_is_not_sent_again(bot: Any) -> None:
    (left,) = await bot.deliveries(await bot.ticket(TICKETS["finn"]))
    assert left.state is DeliveryState.SENDING
    bot.channel.sent.append(left)
    await answer_all(bot)
    assert bot.channel.asked.count(("find", TICKETS["finn"])) == 1
    assert ("send", TICKETS["finn"]) not in bot.channel.asked
    (left,) = await bot.deliveries(await bot.ticket(TICKETS["finn"]))
    assert left.state is DeliveryState.SENT


async def test_an_interrupted_reply_that_did_not_leave_is_looked_for_then_sent(bot: Any) -> None:
    await answer_all(bot)
    asked = [kind for kind, ticket in bot.channel.asked if ticket == TICKETS["gus"]]
    assert asked == ["find", "send"]
    assert len(to_customer(bot, "gus")) == 1


async def test_mail_that_nobody_had_read_is_answered_once(bot: Any) -> None:
    await answer_all(bot)
    assert len(to_customer(bot, "ivy")) == 1
    assert all(one.settled_at for one in await bot.inbounds())


async def test_nobody_else_hears_anything(bot: Any) -> None:
    await answer_all(bot)
    told = Counter(one.target["to"] for one in bot.channel.sent)
    assert told == {"t-hal": 1, "t-erin": 1, "t-finn": 1, "t-gus": 1, "t-ivy": 1}


async def test_an_old_draft_can_be_sent(bot: Any) -> None:
    (draft,) = await bot.drafts(await bot.ticket(TICKETS["dora"]))
    await bot.takeover.send_draft(draft.id, None)
    await answer_all(bot)
    assert to_customer(bot, "dora") == [draft.text]


async def test_people_keep_the_tickets_they_had(bot: Any) -> None:
    accepted = await bot.hear(said("Still there?", by="cleo", thread="t-cleo"), "new")
    await answer_all(bot)
    assert accepted.ticket == TICKETS["cleo"]
    assert to_customer(bot, "cleo") == []
    await bot.takeover.reply(TICKETS["cleo"], None, "Yes.")
    await answer_all(bot)
    assert to_customer(bot, "cleo") == ["Yes."]
    assert (await bot.ticket(TICKETS["jo"])).handler is Handler.HUMAN


async def test_a_customer_who_comes_back_finds_the_old_ticket(bot: Any) -> None:
    accepted = await bot.hear(said("It broke.", by="bob", thread="t-bob"), "new")
    await answer_all(bot)
    ticket = await bot.ticket(accepted.ticket)
    assert (ticket.public_id, ticket.episode_n) == (TICKETS["bob"], 3)
    assert len(to_customer(bot, "bob")) == 1


async def test_what_the_first_release_heard_is_not_heard_twice(bot: Any) -> None:
    known = (await bot.inbounds())[0]
    arrived = bot.channel.inbound(said("again", by="ada", thread="t-ada"), "memory:test:1")
    accepted = await bot.intake.accept(replace(arrived, received_at=bot.clock()))
    assert (accepted.duplicate, accepted.inbound_id) == (True, known.id)
