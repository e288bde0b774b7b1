"""Names and user groups: known beside what is heard, without making anybody wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from supportbot.channels.slack.client import FixedToken
from supportbot.channels.slack.config import DirectoryRules, Transport
from supportbot.channels.slack.directory import Directory, Watched
from supportbot.channels.slack.parsing.people import Person
from supportbot.channels.slack.web import SlackWeb, WebSession
from supportbot.model.inbound import CustomerMessage, Introduced, OperatorMessage
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import Setup, connected, make_config, until

QUICK = DirectoryRules(pause_seconds=0.0, retry_seconds=0.01)
ADA = Person("U0ADA", FakeSlack.team)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def web(slack: FakeSlack) -> AsyncIterator[SlackWeb]:
    session = WebSession(make_config(slack, Transport.SOCKET))
    yield SlackWeb(session, FixedToken(slack.bot_token))
    await session.aclose()


async def looked_up(directory: Directory, *people: Person, count: int) -> list[tuple[Person, str]]:
    """Let the directory look people up until it has told so many names."""
    told: list[tuple[Person, str]] = []

    async def introduce(person: Person, name: str) -> None:
        told.append((person, name))

    looking = asyncio.create_task(directory.run(introduce))
    for person in people:
        directory.want(person)
    await until(lambda: len(told) >= count)
    looking.cancel()
    await asyncio.wait((looking,))
    return told


async def test_name_follows_the_message_and_stands_beside_the_next_one(setup: Setup) -> None:
    setup.slack.direct("ada", "hello")
    await until(lambda: setup.ear.names)
    (first,) = setup.heard()
    name = setup.channel.parse(setup.ear.names[0])
    assert isinstance(first, CustomerMessage)
    assert isinstance(name, Introduced)
    assert (first.sender.name, name.sender.name) == ("", "ada")
    assert name.sender.external_id == first.sender.external_id
    assert name.sender.account == first.sender.account
    setup.slack.direct("ada", "and another thing")
    await until(lambda: len(setup.ear.inbound) == 2)
    second = setup.heard()[1]
    assert isinstance(second, CustomerMessage)
    assert second.sender.name == "ada"


async def test_acknowledgement_does_not_wait_for_names(setup: Setup) -> None:
    setup.slack.faults.lose_answer("users.info", after_seconds=60)
    setup.slack.direct("ada", "hello")
    await setup.slack.settled()
    await until(lambda: setup.ear.inbound)
    assert [delivery.acked for delivery in setup.slack.deliveries] == [True]


async def test_user_that_slack_does_not_know_is_heard_and_asked_for_once(setup: Setup) -> None:
    setup.slack.faults.fail("users.info", "user_not_found")
    for text in ("one", "two"):
        setup.slack.direct("ada", text)
        await setup.slack.settled()
    await until(lambda: setup.slack.calls("users.info"))
    setup.slack.direct("grace", "three")  # names come one after the other
    await until(lambda: setup.ear.names)
    assert [call.arguments["user"] for call in setup.slack.calls("users.info")] == [
        "U0ADA",
        "U0GRACE",
    ]


async def test_nobody_is_looked_up_whose_chatter_is_none_of_our_business(setup: Setup) -> None:
    setup.ear.suppressed = "not_addressed"
    setup.slack.say("support", "grace", "lunch?")
    await setup.slack.settled()
    setup.ear.suppressed = None
    setup.slack.direct("ada", "hello")
    await until(lambda: setup.ear.names)
    assert [call.arguments["user"] for call in setup.slack.calls("users.info")] == ["U0ADA"]


@pytest.mark.parametrize("transport", list(Transport))
async def test_member_of_an_operators_group_is_an_operator(
    slack: FakeSlack, transport: Transport
) -> None:
    group = slack.groups.add("oncall", "grace")
    async with connected(slack, transport, operators=frozenset({group.id})) as setup:
        for user in ("ada", "grace"):
            slack.direct(user, "hello")
            await slack.settled()
        question, words = setup.heard()
        assert isinstance(question, CustomerMessage)
        assert isinstance(words, OperatorMessage)


@pytest.mark.parametrize("transport", list(Transport))
async def test_operators_are_known_by_name_and_address_before_they_do_anything(
    slack: FakeSlack, transport: Transport
) -> None:
    slack.workspace.user("grace").email = "grace@example.com"
    group = slack.groups.add("oncall", "ada")
    operators = frozenset({"U0GRACE", group.id})
    async with connected(slack, transport, operators=operators) as setup:
        await until(lambda: len(slack.calls("users.info")) == 2)
        slack.direct("grace", "hello")
        await until(lambda: setup.ear.inbound)
        meta = setup.ear.inbound[0].meta
        assert (meta["name"], meta["email"]) == ("grace", "grace@example.com")
        await slack.settled()
        assert not setup.ear.names
        assert len(slack.calls("users.info")) == 2


async def test_customers_are_looked_up_before_operators_who_did_nothing(
    slack: FakeSlack, web: SlackWeb
) -> None:
    directory = Directory(web, Watched(operators=frozenset({"U0GRACE"})), Clock(), QUICK)
    directory.expect_operators(FakeSlack.team)
    assert [person for person, _ in await looked_up(directory, ADA, count=1)] == [ADA]
    assert slack.calls("users.info")[0].arguments["user"] == "U0ADA"


async def test_members_of_the_operators_channel_are_operators_with_a_name_everywhere(
    slack: FakeSlack, web: SlackWeb
) -> None:
    slack.workspace.channel("support").members.add("U0ADA")
    directory = Directory(web, Watched(operators_channel="C0SUPPORT"), Clock(), QUICK)
    assert directory.facts(ADA)["operator_unknown"] == "1"
    await directory.load_groups()
    directory.expect_operators(FakeSlack.team)
    looking = asyncio.create_task(directory.run(_nobody))
    await until(lambda: directory.facts(ADA).get("name") == "ada")
    looking.cancel()
    await asyncio.wait((looking,))
    assert directory.facts(ADA, "C0ELSEWHERE")["operator"] == "1"
    assert "operator" not in directory.facts(Person("U0GRACE", FakeSlack.team), "C0ELSEWHERE")


async def test_press_of_an_operator_says_so(slack: FakeSlack) -> None:
    operators = frozenset({"U0GRACE"})
    async with connected(slack, Transport.SOCKET, operators=operators) as setup:
        action = {"action_id": "some_button", "action_ts": "1.0"}
        slack.interact({"type": "block_actions", "user": {"id": "U0GRACE"}, "actions": [action]})
        await slack.settled()
        assert setup.ear.inbound[0].meta["operator"] == "1"


async def test_groups_that_cannot_be_told_are_named_and_asked_for_again(
    slack: FakeSlack, web: SlackWeb
) -> None:
    group = slack.groups.add("oncall", "ada")
    slack.faults.fail("usergroups.users.list", "internal_error")
    watched = Watched(groups=frozenset({group.id}))
    directory = Directory(web, watched, Clock(), QUICK)
    await directory.load_groups()
    assert directory.facts(ADA) == {"groups_unknown": group.id}
    looking = asyncio.create_task(directory.run(_nobody))
    await until(lambda: directory.facts(ADA) == {"groups": group.id})
    looking.cancel()
    await asyncio.wait((looking,))


async def test_group_of_another_workspace_has_nobody_here(slack: FakeSlack, web: SlackWeb) -> None:
    directory = Directory(web, Watched(groups=frozenset({"S0ELSEWHERE"})), Clock(), QUICK)
    await directory.load_groups()
    assert directory.facts(ADA) == {}


async def test_group_that_cannot_be_told_again_keeps_its_members(
    slack: FakeSlack, web: SlackWeb
) -> None:
    group = slack.groups.add("oncall", "ada")
    directory = Directory(web, Watched(operators=frozenset({group.id})), Clock(), QUICK)
    await directory.load_groups()
    slack.faults.fail("usergroups.users.list", "fatal_error", status=500)
    await directory.load_groups()
    assert directory.facts(ADA)["operator"] == "1"
    group.members.clear()
    await directory.load_groups()
    assert directory.facts(ADA) == {}


async def test_rate_limit_is_waited_out_and_nobody_is_forgotten(
    slack: FakeSlack, web: SlackWeb
) -> None:
    slack.faults.rate_limit("users.info", retry_after_seconds=0, times=3)
    told = await looked_up(Directory(web, Watched(), Clock(), QUICK), ADA, count=1)
    assert told == [(ADA, "ada")]


async def test_name_is_asked_for_again_when_it_is_old(slack: FakeSlack, web: SlackWeb) -> None:
    clock = Clock()
    directory = Directory(web, Watched(), clock, QUICK)
    await looked_up(directory, ADA, count=1)
    slack.workspace.users["U0ADA"].name = "ada-lovelace"
    clock.now += timedelta(hours=13)
    assert directory.facts(ADA) == {"name": "ada"}
    assert await looked_up(directory, ADA, count=1) == [(ADA, "ada-lovelace")]


async def test_who_goes_back_to_an_earlier_name_is_called_so_again(slack: FakeSlack) -> None:
    """What is looked up is never taken for what was looked up before."""
    rules = DirectoryRules(pause_seconds=0.0, names_hours=0.0)
    async with connected(slack, Transport.HTTP, directory=rules) as setup:
        for count, name in enumerate(("ada", "ada-lovelace", "ada"), start=1):
            slack.workspace.users["U0ADA"].name = name
            slack.direct("U0ADA", f"message {count}")
            await until(lambda n=count: len(setup.ear.names) == n)
        told = [setup.channel.parse(one) for one in setup.ear.names]
        assert [one.sender.name for one in told] == ["ada", "ada-lovelace", "ada"]
        assert len({key for one in setup.ear.names for key in one.keys}) == len(told)


async def test_who_was_heard_does_not_wait_for_the_pause_after_who_was_not(
    slack: FakeSlack, web: SlackWeb
) -> None:
    rules = DirectoryRules(pause_seconds=3_600.0)
    directory = Directory(web, Watched(operators=frozenset({"U0GRACE"})), Clock(), rules)
    told: list[str] = []

    async def introduce(_person: Person, name: str) -> None:
        told.append(name)

    directory.expect_operators(FakeSlack.team)
    looking = asyncio.create_task(directory.run(introduce))
    grace = Person("U0GRACE", slack.team)
    await until(lambda: directory.facts(grace).get("name"))
    directory.want(ADA)
    await until(lambda: told == ["ada"])
    looking.cancel()
    await asyncio.wait((looking,))


async def test_names_are_bounded(slack: FakeSlack, web: SlackWeb) -> None:
    rules = DirectoryRules(pause_seconds=0.0, most_names=1)
    directory = Directory(web, Watched(), Clock(), rules)
    grace = Person("U0GRACE", slack.team)
    await looked_up(directory, ADA, grace, count=2)
    assert directory.facts(ADA) == {}
    assert directory.facts(grace) == {"name": "grace"}


async def _nobody(person: Person, name: str) -> None:
    raise AssertionError(f"{person} was not asked for, but is {name}")
