"""Operators, their sessions and login links, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from supportbot.errors import NotFoundError
from supportbot.model.catalog import Operator, OperatorRole
from supportbot.model.inbound import Sender
from supportbot.store import operators
from supportbot.store.database import Database
from supportbot.store.operators import NewOperator, NewSession

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def make(db: Database, email: str = "ana@desk.test") -> Operator:
    async with db.writing() as work:
        return await operators.create(work, NewOperator(email, "Ana", OperatorRole.ADMIN), AT)


async def test_operator_is_found_by_number_and_address(db: Database) -> None:
    ana = await make(db)
    async with db.reading() as work:
        assert await operators.get(work, ana.id) == ana
        assert await operators.by_email(work, "ANA@desk.test") == ana
        assert await operators.by_email(work, "ben@desk.test") is None
        assert await operators.names(work) == {ana.id: "Ana"}
        with pytest.raises(NotFoundError):
            await operators.get(work, ana.id + 1)


async def test_account_made_for_a_channel_takes_the_name_that_was_looked_up(db: Database) -> None:
    pressed = Sender("T1:U1", "robin")
    async with db.writing() as work:
        robin = await operators.ensure(work, "slack", pressed, AT)
        assert robin.name == "robin"
        assert await operators.introduce(work, "slack", Sender("T1:U1", "Robin Hale"))
        assert await operators.introduce(work, "slack", Sender("T1:U1", " "))
        assert not await operators.introduce(work, "slack", Sender("T1:U2", "Maya"))
    async with db.reading() as work:
        assert (await operators.get(work, robin.id)).name == "Robin Hale"


async def test_account_of_the_dashboard_keeps_its_name(db: Database) -> None:
    ana = await make(db)
    async with db.writing() as work:
        found = await operators.ensure(work, "slack", Sender("T1:U1", email="Ana@desk.test"), AT)
        assert found == ana
        assert await operators.introduce(work, "slack", Sender("T1:U1", "Anastasia"))
    async with db.reading() as work:
        assert (await operators.get(work, ana.id)).name == "Ana"


async def test_link_is_used_once_and_in_time(db: Database) -> None:
    ana = await make(db)
    async with db.writing() as work:
        for token in ("a" * 64, "b" * 64):
            await operators.add_login_link(work, ana.id, token, AT + timedelta(hours=1))
        assert await operators.use_login_link(work, "a" * 64, AT) == ana
        assert await operators.use_login_link(work, "a" * 64, AT) is None
        late = AT + timedelta(hours=1)
        assert await operators.use_login_link(work, "b" * 64, late) is None
        assert await operators.use_login_link(work, "c" * 64, AT) is None


async def test_ending_all_sessions_spares_other_operators(db: Database) -> None:
    ana, ben = await make(db), await make(db, "ben@desk.test")
    async with db.writing() as work:
        for n, who in enumerate((ana, ana, ben)):
            await operators.add_session(work, who, NewSession(str(n), "t", None, None), AT)
        await operators.end_all_sessions(work, ana.id)
    async with db.reading() as work:
        assert [await operators.session(work, n) is None for n in "012"] == [True, True, False]
        assert (await operators.get(work, ana.id)).auth_epoch == 1


async def test_attempts_are_counted_under_each_key_and_forgotten(db: Database) -> None:
    since = AT - timedelta(minutes=15)
    async with db.writing() as work:
        limits = {"pair": 2, "address": 3}
        claims = [await operators.claim_attempt(work, limits, AT, since) for _ in range(3)]
        assert claims == [True, True, False]
        other = {"other pair": 2, "address": 3}
        claims = [await operators.claim_attempt(work, other, AT, since) for _ in range(2)]
        assert claims == [True, False]
        await operators.forgive_attempts(work, ["pair", "address"])
        assert await operators.claim_attempt(work, limits, AT, since)
        later = AT + timedelta(hours=1)
        assert await operators.claim_attempt(work, limits, later, later - timedelta(minutes=15))
