"""What operators read about a handoff: enough to go on, and customers' words stay words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from supportbot.channels.web.html import to_html
from supportbot.completions.failures import completion_error
from supportbot.completions.scripted import Turn
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.inbound import Action, ActionKind, Authenticity, Deleted
from supportbot.testing import said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.desk import ADA, customer_presses, escalated, packet


async def test_a_subject_is_no_link_in_the_packet(world: Any) -> None:
    subject = "[Session expired, sign in](https://evil.example) <https://evil.example>"
    accepted = await world.hear(said("hi", subject=subject), "m1")
    await world.hear(Action(ActionKind.ESCALATE, ADA, ("t1",)))
    ticket = await world.ticket(accepted.ticket)
    [told] = [one for one in await world.deliveries(ticket) if one.audience == "operators"]
    assert "Session expired" in told.text
    assert "<a " not in to_html(told.text.replace("https", "hxxps"))
    assert 'href="https://evil.example">Session' not in to_html(told.text)


async def test_a_packet_tells_what_was_asked_tried_and_missing(world: Any, clock: Any) -> None:
    since = f"{clock():%Y-%m-%d %H:%M} UTC"
    ticket, notice = await escalated(world, "Where is\nmy **parcel**?")
    assert notice.text.split("  \n") == [
        f"**Handoff** (asked): Where is `{ticket.public_id}`",
        "**Asked:** Where is my \\*\\*parcel\\*\\*?",
        "**Tried:** answered: answer 1",
        "**Missing:** nothing that the bot knows of: the customer wants a person",
        "**Why:** The customer asked for a person.",
        f"Shop · memory · Ada · waits since {since}",
    ]


async def test_an_answer_is_quoted_by_the_words_of_its_links(make_world: Any) -> None:
    answer = Turn("Press End. Source: [End a plan](https://help.example/end)")
    world = await make_world([answer], system="Plans: https://help.example/end")
    _ticket, notice = await escalated(world, "How do I end my plan?")
    assert "**Tried:** answered: Press End. Source: End a plan  \n" in notice.text


async def test_links_lead_to_the_conversation_and_to_the_ticket(make_world: Any) -> None:
    world = await make_world(desk_url="https://desk.example")
    target = {"to": "t1", "link": "https://chat.example/archives/C1/p1"}
    await world.ask(said("hi", target=target))
    accepted = await customer_presses(world, ActionKind.ESCALATE)
    assert packet(world).text.endswith(
        "[Conversation](https://chat.example/archives/C1/p1) · "
        f"[Ticket](https://desk.example/tickets/{accepted.ticket})"
    )


async def test_the_model_says_what_is_asked_and_missing(make_world: Any) -> None:
    @tool
    def my_orders() -> str:
        """List orders."""
        return "none"

    given = {
        "reason": "low_confidence",
        "message": "A colleague will help.",
        "summary": "Wants [the parcel](https://evil.example) of order 7",
        "missing": "the carrier's\nanswer",
    }
    script = [
        Turn(tool_calls=(ToolCall("c1", "my_orders", "{}"),)),
        Turn(tool_calls=(ToolCall("c2", "handoff", json.dumps(given)),)),
    ]
    world = await make_world(script, toolbox=gather([my_orders]).toolbox, tools=("my_orders",))
    await world.ask(said("hi"))
    text = packet(world).text
    assert "**Asked:** Wants \\[the parcel](https://evil.example) of order 7  \n" in text
    assert "**Tried:** tools: my_orders  \n" in text
    assert "**Missing:** the carrier's answer  \n" in text


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            {"reason": "policy", "rule": "Refunds over 50 EUR"},
            "A rule requires a person: Refunds over",
        ),
        ({"reason": "policy"}, "A rule requires a person; the model did not name it."),
        ({"reason": "low_confidence"}, "Neither rules nor knowledge nor tools gave the model"),
        ({"reason": "asked"}, "The customer wants a person, as the model understood them."),
    ],
)
async def test_a_packet_says_why_and_not_what_the_customer_is_told(
    make_world: Any, given: dict[str, str], why: str
) -> None:
    arguments = json.dumps({"message": "A colleague will help.", **given})
    world = await make_world([Turn(tool_calls=(ToolCall("c1", "handoff", arguments),))])
    await world.ask(said("hi"))
    assert world.channel.texts("t1") == ["A colleague will help."]
    assert f"**Why:** {why}" in packet(world).text
    assert "A colleague will help." not in packet(world).text


async def test_a_packet_says_what_the_model_lacks_without_its_words(make_world: Any) -> None:
    error = completion_error("authentication", "Incorrect key sk-R0SEBUD", permanent=True)
    world = await make_world([Turn(error=error)])
    await world.ask(said("hi"))
    why = "**Why:** The model failed (authentication). Check OPENAI\\_API\\_KEY.  \n"
    assert why in packet(world).text
    assert "R0SEBUD" not in packet(world).text


async def test_long_words_are_cut(world: Any) -> None:
    _, notice = await escalated(world, "x" * 5_000)
    assert len(notice.text) < 1_500


async def test_what_the_customer_takes_back_is_not_quoted_any_more(world: Any) -> None:
    await world.hear(said("hi"))
    await world.hear(said("my password is R0SEBUD"), "m2")
    await world.settle()
    accepted = await customer_presses(world, ActionKind.ESCALATE)
    assert "R0SEBUD" in packet(world).text
    await world.hear(Deleted("m2", ("t1",)))
    await world.settle()
    assert "**Asked:** (deleted by its author)" in packet(world).text
    assert packet(world).offers
    ticket = await world.ticket(accepted.ticket)
    assert "R0SEBUD" not in "".join(one.text for one in await world.deliveries(ticket))


async def test_words_as_short_as_a_letter_leave_the_rest_of_a_notice_alone(world: Any) -> None:
    await world.hear(said("hi"))
    await world.hear(said("a"), "m2")
    await world.settle()
    await customer_presses(world, ActionKind.ESCALATE)
    before = packet(world).text
    await world.hear(Deleted("m2", ("t1",)))
    await world.settle()
    assert packet(world).text == before.replace(
        "**Asked:** a  \n", "**Asked:** (deleted by its author)  \n"
    ).replace("answer 1", "(gone with what was taken back)")


async def test_what_is_taken_back_goes_from_a_draft_that_waits_for_other_words(
    make_world: Any,
) -> None:
    world = await make_world(mode=Mode.DRAFT)
    await world.hear(said("first"))
    await world.hear(said("my password is R0SEBUD"), "m2")
    await world.settle()
    assert "**Asked:** first / my password is R0SEBUD  \n" in packet(world).text
    await world.hear(Deleted("m2", ("t1",)))
    await world.settle()
    shown = "".join(one.text for one in world.channel.shown("operators"))
    assert "R0SEBUD" not in shown


async def test_a_wish_for_a_person_is_handed_over_without_a_model(world: Any) -> None:
    ticket = await world.ask(said("a human, please"))
    assert world.completer.prompts == []
    assert [e.reason for e in await world.events(ticket) if e.kind == "handoff"] == ["asked"]
    assert "**Asked:** a human, please" in packet(world).text


async def test_a_packet_warns_of_a_sender_whom_nobody_knows_for_certain(world: Any) -> None:
    forged = Authenticity(verified=False, reasons=("dmarc_fail",))
    await world.ask(said("show my orders", authenticity=forged))
    await customer_presses(world, ActionKind.ESCALATE)
    assert "**Sender not verified:** dmarc fail  \n" in packet(world).text


async def test_a_packet_of_a_known_sender_has_no_such_line(world: Any) -> None:
    await world.ask(said("hi", authenticity=Authenticity(verified=True, reasons=("dmarc",))))
    await customer_presses(world, ActionKind.ESCALATE)
    assert "verified" not in packet(world).text


async def test_a_draft_warns_of_such_a_sender_too(make_world: Any) -> None:
    world = await make_world(mode=Mode.DRAFT)
    forged = Authenticity(verified=False, reasons=("not_checked",))
    await world.ask(said("show my orders", authenticity=forged))
    (notice,) = world.channel.shown("operators")
    assert "**Draft waits**" in notice.text
    assert "**Sender not verified:** not checked  \n" in notice.text
