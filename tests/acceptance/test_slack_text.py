"""What answers look like in Slack, told over the whole product."""

from __future__ import annotations

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
