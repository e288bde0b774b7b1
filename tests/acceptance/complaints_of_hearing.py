"""What users of other bots complained of about hearing: said twice, lost, late, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from supportbot.channels.slack.config import Transport
from supportbot.testing.fake_slack.outbox import EventDelivery
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk, product, stage

#: Plays one complaint against the product.
Behaviour = Callable[[Transport, Path], Awaitable[None]]
Stumble = Callable[[Desk], Awaitable[None]]


async def over(d: Desk) -> None:
    """Wait until all is understood, answered and sent."""
    await d.settled()
    await d.eventually(d.left)


def send(d: Desk, event: EventDelivery) -> None:
    """Send this very delivery: its envelope and its retries are its own."""
    site = d.slack._site
    site.outbox.send(event, site.webhooks or site.sockets)


def repeated(how: Callable[[Desk, EventDelivery], object], times: int = 2) -> Behaviour:
    """Whatever is sent again is answered once."""

    async def behave(transport: Transport, folder: Path) -> None:
        async with desk(transport, folder) as d:
            question = d.slack.mention("support", "ada", "How do I export?")
            await d.slack.wait_for_replies(question)
            await over(d)
            for event in list(d.slack.deliveries):
                for _ in range(times):
                    how(d, event)
                    await d.slack.settled()
            await over(d)
            assert [one.markdown for one in d.slack.replies(question)] == [ANSWER]
            (ticket,) = await d.tickets()
            assert len(await d.messages(ticket)) == 2
            assert len(d.model.requests) == 1

    return behave


def another_delivery(d: Desk, event: EventDelivery) -> None:
    """The same event in an envelope of its own."""
    d.slack.repeat(event)


def same_envelope(d: Desk, event: EventDelivery) -> None:
    """The same event in the same envelope, as a retry that says so."""
    event.failures.append("timeout")
    send(d, event)


async def only_the_retry_arrives(transport: Transport, folder: Path) -> None:
    """A retry may be the only delivery that the app ever sees."""
    async with desk(transport, folder) as d:
        place = d.slack.workspace.channel("support")
        place.members.discard(d.slack.bot_user)  # so that nothing is told by itself
        question = d.slack.mention("support", "ada", "How do I export?")
        place.members.add(d.slack.bot_user)
        event = {**question.as_json(), "channel": place.id, "channel_type": place.type}
        delivery = d.slack.emit(event)
        delivery.attempts = 2
        delivery.failures = ["timeout"] * 2
        (answer,) = await d.slack.wait_for_replies(question)
        assert answer.markdown == ANSWER
        assert delivery.attempts == 3


async def acks_do_not_wait_for_models(transport: Transport, folder: Path) -> None:
    """A hundred events are acknowledged while the model says nothing."""
    async with desk(transport, folder, Plan(workspace={"limits": {}})) as d:
        d.model.hold()
        people = [d.slack.add_user(f"user{number}").name for number in range(50)]
        asked = [d.slack.mention("support", name, "How do I export?") for name in people]
        await d.slack.settled(timeout_seconds=30)
        assert [event.attempts for event in d.slack.deliveries] == [1] * 100
        assert all(d.slack.replies(question) == [] for question in asked)
        d.model.go_on()
        for question in asked:
            await d.slack.wait_for_replies(question, timeout_seconds=60)


async def what_is_under_way_is_finished_at_the_end(transport: Transport, folder: Path) -> None:
    """A process that is told to end finishes its answer, and the next one owes nothing twice."""
    plan = Plan(first_token_seconds=0.5)
    async with stage(plan) as world:
        slack, model = world
        async with product(world, transport, folder, plan) as d:
            question = slack.mention("support", "ada", "How do I export?")
            await d.eventually(_begun(d))
        (answer,) = slack.replies(question)
        assert answer.markdown == ANSWER
        async with product(world, transport, folder, plan) as d:
            await over(d)
            assert slack.replies(question) == [answer]
            assert len(model.requests) == 1


def _begun(d: Desk) -> Callable[[], Awaitable[bool]]:
    async def begun() -> bool:
        return bool(d.model.requests)

    return begun


def after(stumble: Stumble) -> Behaviour:
    """Whatever becomes of the socket, what is said afterwards is answered."""

    async def behave(transport: Transport, folder: Path) -> None:
        workspace = {"retry_delays_seconds": (0.2,) * 100, "ack_seconds": 1.0, "strict": False}
        async with desk(transport, folder, Plan(workspace=workspace)) as d:
            first = d.slack.mention("support", "ada", "How do I export?")
            await d.slack.wait_for_replies(first)
            await stumble(d)
            question = d.slack.mention("support", "grace", "Are you there?")
            (answer,) = await d.slack.wait_for_replies(question, timeout_seconds=30)
            await over(d)
            assert d.slack.replies(question) == [answer]
            await d.eventually(_healthy(d))

    return behave


def _healthy(d: Desk) -> Callable[[], Awaitable[bool]]:
    async def healthy() -> bool:
        return d.channel.healthy() is None

    return healthy


async def dropped(d: Desk) -> None:
    """The connection breaks without a word."""
    await d.slack.sockets.drop()


async def dropped_often(d: Desk) -> None:
    """It breaks as often as it comes back."""
    for _ in range(3):
        await d.slack.connected(30)
        await d.slack.sockets.drop()


async def refreshed(d: Desk) -> None:
    """Slack asks for a new connection, as it does every few hours."""
    await d.slack.sockets.ask_to_reconnect()


async def disabled_for_a_moment(d: Desk) -> None:
    """Slack gives no new socket at first."""
    d.slack.faults.fail("apps.connections.open", "internal_error", times=2)
    await d.slack.sockets.ask_to_reconnect("link_disabled")


async def silent(d: Desk) -> None:
    """The socket stays open and nothing comes any more, not even at its closing."""
    opened = len(d.slack.calls("apps.connections.open"))
    d.slack.sockets.stall()

    async def opened_anew() -> bool:
        return len(d.slack.calls("apps.connections.open")) > opened

    await d.eventually(opened_anew)
    d.slack.sockets.stall(on=False)


async def silence_keeps_nobody_from_ending(transport: Transport, folder: Path) -> None:
    """A socket whose other end says nothing any more cannot hold up the end of the process."""
    async with stage(Plan()) as world:
        slack, _ = world
        async with asyncio.timeout(60):
            async with product(world, transport, folder, Plan()) as d:
                question = slack.mention("support", "ada", "How do I export?")
                await slack.wait_for_replies(question)
                await over(d)
                slack.sockets.stall()
        slack.sockets.stall(on=False)
        assert len(slack.replies(question)) == 1


async def replicas_answer_once(folder: Path, url: str, *, repeat: bool) -> None:
    """Two processes on one app and one database: whoever is told, there is one answer."""
    plan = Plan(database_url=url)
    async with (
        stage(plan) as world,
        product(world, Transport.SOCKET, folder, plan) as one,
        product(world, Transport.SOCKET, folder, plan),
    ):
        slack, _ = world
        asked = [slack.mention("support", "ada", f"Question {number}") for number in range(6)]
        for event in list(slack.deliveries) if repeat else []:
            slack.repeat(event)
        for question in asked:
            await slack.wait_for_replies(question, timeout_seconds=30)
        await over(one)
        assert [len(slack.replies(question)) for question in asked] == [1] * 6


async def too_many_requests(transport: Transport, folder: Path) -> None:
    """`Retry-After` is honoured, and nothing is said twice or left out because of it."""
    async with desk(transport, folder, Plan(slack="live = false")) as d:
        d.slack.faults.rate_limit("chat.postMessage", retry_after_seconds=2)
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        await over(d)
        first, second = d.slack.calls("chat.postMessage")
        assert second.at_seconds - first.at_seconds >= 2
        assert len(d.slack.replies(question)) == 1


async def tokens_are_exchanged_once(transport: Transport, folder: Path) -> None:
    """Many events at once spend one refresh token, and what it gave is stored before it is used."""
    from tests.acceptance.test_slack_many_workspaces import PLAN, install  # noqa: PLC0415

    async with desk(transport, folder, PLAN) as d:
        other, app = d.slack.another("umbrella"), d.slack.oauth.app
        app.rotates, app.token_seconds = True, 3600.0  # less than two hours: renewed at once
        await install(d, other)
        people = [other.add_user(f"user{number}").name for number in range(10)]
        asked = [other.mention("support", name, "How do I export?") for name in people]
        await asyncio.gather(*(other.wait_for_replies(one, timeout_seconds=30) for one in asked))
        spent = [call for call in d.slack.calls("oauth.v2.access") if call.error is not None]
        assert spent == []
        assert app.refreshed >= 1


async def no_history_is_asked_for(transport: Transport, folder: Path) -> None:
    """Slack's limits on reading histories cost nothing: the transcript is our own."""
    plan = Plan(answer=lambda request: f"answer {len(request['messages'])}")
    async with desk(transport, folder, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        for number in range(3):
            await d.slack.wait_for_replies(question, number + 1)
            d.slack.say("support", "ada", f"And then {number}?", thread=question)
        await d.slack.wait_for_replies(question, 4)
        await over(d)
        assert "How do I export?" in str(d.model.requests[-1]["messages"])
        assert d.slack.calls("conversations.replies") == []
        assert d.slack.calls("conversations.history") == []
