"""What operators read about a handoff: customers' words in it stay words."""

from __future__ import annotations

from typing import Any

from supportbot.channels.web.html import to_html
from supportbot.model.inbound import Action, ActionKind
from supportbot.testing import said


async def test_a_subject_is_no_link_in_the_packet(world: Any) -> None:
    subject = "[Session expired, sign in](https://evil.example) <https://evil.example>"
    accepted = await world.hear(said("hi", subject=subject), "m1")
    await world.hear(Action(ActionKind.ESCALATE, said("hi").sender, ("t1",)))
    ticket = await world.ticket(accepted.ticket)
    [packet] = [one for one in await world.deliveries(ticket) if one.audience == "operators"]
    assert "Session expired" in packet.text
    assert "<a " not in to_html(packet.text.replace("https", "hxxps"))
    assert 'href="https://evil.example">Session' not in to_html(packet.text)
