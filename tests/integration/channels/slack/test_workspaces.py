from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from supportbot.channels.slack.identity import Identity, owner_of
from supportbot.channels.slack.installing.origin import Origin
from supportbot.channels.slack.installing.rotation import Rotation
from supportbot.channels.slack.installing.workspaces import (
    InstalledWorkspaces,
    Memory,
    OneWorkspace,
)
from supportbot.channels.vault import Vault, new_key
from supportbot.errors import SendError
from supportbot.store import installations
from supportbot.store.database import Database
from supportbot.store.tables.installations import InstallationRow
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.installing import (
    KEY,
    Process,
    install,
    make_register,
    oauth_of,
    process,
    web_of,
)


@pytest.fixture
async def here(slack: FakeSlack, db: Database, clock: Any) -> AsyncIterator[Process]:
    register = await make_register(db, clock)
    async with process(slack, register) as here:
        await install(register, "TADA")
        await install(register, "TGRACE")
        yield here


def uninstalled(at_seconds: float, **event: Any) -> dict[str, Any]:
    return {"event_time": int(at_seconds), "event": {"type": "app_uninstalled"} | event}


async def test_each_workspace_has_its_own_token_and_bot(here: Process) -> None:
    assert await here.workspaces.token("TADA") == "xoxb-TADA"
    assert await here.workspaces.token("TGRACE") == "xoxb-TGRACE"
    assert await here.workspaces.identity(Origin(("TADA",))) == Identity(
        "TADA", "UBOTTADA", "BTADA"
    )
    assert await here.workspaces.identity(Origin(("TNOBODY",))) is None


async def test_a_delivery_without_a_workspace_has_no_token(here: Process) -> None:
    with pytest.raises(SendError, match="names no Slack workspace") as caught:
        await here.workspaces.token(owner_of({"channel": "C1"}))
    assert caught.value.permanent


async def test_nothing_is_asked_again_while_it_is_remembered(here: Process, clock: Any) -> None:
    for owner in ("TADA", "TGRACE"):
        await here.workspaces.token(owner)
    await here.workspaces.identity(Origin(("TNOBODY",)))
    asked: list[str] = []
    with here.register.db.watched(asked.append):
        for _ in range(20):
            await here.workspaces.token("TADA")
            await here.workspaces.token("TGRACE")
            await here.workspaces.identity(Origin(("TADA",)))
            await here.workspaces.identity(Origin(("TNOBODY",)))
        assert asked == []
        clock.advance(seconds=Memory().unknown_seconds)
        await here.workspaces.identity(Origin(("TNOBODY",)))
        assert len(asked) == 1
        clock.advance(seconds=Memory().seconds)
        await here.workspaces.token("TADA")
        assert len(asked) == 2


async def test_many_at_once_ask_the_store_once(here: Process) -> None:
    asked: list[str] = []
    with here.register.db.watched(asked.append):
        await asyncio.gather(*(here.workspaces.token("TADA") for _ in range(50)))
    assert len(asked) == 1


async def test_the_memory_is_bounded(slack: FakeSlack, here: Process) -> None:
    small = InstalledWorkspaces(here.register, here.rotation, Memory(workspaces=2))
    for team in ("TADA", "TGRACE", "TNOBODY"):
        await small.identity(Origin((team,)))
    asked: list[str] = []
    with here.register.db.watched(asked.append):
        await small.identity(Origin(("TGRACE",)))
        await small.identity(Origin(("TNOBODY",)))
        assert asked == []
        await small.identity(Origin(("TADA",)))
    assert len(asked) == 1


async def test_an_organisation_answers_in_all_of_its_workspaces(here: Process) -> None:
    await install(here.register, "EORG")
    place = Origin(("TNEW",), "EORG", whole_org=True)
    identity = await here.workspaces.identity(place)
    assert identity == Identity("TNEW", "UBOTEORG", "BEORG", enterprise="EORG")
    assert (
        await here.workspaces.token(owner_of({"channel": "C1", **identity.target()})) == "xoxb-EORG"
    )


async def test_a_workspace_with_an_installation_of_its_own_does_not_use_its_organisations(
    here: Process,
) -> None:
    await install(here.register, "EORG")
    identity = await here.workspaces.identity(Origin(("TADA",), "EORG"))
    assert identity == Identity("TADA", "UBOTTADA", "BTADA")
    assert await here.workspaces.token(owner_of(identity.target())) == "xoxb-TADA"


async def test_a_removed_app_is_unknown_at_once_and_sends_end_with_the_cure(
    here: Process, clock: Any
) -> None:
    await here.workspaces.token("TADA")
    await here.workspaces.taken_back(Origin(("TADA",)), uninstalled(clock().timestamp()))
    assert await here.workspaces.identity(Origin(("TADA",))) is None
    with pytest.raises(SendError, match=r"TADA.*/slack/install") as caught:
        await here.workspaces.token("TADA")
    assert caught.value.permanent
    assert await here.workspaces.token("TGRACE") == "xoxb-TGRACE"


async def test_an_uninstall_that_comes_late_leaves_the_new_installation(
    here: Process, clock: Any
) -> None:
    before = clock().timestamp()
    clock.advance(seconds=5)
    await install(here.register, "TADA")
    await here.workspaces.taken_back(Origin(("TADA",)), uninstalled(before))
    assert await here.workspaces.token("TADA") == "xoxb-TADA"


@pytest.mark.parametrize(
    ("tokens", "left"),
    [
        ({"oauth": ["UADA"], "bot": []}, True),
        ({"bot": ["UBOTTGRACE"]}, True),
        ({"bot": ["UBOTTADA"]}, False),
        (None, True),
    ],
)
async def test_only_our_own_revoked_token_removes_the_app(
    here: Process, clock: Any, tokens: object, *, left: bool
) -> None:
    body = uninstalled(clock().timestamp(), type="tokens_revoked", tokens=tokens)
    await here.workspaces.taken_back(Origin(("TADA",)), body)
    assert (await here.workspaces.identity(Origin(("TADA",))) is not None) is left


async def test_what_a_workspace_says_does_not_remove_its_organisations_app(
    here: Process, clock: Any
) -> None:
    await install(here.register, "EORG")
    body = uninstalled(clock().timestamp())
    await here.workspaces.taken_back(Origin(("TNEW",), "EORG"), body)
    assert await here.workspaces.token("EORG") == "xoxb-EORG"
    await here.workspaces.taken_back(Origin(("TNEW",), "EORG", whole_org=True), body)
    with pytest.raises(SendError):
        await here.workspaces.token("EORG")


async def test_swapped_rows_give_no_token_to_anybody(here: Process) -> None:
    async with here.register.db.writing() as work:
        (ada,) = await installations.find(work, here.register.channel, ("TADA",))
        (grace,) = await installations.find(work, here.register.channel, ("TGRACE",))
        for one, other in ((ada, grace), (grace, ada)):
            await work.connection.execute(
                update(InstallationRow)
                .where(InstallationRow.id == one.id)
                .values(sealed=other.grant.sealed)
            )
    for owner in ("TADA", "TGRACE"):
        with pytest.raises(SendError, match="not theirs") as caught:
            await here.workspaces.token(owner)
        assert caught.value.permanent
    await here.workspaces.examine()
    assert here.workspaces.trouble is not None
    assert "2 of 2" in here.workspaces.trouble


async def test_a_wrong_key_is_told_and_loses_nothing(
    here: Process, slack: FakeSlack, clock: Any
) -> None:
    other = replace(here.register, vault=Vault(new_key()))
    async with process(slack, other) as there:
        with pytest.raises(SendError, match="SUPPORTBOT_SECRET_TOKEN_KEY") as caught:
            await there.workspaces.token("TADA")
        assert not caught.value.permanent
        await there.workspaces.examine()
        assert "2 of 2" in str(there.workspaces.trouble)
    await here.workspaces.examine()
    assert here.workspaces.trouble is None
    assert await here.workspaces.token("TADA") == "xoxb-TADA"


async def test_a_new_key_takes_over_and_the_old_one_can_go(here: Process, slack: FakeSlack) -> None:
    new = new_key()
    async with process(slack, replace(here.register, vault=Vault(f"{new},{KEY}"))) as both:
        await both.workspaces.examine()
        assert both.workspaces.trouble is None
    async with process(slack, replace(here.register, vault=Vault(new))) as there:
        assert await there.workspaces.token("TADA") == "xoxb-TADA"
        assert await there.workspaces.token("TGRACE") == "xoxb-TGRACE"


async def test_one_workspace_takes_a_payload_for_its_own_unless_slack_says_otherwise(
    slack: FakeSlack,
) -> None:
    session = web_of(slack)
    one = OneWorkspace(slack.bot_token, session)
    assert await one.identity(Origin(("T1",))) is None
    own = await one.who()
    assert (own.team, own.bot_user) == (slack.team, slack.bot_user)
    assert await one.identity(Origin(("TGUEST",), "E1")) == own
    assert await one.identity(Origin((slack.team,), sure=True)) == own
    assert await one.identity(Origin(("TOTHER",), sure=True)) is None
    assert await one.identity(Origin((), "E1", whole_org=True, sure=True)) == own
    assert await one.tokens("").token() == await one.tokens("TGUEST").token() == slack.bot_token
    await one.taken_back(Origin((slack.team,)), uninstalled(0))
    assert await one.tokens("").token() == slack.bot_token
    await one.who()
    assert len(slack.calls("auth.test")) == 1
    await session.aclose()


async def test_a_token_that_never_expires_is_never_exchanged(
    here: Process, slack: FakeSlack, clock: Any
) -> None:
    rotation = Rotation(here.register, web_of(slack), oauth_of(slack).app)
    clock.advance(days=365)
    async with here.register.db.reading() as work:
        (seen,) = await installations.find(work, here.register.channel, ("TADA",))
    assert await rotation.fresh(seen) is seen
    assert slack.calls("oauth.v2.access") == []
