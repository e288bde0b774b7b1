"""What operators were told of a customer names them as they are called by now."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.model.catalog import Mode
from supportbot.model.inbound import ActionKind, Introduced, Sender
from supportbot.model.installation import Grant
from supportbot.store import installations
from supportbot.testing import said
from tests.integration.orchestrator.desk import GRACE, customer_presses, escalated, packet, press

FULL = Introduced(Sender("ada", "Ada *Lovelace*"))
SHOWN = "Ada \\*Lovelace\\*"


async def introduced(world: Any, heard: Introduced = FULL) -> None:
    await world.hear(heard)
    await world.settle()


async def test_a_packet_names_whoever_is_introduced_after_it(world: Any) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.CLAIM, GRACE, notice)
    before = packet(world)
    assert "\nShop · memory · Ada · waits since" in before.text
    await introduced(world)
    after = packet(world)
    assert after.text == before.text.replace("memory · Ada ·", f"memory · {SHOWN} ·")
    assert after.text.endswith("Grace has it.")
    assert after.offers == before.offers
    told = len(await world.deliveries(ticket))
    await introduced(world)  # they are called so already
    assert len(await world.deliveries(ticket)) == told


@pytest.mark.parametrize("short", [True, False])
async def test_a_packet_names_whoever_had_no_name_at_all(world: Any, *, short: bool) -> None:
    await world.ask(said("a human, please", sender=Sender("ada")))
    assert "\nShop · memory · waits since" in packet(world).text
    if short:  # a press tells one, beside which operators are told nothing
        await customer_presses(world, ActionKind.ESCALATE)
    await introduced(world)
    assert f"\nShop · memory · {SHOWN} · waits since" in packet(world).text


async def test_words_below_a_packet_stand_under_that_name_too(world: Any) -> None:
    await escalated(world)
    await world.hear(said("**Ada** wrote:\nare you there?"), "m2")
    await world.settle()
    await introduced(world)
    _, below = world.channel.shown("operators")
    heading, _, words = below.text.partition("\n")
    assert heading == f"**{SHOWN}** wrote:"
    assert "\\*\\*Ada\\*\\* wrote:" in words


async def test_a_draft_that_waits_keeps_its_words_and_its_buttons(make_world: Any) -> None:
    world = await make_world(["Shop · memory · Ada"], mode=Mode.DRAFT)
    await world.ask(said("hi"))
    before = packet(world)
    await introduced(world)
    after = packet(world)
    assert after.text == before.text.replace("memory · Ada · waits", f"memory · {SHOWN} · waits")
    assert after.offers == before.offers
    await press(world, ActionKind.SEND_DRAFT, GRACE, after)
    assert world.channel.texts("t1") == ["Shop · memory · Ada"]


async def test_a_packet_that_has_not_left_leaves_with_that_name(world: Any) -> None:
    await world.hear(said("a human, please"))
    (ticket,) = await world.all_tickets()
    await world.takeover.return_to_bot(ticket.public_id, None)
    await customer_presses(world, ActionKind.ESCALATE)
    await introduced(world)
    assert all(" · Ada · " not in one.text for one in await world.deliveries(ticket))


async def test_somebody_elses_packet_stays_as_it_is(world: Any) -> None:
    _, notice = await escalated(world)
    await world.ask(said("hi", by="bob", thread="t2"))
    await introduced(world, Introduced(Sender("bob", "Robert")))
    assert packet(world).text == notice.text


async def test_a_packet_names_the_workspace_of_theirs_that_installed_the_app(world: Any) -> None:
    async with world.db.writing() as work:
        await installations.save(
            work,
            "memory:test",
            Grant(
                owner="T0ACME",
                name="Acme [Corp]",
                app_id="A1",
                bot_user="U1",
                bot_id="B1",
                scopes=(),
                sealed="sealed",
                installed_by="U2",
                installed_at=world.clock(),
            ),
        )
    sender = Sender("ada", "Ada", account="memory:T0ACME")
    await world.ask(said("a human, please", sender=sender))
    assert "memory · Ada · Acme \\[Corp] · waits since" in packet(world).text
    await introduced(world)
    assert f"memory · {SHOWN} · Acme \\[Corp] · waits since" in packet(world).text
