"""Files that customers share in Slack, told over the whole product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import Transport
from tests.acceptance.slack_desk import Desk, Plan, desk
from tests.unit.files.samples import pdf, png


def last_asked(d: Desk) -> Any:
    return d.model.requests[-1]["messages"][-1]["content"]


async def test_log_and_pdf_are_read_and_everything_else_is_named(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        files = [
            ("error.log", "text/plain", "Grüße: boom in line 7".encode("latin-1")),
            ("terms.pdf", "application/pdf", pdf("Thirty days")),
            ("dump.zip", "application/zip", b"PK\x03\x04\x00"),
            ("screen.png", "image/png", png(640, 480)),
        ]
        question = d.slack.files.share("support", "ada", "<@U0FAKEBOT1> it fails", files)
        await d.slack.wait_for_replies(question)
        asked = last_asked(d)
        assert "Grüße: boom in line 7" in asked
        assert "Thirty days" in asked
        assert '"name": "dump.zip", "note": "its kind cannot be read"' in asked
        assert '"name": "screen.png", "note": "a picture, which cannot be seen"' in asked
        await d.settled()
        (ticket,) = await d.tickets()
        assert (await d.messages(ticket))[0].text == "it fails"


async def test_screenshot_is_shown_to_a_model_that_can_see(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(model="vision = true")
    async with desk(transport, tmp_path, plan) as d:
        picture = d.slack.files.add("screen.png", "image/png", png(640, 480))
        question = d.slack.files.share("support", "ada", "<@U0FAKEBOT1> what is this?", [picture])
        await d.slack.wait_for_replies(question)
        text, image = last_asked(d)
        assert "a picture, shown with this message" in text["text"]
        assert image["image_url"]["url"].startswith("data:image/png;base64,iVBOR")


async def test_file_alone_in_a_direct_message_is_answered(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        place = d.slack.workspace.direct_channel(d.slack.workspace.user("ada"))
        log = ("error.log", "text/plain", b"boom")
        question = d.slack.files.share(place.id, "ada", "", [log])
        await d.eventually(d.answered(question))
        assert "boom" in last_asked(d)


async def test_answer_does_not_wait_for_a_file_that_never_comes(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, Plan(toml="[files]\nfetch_seconds = 0.2")) as d:
        log = d.slack.files.add("error.log", "text/plain", b"boom")
        log.seconds_per_piece = 600
        gone = d.slack.files.add("gone.txt", "text/plain", b"boom")
        gone.gone = True
        question = d.slack.files.share("support", "ada", "<@U0FAKEBOT1> it fails", [log, gone])
        await d.slack.wait_for_replies(question)
        assert '"name": "error.log", "note": "it could not be fetched"' in last_asked(d)
        assert '"name": "gone.txt", "note": "it was taken back by its owner"' in last_asked(d)


async def test_of_fifty_files_ten_are_read_and_all_are_named(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        files = [(f"{n}.log", "text/plain", f"words {n}.".encode()) for n in range(50)]
        question = d.slack.files.share("support", "ada", "<@U0FAKEBOT1> it fails", files)
        await d.slack.wait_for_replies(question)
        asked = last_asked(d)
        assert all(f'"name": "{n}.log"' in asked for n in range(50))
        assert [f"words {n}." in asked for n in range(50)] == [True] * 10 + [False] * 40
        assert len(d.slack.files.requests) == 10


@pytest.mark.parametrize("opens_the_thread", [True, False])
async def test_taking_the_message_back_takes_its_files_back(
    transport: Transport, tmp_path: Path, opens_the_thread: object
) -> None:
    async with desk(transport, tmp_path) as d:
        pin = [("pin.txt", "text/plain", b"my PIN is 1")]
        if opens_the_thread:
            shared = first = d.slack.files.share("support", "ada", "<@U0FAKEBOT1> look", pin)
        else:
            first = d.slack.mention("support", "ada", "it fails")
            await d.slack.wait_for_replies(first)
            shared = d.slack.files.share("support", "ada", "look", pin, thread=first)
        await d.slack.wait_for_replies(first, 1 if opens_the_thread else 2)
        assert "my PIN" in last_asked(d)
        d.slack.delete(shared)
        await d.settled()
        d.slack.mention("support", "ada", "and now?", thread=first)
        await d.slack.wait_for_replies(first, 2 if opens_the_thread else 3)
        assert "PIN" not in str(d.model.requests[-1])
        assert "pin.txt" not in str(d.model.requests[-1])


async def test_file_that_is_deleted_is_forgotten_and_its_message_stays(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        pin = d.slack.files.add("pin.txt", "text/plain", b"my PIN is 1")
        log = d.slack.files.add("error.log", "text/plain", b"boom")
        question = d.slack.files.share("support", "ada", "<@U0FAKEBOT1> look", [pin, log])
        await d.slack.wait_for_replies(question)
        d.slack.files.take_out(question, pin)
        await d.settled()
        d.slack.say("support", "ada", "and now?", thread=question)
        await d.slack.wait_for_replies(question, 2)
        asked = str(d.model.requests[-1])
        assert "boom" in asked
        assert "PIN" not in asked
        assert "pin.txt" not in asked


async def test_file_of_another_company_is_told_by_its_name(d: Desk) -> None:
    """Its message says no more of it than that there is one."""
    guest = d.slack.add_user("guest", team="T0ELSEWHERE")
    text, data = "boom in line 7", b"PK\x03\x04\x00"
    files = [
        d.slack.files.add("error.log", "text/plain", text.encode()),
        d.slack.files.add("dump\x00.zip", "application/zip", data),
    ]
    for file in files:
        file.hidden = True
    question = d.slack.files.share("support", guest.id, "<@U0FAKEBOT1> it fails", files)
    await d.slack.wait_for_replies(question)
    asked = last_asked(d)
    assert '"name": "error.log"' in asked
    assert text in asked
    assert '"name": "dump\ufffd.zip", "note": "its kind cannot be read"' in asked
    assert "unnamed" not in asked
