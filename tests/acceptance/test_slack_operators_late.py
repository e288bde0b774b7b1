"""Operators whose press comes late, twice, after a restart, or not from them at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.dashboard.access import Access
from supportbot.model.catalog import OperatorRole
from supportbot.model.ticket import Handler, Status
from supportbot.testing.fake_slack import payloads
from tests.acceptance.slack_desk import Desk, Plan, desk, product, stage
from tests.acceptance.slack_team import (
    below,
    escalated,
    labels,
    notices,
    team,
    ticket_of,
    told_alone,
)


@pytest.fixture
def plan() -> Plan:
    return team()


async def test_everything_goes_on_after_a_restart(
    transport: Transport, tmp_path: Path, plan: Plan
) -> None:
    async with stage(plan) as world:
        async with product(world, transport, tmp_path, plan) as d:
            question, packet = await escalated(d)
            d.slack.click(packet, "supportbot_reply", "grace")
            await d.form("grace")
        async with product(world, transport, tmp_path, plan) as d:
            d.slack.views.submit("grace", "From before the restart.")
            replies = await d.slack.wait_for_replies(question, 3)
            assert replies[-1].markdown == "From before the restart."
            await d.until(lambda: "grace has it and answered." in packet.markdown)
            d.slack.say("desk", "grace", "And from below.", thread=packet)
            replies = await d.slack.wait_for_replies(question, 4)
            assert replies[-1].markdown == "And from below."
        async with product(world, transport, tmp_path, plan) as d:
            d.slack.say("support", "ada", "Thanks!", thread=question)
            await d.until(lambda: any("Thanks!" in one for one in below(d, packet)))
            assert len(d.slack.replies(question)) == 4


async def test_a_form_that_comes_too_late_keeps_what_was_typed(d: Desk) -> None:
    question, packet = await escalated(d)
    d.slack.click(packet, "supportbot_reply", "grace")
    form = await d.form("grace")
    (ticket,) = await d.tickets()
    await d.house.takeover.resolve(ticket.public_id, None)
    d.slack.views.submit("grace", "Too late")
    await d.until(lambda: form.errors)
    assert list(form.errors.values()) == [
        "This ticket is resolved. It opens again when its customer writes."
    ]
    assert "Too late" not in [one.markdown for one in d.slack.replies(question)]


async def test_a_form_that_slack_does_not_open_is_told(d: Desk) -> None:
    _, packet = await escalated(d)
    d.slack.faults.fail("views.open", "expired_trigger_id")
    d.slack.click(packet, "supportbot_reply", "grace")
    await d.until(lambda: told_alone(d, "grace"))
    assert told_alone(d, "grace") == [
        "The form could not be opened. Please press the button once more."
    ]
    d.slack.click(packet, "supportbot_reply", "grace")
    await d.form("grace")


async def test_a_draft_that_no_form_holds_is_left_to_the_tickets_page(
    transport: Transport, tmp_path: Path
) -> None:
    plan = team(mode="draft", answer=lambda _request: "word " * 700)
    async with desk(transport, tmp_path, plan) as d:
        d.slack.mention("support", "ada", "How do I export?")
        await d.until(lambda: len(notices(d)) == 1)
        d.slack.click(notices(d)[0], "supportbot_edit_draft", "grace")
        await d.until(lambda: told_alone(d, "grace"))
        assert "ticket's page" in told_alone(d, "grace")[0]


async def test_a_forged_press_does_nothing(d: Desk) -> None:
    question, packet = await escalated(d)
    answer = d.slack.replies(question)[0]
    bob, key = d.slack.workspace.user("bob"), packet.blocks[-1]["elements"][0]["value"]
    d.slack.say("support", "bob", "hello")

    def forge(name: str, value: str) -> dict[str, Any]:
        ts = d.slack.workspace.next_ts()
        action = {"type": "button", "action_id": name, "value": value, "action_ts": ts}
        return payloads.block_actions(answer, bob, action, f"{ts}.x")

    for name in ("claim", "reply", "return", "resolve", "send_draft", "discard_draft"):
        d.slack.interact(forge(f"supportbot_{name}", key))
        d.slack.interact(forge(f"supportbot_{name}", "made-up"))
    await d.until(lambda: len(told_alone(d, "bob")) == 12)
    ticket = await ticket_of(d, handler=Handler.HUMAN, status=Status.OPEN)
    assert ticket.assignee_id is None
    assert (await d.events(ticket))[-1].kind == "handoff"


async def test_a_press_that_arrives_twice_counts_once(d: Desk) -> None:
    _, packet = await escalated(d)
    pressed = d.slack.click(packet, "supportbot_claim", "grace")
    await d.until(lambda: "grace has it." in packet.markdown)
    d.slack.repeat(pressed)
    await d.settled()
    (ticket,) = await d.tickets()
    assert [e.kind for e in await d.events(ticket)].count("takeover") == 1
    assert told_alone(d, "grace") == []


async def test_who_is_in_the_operators_channel_is_one_where_none_is_named(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, team(slack='operators_channel = "C0DESK"')) as d:
        question, packet = await escalated(d)
        d.slack.say("desk", "bob", "Bob here.", thread=packet)
        replies = await d.slack.wait_for_replies(question, 3)
        assert replies[-1].markdown == "Bob here."
        d.slack.say("support", "bob", "and here", thread=question)
        await d.settled()
        (ticket,) = await d.tickets()
        authors = [m.author.kind.value for m in await d.messages(ticket)]
        assert authors[-2:] == ["operator", "guest"]


async def test_an_operator_with_an_account_is_known_by_their_address(
    transport: Transport, tmp_path: Path
) -> None:
    def furnish(slack: Any) -> None:
        team().furnish(slack)
        slack.workspace.user("grace").email = "Grace@Rocket.example"

    async with desk(transport, tmp_path, team(furnish=furnish)) as d:
        access = Access(d.house.wiring.db, d.house.wiring.clock)
        account = await access.create_operator(
            "grace@rocket.example", "Grace Hopper", OperatorRole.ADMIN
        )
        _, packet = await escalated(d)
        d.slack.click(packet, "supportbot_claim", "grace")
        await d.until(lambda: "has it." in packet.markdown)

        async def linked() -> bool:
            d.slack.click(packet, "supportbot_return", "grace")
            await d.until(lambda: "claim" in labels(packet))
            d.slack.click(packet, "supportbot_claim", "grace")
            await d.until(lambda: "claim" not in labels(packet))
            (ticket,) = await d.tickets()
            return ticket.assignee_id == account.id

        await d.eventually(linked)
        assert "Grace Hopper has it." in packet.markdown


async def test_a_bare_plan_has_no_operators_to_tell(tmp_path: Path) -> None:
    async with desk(Transport.SOCKET, tmp_path, Plan()) as d:
        question = d.slack.mention("support", "ada", "a human, please")
        (note,) = await d.slack.wait_for_replies(question)
        assert note.markdown == "A colleague will answer you here."
        await ticket_of(d, handler=Handler.HUMAN)
