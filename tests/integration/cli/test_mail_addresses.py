"""What `supportbot email` tells of a bot folder that machines wrote to, and mail came back to."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from supportbot.cli import mail
from supportbot.cli.init import write_starter
from supportbot.errors import NotFoundError
from supportbot.model.delivery import Audience, DeliveryKind, NewDelivery
from supportbot.model.delivery_report import MailFailure
from supportbot.model.inbound import Inbound
from supportbot.store import catalog, deliveries, inbound, mail_failures, schema, tickets
from supportbot.store.database import Database
from supportbot.store.inbound import Outcome, Settled
from supportbot.store.tables.people import CustomerRow
from supportbot.store.tickets import NewTicket

GONE = "gone@cust.example"
TICKET = "01HQZX3V5N8W2T4R6Y0B1C9D7F"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starter(tmp_path / "bot")
    asyncio.run(fill(f"sqlite:///{tmp_path / 'bot' / 'supportbot.db'}"))
    return tmp_path / "bot"


async def fill(url: str) -> None:
    db, at = Database(url), datetime.now(UTC)
    await schema.prepare(db)
    async with db.writing() as work:
        product = await catalog.ensure_product(work, "hosting", "Hosting")
        channel = await catalog.ensure_channel(work, "email:help@bot.example", "email", at)
        customer = insert(CustomerRow).values(created_at=at).returning(CustomerRow.id)
        new = NewTicket(
            public_id=TICKET,
            product_id=product.id,
            channel_id=channel.id,
            customer_id=(await work.connection.execute(customer)).scalar_one(),
            thread_key="mid:<1@x>",
            subject=None,
            target={"to": GONE},
            opened_at=at,
        )
        ticket = await tickets.open_ticket(work, new)
        delivery = NewDelivery(
            "d", channel.key, Audience.CUSTOMER, DeliveryKind.REPLY, {"to": GONE}, "Hello."
        )
        await deliveries.add(work, ticket.id, delivery, at)
        written = await deliveries.by_key(work, "d")
        assert written
        failure = MailFailure(GONE, "5.1.1", permanent=True, diagnostic="no such user", at=at)
        assert await mail_failures.add(work, written, failure)
        for key, number, rules in (("m1", ticket.id, "daemon_sender"), ("m2", None, "precedence")):
            meta = {"rules": rules}
            outcome = Outcome("suppressed", reason="bounce", ticket_id=number, meta=meta)
            arrived = Inbound(channel.key, (key,), b"x", {}, at)
            await inbound.add(work, channel.id, arrived, Settled(outcome, at))
    await db.aclose()


def run(*arguments: str, command: str = "addresses") -> Result:
    return CliRunner().invoke(mail.app, [command, *arguments])


def test_addresses_are_listed_and_cleared(folder: Path) -> None:
    listed = run("--config", str(folder), "--format", "json")
    (one,) = json.loads(listed.stdout)
    assert (one["address"], one["status"], one["failures"]) == (GONE, "5.1.1", 1)
    assert one["avoided_until"] is not None
    cleared = run("clear", GONE, "--config", str(folder))
    assert cleared.exit_code == 0, cleared.output
    assert json.loads(run("--config", str(folder), "--format", "json").stdout) == []


def test_an_address_that_nothing_came_back_from_is_not_cleared(folder: Path) -> None:
    refused = run("clear", "who@cust.example", "--config", str(folder))
    assert isinstance(refused.exception, NotFoundError)


def test_mails_of_machines_are_listed_with_their_rules(folder: Path) -> None:
    listed = run("--config", str(folder), "--format", "json", command="machine")
    told = [(one["kind"], one["rules"], one["ticket"]) for one in json.loads(listed.stdout)]
    assert told == [("bounce", "precedence", None), ("bounce", "daemon_sender", TICKET)]
