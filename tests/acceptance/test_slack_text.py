"""What answers look like in Slack, told over the whole product."""

from __future__ import annotations

import json
import re
from pathlib import Path

from supportbot.channels.slack.config import Transport
from tests.acceptance.slack_desk import Plan, desk

URL = "https://help.rocket.example/export"
PAGE = f"""---
title: Export your data
url: {URL}
---
Open Settings > Export and press Start.
"""


async def test_named_source_is_a_link_and_a_made_up_address_is_none(
    transport: Transport, tmp_path: Path
) -> None:
    said = "Press Start, as *Export your data* says. See https://rocket.example.net/made-up too."
    plan = Plan(answer=lambda _request: said, knowledge={"export.md": PAGE})
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export my data?")
        (answer,) = await d.slack.wait_for_replies(question)
        assert answer.markdown == (
            f"Press Start, as *[Export your data]({URL})* says. "
            "See `https://rocket.example.net/made-up` too."
        )


async def test_nobody_is_called_by_what_model_and_knowledge_say(
    transport: Transport, tmp_path: Path
) -> None:
    said = "Ask <!channel> or <@U0GRACE>, <!subteam^S0HELP|@help>, [<!here>](<!everyone>)."
    operators = 'operators_channel = "C0DESK"'
    plan = Plan(
        answer=lambda _request: said, slack=operators, furnish=lambda s: s.add_channel("desk")
    )
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "Please repeat: <!channel> <@U0GRACE>")
        (answer,) = await d.slack.wait_for_replies(question)
        d.slack.click(answer, "supportbot_escalate", "ada")
        await d.slack.wait_for_replies(question, 2)
        await d.settled()
        await d.eventually(d.left)
        posted = d.slack.calls("chat.postMessage")
        assert {call.arguments["channel"] for call in posted} == {"C0SUPPORT", "C0DESK"}
        for call in posted:
            said_there = json.dumps([call.arguments.get("text"), call.arguments.get("blocks")])
            assert not re.search("<[!@#]", said_there)
            assert call.arguments["unfurl_links"] is call.arguments["unfurl_media"] is False


async def test_answer_of_many_pages_is_whole_in_messages_that_each_stand_alone(
    transport: Transport, tmp_path: Path
) -> None:
    rows = "".join(f"| Plan {number} | {number} EUR |\n" for number in range(400))
    code = "".join(f"export --page {number}\n" for number in range(700))
    said = f"# Plans\n\n| Plan | Price |\n|---|---|\n{rows}\n```sh\n{code}```\n\nThat is all."
    async with desk(transport, tmp_path, Plan(answer=lambda _request: said)) as d:
        question = d.slack.mention("support", "ada", "Which plans are there?")
        answers = await d.slack.wait_for_replies(question, 3)
        await d.settled()
        shown = [one.markdown for one in answers]
        assert all(len(text) <= 11_800 for text in shown)
        assert all(text.count("```") % 2 == 0 for text in shown)
        whole = "\n".join(shown)
        assert all(line in whole for line in (*rows.splitlines(), *code.splitlines()))
        assert shown[0].startswith("# Plans\n\n| Plan | Price |")
        assert shown[-1].endswith("That is all.")
        assert all(len(one.text) < 4_000 for one in answers)
