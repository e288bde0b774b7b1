"""`supportbot admin create` for people whom the bot met in a channel first."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner, Result

from supportbot.cli.init import write_starter
from supportbot.cli.root import app
from supportbot.dashboard.access import Access, Client
from supportbot.errors import ConflictError
from supportbot.model.catalog import OperatorRole
from supportbot.model.inbound import Sender
from supportbot.store import operators, schema
from supportbot.store.database import Database

KIM = "kim@acme.example"


async def _meet(db: Database) -> None:
    await schema.prepare(db)
    async with db.writing() as work:
        sender = Sender("T0:U0KIM", "Kim Li", email=KIM)
        await operators.ensure(work, "slack", sender, datetime.now(UTC))


async def _enter(db: Database, token: str) -> tuple[str, OperatorRole]:
    signed_in = await Access(db, lambda: datetime.now(UTC)).sign_in_by_link(token, Client())
    return signed_in.session.operator.name, signed_in.session.operator.role


def _create(folder: Path) -> Result:
    return CliRunner().invoke(app, ["admin", "create", KIM, "-c", str(folder)])


def test_an_operator_known_from_slack_becomes_an_admin_once(tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    write_starter(folder)
    db = Database(f"sqlite:///{folder / 'supportbot.db'}")
    with asyncio.Runner() as runner:
        runner.run(_meet(db))
        made = _create(folder)
        assert made.exit_code == 0, made.output
        assert f"{KIM} is known from a channel already; their role is now: admin" in made.output
        (token,) = re.findall(r"/login/link/(\S+)", made.output)
        assert runner.run(_enter(db, token)) == ("Kim Li", OperatorRole.ADMIN)
        again = _create(folder)
        assert isinstance(again.exception, ConflictError)
        assert f"supportbot admin link {KIM}" in str(again.exception)
        runner.run(db.aclose())
