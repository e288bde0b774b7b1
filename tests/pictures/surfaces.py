"""What the pictures show: for each surface who looks where, and how it comes about.

Everything happens through the product's own adapters, on a stage of the demo.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from supportbot.channels.slack.keys import action_id
from supportbot.demo.cast import (
    HOSTING_HELP,
    MAYA,
    ROBIN,
    SHOP_HELP,
    SUPPORT_TEAM,
    TOMAS,
    Person,
)
from supportbot.demo.evidence import eventually, settled, slack_case
from supportbot.demo.lab.slack_view import DIRECT
from supportbot.demo.scene import Day
from supportbot.model.inbound import ActionKind
from supportbot.testing.fake_slack import FakeMessage, FakeUser

HOME = "home"
_BACKUP = "How do I restore a backup?"
_CERTIFICATE = "The browser warns visitors about our certificate since this morning."
_HELP = "Hello Maya, I have put last night's backup in place. Please have a look at your shop."
_OPINION = "The answer was quick. A picture of the page would have helped."
_LAMP = "How do I return a lamp?"


@dataclass(frozen=True, slots=True)
class Surface:
    """One picture."""

    #: File name without `slack-` and `.png`.
    name: str
    viewer: Person
    #: Id of the channel or tab that is open.
    tab: str
    #: Brings it about; returns once Slack has it.
    play: Callable[[Day], Awaitable[object]]
    #: What the page says once it shows all of it.
    words: str
    #: The mouse is over this.
    under_mouse: str | None = None
    #: What stands in the open form.
    typed: str | None = None
    #: A model writes slowly; else kb-extractive answers.
    slow_model: bool = False


async def _answered(day: Day, asker: Person = MAYA) -> FakeMessage:
    """Let somebody ask; return the answer once their name is known, too."""
    slack = day.stage.slack
    asked = slack.mention(HOSTING_HELP.name, asker.handle, _BACKUP)
    await settled(day, slack_case(day, asked), asked=1)
    looked_up = {"user": asker.slack_user}
    await eventually(
        day, lambda: [c for c in slack.calls("users.info") if c.arguments == looked_up]
    )
    return slack.replies(asked)[0]


async def _asked(day: Day) -> None:
    day.stage.slack.mention(HOSTING_HELP.name, MAYA.handle, _BACKUP)


async def _growing(day: Day) -> None:
    await _asked(day)
    await eventually(day, lambda: [m for m in day.stage.slack.streams.open if len(m.text) > 60])


async def _direct(day: Day) -> None:
    slack = day.stage.slack
    slack.tab.open(MAYA.handle)
    asked = slack.direct(MAYA.handle, "How can I change my hosting plan?")
    await settled(day, slack_case(day, asked), asked=1)
    await eventually(day, lambda: slack.tab.prompts)


async def _file(day: Day) -> None:
    slack = day.stage.slack
    log = ("export.log", "text/plain", b"12:04 disk full, export stopped")
    text = "My site lost files last night. How do I restore a backup?"
    asked = slack.files.share(
        slack.workspace.direct_channel(_maya(day)).id, MAYA.handle, text, [log]
    )
    await settled(day, slack_case(day, asked), asked=1)


def _maya(day: Day) -> FakeUser:
    return day.stage.slack.workspace.user(MAYA.handle)


async def _command(day: Day) -> None:
    typed = day.command(MAYA.handle, f"/support hosting {_BACKUP}", SHOP_HELP.id)
    await eventually(day, lambda: typed.delivery.response)


async def _shortcut(day: Day) -> None:
    day.stage.slack.say(HOSTING_HELP.name, TOMAS.handle, _CERTIFICATE)


async def _home(day: Day) -> None:
    slack = day.stage.slack
    answer = await _answered(day)
    slack.click(answer, action_id(ActionKind.ESCALATE), MAYA.handle)
    await _told_to_team(day, "Handoff")
    asked = slack.direct(MAYA.handle, "How can I change my hosting plan?")
    await settled(day, slack_case(day, asked), asked=1)
    slack.views.open_home(MAYA.handle)
    await eventually(day, lambda: slack.views.home(MAYA.handle))


async def _ask(day: Day) -> None:
    slack = day.stage.slack
    slack.views.open_home(TOMAS.handle)
    home = await eventually(day, lambda: slack.views.home(TOMAS.handle))
    buttons = (e for b in home.body["blocks"] if b["type"] == "actions" for e in b["elements"])
    slack.views.press(TOMAS.handle, next(buttons)["action_id"])
    await eventually(day, lambda: slack.views.modal(TOMAS.handle))


async def _packet(day: Day) -> FakeMessage:
    answer = await _answered(day)
    day.stage.slack.click(answer, action_id(ActionKind.ESCALATE), MAYA.handle)
    return await _told_to_team(day, "Handoff")


async def _claimed(day: Day) -> FakeMessage:
    packet = await _packet(day)
    day.stage.slack.click(packet, action_id(ActionKind.CLAIM), ROBIN.handle)
    await eventually(day, lambda: "has it" in packet.markdown)
    await _named(day)
    return packet


async def _taken_over(day: Day) -> None:
    slack, packet = day.stage.slack, await _claimed(day)
    slack.say(SUPPORT_TEAM.name, ROBIN.handle, _HELP, thread=packet)
    await eventually(
        day, lambda: [m for m in slack.workspace.messages if "have a look" in str(m.blocks)]
    )
    await eventually(day, lambda: "answered" in packet.markdown)


async def _reply(day: Day) -> None:
    slack, packet = day.stage.slack, await _claimed(day)
    slack.click(packet, action_id(ActionKind.REPLY), ROBIN.handle)
    await eventually(day, lambda: slack.views.modal(ROBIN.handle))


async def _draft(day: Day) -> FakeMessage:
    await _answered(day, TOMAS)
    day.stage.slack.say(SHOP_HELP.name, TOMAS.handle, _LAMP)
    return await _told_to_team(day, "Draft waits")


async def _edit(day: Day) -> None:
    slack, notice = day.stage.slack, await _draft(day)
    slack.click(notice, action_id(ActionKind.EDIT_DRAFT), ROBIN.handle)
    await eventually(day, lambda: slack.views.modal(ROBIN.handle))


async def _resolved(day: Day) -> FakeMessage:
    slack, answer = day.stage.slack, await _answered(day)
    root = slack.thread(answer)[0]
    slack.reactions.add(root, "white_check_mark", MAYA.handle)
    *_, question = await slack.wait_for_replies(answer, 2, day.patience_seconds)
    return question


async def _comment(day: Day) -> None:
    slack, question = day.stage.slack, await _resolved(day)
    slack.click(question, f"{action_id(ActionKind.SCORE)}_4", MAYA.handle)
    await eventually(day, lambda: action_id(ActionKind.COMMENT) in str(question.blocks))
    slack.click(question, action_id(ActionKind.COMMENT), MAYA.handle)
    await eventually(day, lambda: slack.views.modal(MAYA.handle))


async def _told_to_team(day: Day, words: str) -> FakeMessage:
    messages = day.stage.slack.workspace.messages

    def told() -> FakeMessage | None:
        there = (m for m in messages if m.channel == SUPPORT_TEAM.id)
        return next((m for m in there if words in m.markdown), None)

    return await eventually(day, told)


async def _named(day: Day) -> None:
    """Wait until the operator's name was looked up, which it is after the first press."""
    async with asyncio.timeout(day.patience_seconds):
        while True:
            if ROBIN.name in await day.ledger.operator_names():
                return
            await asyncio.sleep(0.05)


SURFACES = (
    Surface("thread", MAYA, HOSTING_HELP.id, _answered, "Talk to a person"),
    Surface("status", MAYA, HOSTING_HELP.id, _asked, "is thinking", slow_model=True),
    Surface("growing", MAYA, HOSTING_HELP.id, _growing, "choose a day", slow_model=True),
    Surface("direct", MAYA, DIRECT, _direct, "Talk to a person"),
    Surface("file", MAYA, DIRECT, _file, "Talk to a person"),
    Surface("command", MAYA, SHOP_HELP.id, _command, "Only visible to you"),
    Surface("shortcut", MAYA, HOSTING_HELP.id, _shortcut, "certificate", under_mouse=".post .said"),
    Surface("home", MAYA, HOME, _home, "Your tickets"),
    Surface("ask", TOMAS, HOME, _ask, "Brightfield", typed=_CERTIFICATE),
    Surface("packet", ROBIN, SUPPORT_TEAM.id, _packet, "Claim"),
    Surface("reply", ROBIN, SUPPORT_TEAM.id, _reply, "What the customer will read", typed=_HELP),
    Surface("taken-over", MAYA, HOSTING_HELP.id, _taken_over, "from the support team"),
    Surface("draft", ROBIN, SUPPORT_TEAM.id, _draft, "Discard"),
    Surface("edit", ROBIN, SUPPORT_TEAM.id, _edit, "What the customer will read"),
    Surface("score", MAYA, HOSTING_HELP.id, _resolved, "How did we do"),
    Surface("comment", MAYA, HOSTING_HELP.id, _comment, "What could be better", typed=_OPINION),
)
