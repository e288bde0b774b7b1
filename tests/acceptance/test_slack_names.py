"""Words that several people wrote in one thread stand under the names of who wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.cli import tickets_view
from supportbot.cli.options import Format
from supportbot.cli.transcript_json import chat_object, transcript_object
from supportbot.dashboard.reading import read_ticket
from supportbot.dashboard.transcript import interleave
from supportbot.store import transcripts
from tests.acceptance.slack_desk import Desk, Plan, desk, environment


async def _two_have_asked(d: Desk) -> None:
    question = d.slack.mention("support", "ada", "How do I export?")
    await d.slack.wait_for_replies(question)
    d.slack.mention("support", "grace", "how long does it take?", thread=question)
    await d.slack.wait_for_replies(question, 2)
    await d.settled()

    async def introduced() -> bool:
        (ticket,) = await d.tickets()
        facts = await read_ticket(d.house.wiring.db, ticket.public_id)
        return len(facts.writers) == 2

    await d.eventually(introduced)


async def test_everyones_words_stand_under_their_own_name(
    transport: Transport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk(transport, tmp_path, Plan()) as d:
        await _two_have_asked(d)
        (ticket,) = await d.tickets()
        facts = await read_ticket(d.house.wiring.db, ticket.public_id)
        entries = [one for one in interleave(facts, str) if one.kind == "message"]
        ada, grace = (d.slack.workspace.user(one).name for one in ("ada", "grace"))
        assert [one.author for one in entries] == [ada, "The bot", grace, "The bot"]
        async with d.house.wiring.db.reading() as work:
            transcript = await transcripts.of_ticket(work, ticket)
        told = transcript_object(transcript)["messages"]
        assert isinstance(told, list)
        assert [one["name"] for one in told] == [ada, None, grace, None]
        chat = chat_object(transcript, None)["messages"]
        assert isinstance(chat, list)
        asked = [one.get("name") for one in chat]
        assert asked == ["customer_1", None, "customer_2", None]
        where = (tmp_path, environment(d.slack), ticket.public_id)
        capsys.readouterr()
        await tickets_view.show_one(*where, Format.TABLE)
        assert f"customer {grace}" in capsys.readouterr().out
        await tickets_view.show_one(*where, Format.CSV)
        assert f",user,customer,{grace}," in capsys.readouterr().out
