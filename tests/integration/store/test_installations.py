from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from supportbot.errors import NotFoundError
from supportbot.model.installation import Grant, Installation
from supportbot.store import catalog, installations
from supportbot.store.database import Database

CHANNEL = "slack:main"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GRANT = Grant(
    owner="T1",
    name="Umbrella",
    url="https://umbrella.slack.test/",
    app_id="A1",
    bot_user="UBOT",
    bot_id="B1",
    scopes=("chat:write", "im:history"),
    sealed="sealed-1",
    installed_by="UADA",
    installed_at=AT,
    expires_at=AT + timedelta(hours=12),
)


@pytest.fixture
async def store(db: Database) -> Database:
    async with db.writing() as work:
        for key in (CHANNEL, "slack:other"):
            await catalog.ensure_channel(work, key, "slack", AT)
    return db


async def saved(db: Database, grant: Grant = GRANT, channel: str = CHANNEL) -> Installation:
    async with db.writing() as work:
        await installations.save(work, channel, grant)
        (found,) = await installations.find(work, channel, (grant.owner,))
    return found


async def found(db: Database, *owners: str) -> list[Installation]:
    async with db.reading() as work:
        return await installations.find(work, CHANNEL, owners)


async def test_a_grant_comes_back_as_it_was_saved(store: Database) -> None:
    assert (await saved(store)).grant == GRANT
    assert (await saved(store, replace(GRANT, owner="T2", expires_at=None, scopes=()))).grant == (
        replace(GRANT, owner="T2", expires_at=None, scopes=())
    )


async def test_owners_are_found_in_the_order_they_are_asked_for(store: Database) -> None:
    for owner in ("T1", "E1"):
        await saved(store, replace(GRANT, owner=owner))
    assert [one.grant.owner for one in await found(store, "E1", "T9", "T1")] == ["E1", "T1"]
    assert await found(store) == []


async def test_two_channels_keep_their_own(store: Database) -> None:
    await saved(store, replace(GRANT, sealed="of the other app"), "slack:other")
    assert await found(store, "T1") == []
    await saved(store)
    assert [one.grant.sealed for one in await found(store, "T1")] == ["sealed-1"]


async def test_an_unknown_channel_is_named(db: Database) -> None:
    async with db.writing() as work:
        with pytest.raises(NotFoundError, match="nobody"):
            await installations.save(work, "nobody", GRANT)


async def test_installing_again_replaces_the_grant_and_ends_a_claim(store: Database) -> None:
    first = await saved(store)
    async with store.writing() as work:
        assert await installations.claim(work, first, AT, AT + MINUTE)
        assert await installations.remove(work, first, AT)
    again = await saved(store, replace(GRANT, sealed="sealed-2", installed_at=AT + MINUTE))
    assert (again.id, again.grant.sealed, again.removed_at) == (first.id, "sealed-2", None)
    async with store.writing() as work:
        assert await installations.claim(work, again, AT, AT + MINUTE)


async def test_removing_forgets_the_token_once(store: Database) -> None:
    seen = await saved(store)
    async with store.writing() as work:
        assert await installations.remove(work, seen, AT + MINUTE)
        assert not await installations.remove(work, seen, AT + MINUTE)
    (removed,) = await found(store, "T1")
    assert (removed.removed_at, removed.grant.sealed) == (AT + MINUTE, "")
    async with store.reading() as work:
        assert await installations.all_of(work, CHANNEL) == [removed]


async def test_a_late_removal_leaves_a_newer_installation_alone(store: Database) -> None:
    seen = await saved(store)
    await saved(store, replace(GRANT, installed_at=AT + MINUTE))
    async with store.writing() as work:
        assert not await installations.remove(work, seen, AT + MINUTE)
    (left,) = await found(store, "T1")
    assert left.removed_at is None


async def test_a_claim_is_held_until_its_end_and_by_one(store: Database) -> None:
    seen = await saved(store)
    async with store.writing() as work:
        assert await installations.claim(work, seen, AT, AT + MINUTE)
        assert not await installations.claim(work, seen, AT, AT + MINUTE)
        assert await installations.claim(work, seen, AT + MINUTE, AT + 2 * MINUTE)


async def test_a_token_is_exchanged_by_whoever_saw_the_newest_one(store: Database) -> None:
    seen = await saved(store)
    later = AT + timedelta(hours=24)
    async with store.writing() as work:
        assert await installations.exchanged(work, seen, "sealed-2", later)
        assert not await installations.exchanged(work, seen, "sealed-3", later)
        assert not await installations.claim(work, seen, AT, AT + MINUTE)
    (newest,) = await found(store, "T1")
    assert (newest.grant.sealed, newest.grant.expires_at) == ("sealed-2", later)
    assert newest.revision > seen.revision


async def test_a_removed_app_is_neither_claimed_nor_given_a_token(store: Database) -> None:
    seen = await saved(store)
    async with store.writing() as work:
        await installations.remove(work, seen, AT)
        assert not await installations.claim(work, seen, AT, AT + MINUTE)
        assert not await installations.exchanged(work, seen, "sealed-2", None)
        assert not await installations.sealed_anew(work, seen, "sealed-2")


async def test_another_key_changes_no_token_that_changed_meanwhile(store: Database) -> None:
    seen = await saved(store)
    async with store.writing() as work:
        assert await installations.sealed_anew(work, seen, "under another key")
        assert not await installations.sealed_anew(work, seen, "by another process")
    (left,) = await found(store, "T1")
    assert (left.grant.sealed, left.revision) == ("under another key", seen.revision)


async def test_a_state_is_used_once_and_forgotten_after_its_time(store: Database) -> None:
    async with store.writing() as work:
        assert await installations.use_state(work, "a" * 64, AT, AT + MINUTE)
        assert not await installations.use_state(work, "a" * 64, AT, AT + MINUTE)
    async with store.writing() as work:
        assert await installations.use_state(work, "b" * 64, AT + 2 * MINUTE, AT + 3 * MINUTE)
        assert await installations.use_state(work, "a" * 64, AT, AT + MINUTE)
