"""The data commands of the command line, on a bot folder with a few tickets."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from supportbot.cli import report, tickets
from supportbot.cli.init import write_starter
from supportbot.errors import ConflictError, NotFoundError
from supportbot.model.catalog import Mode
from supportbot.model.completion import ChatMessage, Completion, FinishReason, Prompt
from supportbot.model.draft import DraftState
from supportbot.model.inbound import Sender
from supportbot.model.message import NewMessage, Role, Visibility
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import BOT, SYSTEM, Actor, ActorKind, EventKind
from supportbot.reports.catalog import REPORTS
from supportbot.store import answers, catalog, customers, drafts, feedback, schema, threads
from supportbot.store import tickets as store
from supportbot.store.answers import Purpose
from supportbot.store.database import Database
from supportbot.store.drafts import NewDraft
from supportbot.store.feedback import NewThumb
from supportbot.store.threads import NewEvent
from supportbot.store.tickets import NewTicket

TICKET = "01HQZX3V5N8W2T4R6Y0B1C9D7F"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYSTEM_TEXT = "You answer for Hosting."
POLICY = CompiledPolicy(
    product="hosting",
    name="Hosting",
    mode=Mode.DRAFT,
    system=SYSTEM_TEXT,
    sha256="a" * 64,
    canonical=json.dumps({"system": SYSTEM_TEXT}),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bot folder whose database holds one ticket with an answer and an open draft."""
    write_starter(tmp_path / "bot")
    asyncio.run(fill(f"sqlite:///{tmp_path / 'bot' / 'supportbot.db'}"))
    return tmp_path / "bot"


async def another(folder: Path) -> None:
    """Open a second ticket whose id ends with the same three characters."""
    db = Database(f"sqlite:///{folder / 'supportbot.db'}")
    async with db.writing() as work:
        product = await catalog.ensure_product(work, "hosting", "Hosting")
        channel = await catalog.ensure_channel(work, "web:hosting", "web", AT)
        customer = await customers.ensure_customer(work, "web", Sender("c2", "Cora"), AT)
        new = NewTicket(f"{TICKET[:-4]}XD7F", product.id, channel.id, customer, "k2", "", {}, AT)
        await store.open_ticket(work, new)
    await db.aclose()


async def fill(url: str) -> None:
    db = Database(url)
    await schema.prepare(db)
    async with db.writing() as work:
        product = await catalog.ensure_product(work, "hosting", "Hosting")
        version = await catalog.publish_policy(work, product, POLICY, AT)
        channel = await catalog.ensure_channel(work, "web:hosting", "web", AT)
        customer = await customers.ensure_customer(work, "web", Sender("c1"), AT)
        new = NewTicket(TICKET, product.id, channel.id, customer, "k", "=1+1", {}, AT)
        ticket = await store.open_ticket(work, new)
        author = Actor(ActorKind.CUSTOMER, customer)
        question = NewMessage(role=Role.USER, author=author, text="How do I restore?")
        await threads.append_message(work, ticket.id, question, AT)
        completion = Completion("m-1", "http://x", "So.", FinishReason.STOP, AT, 5)
        prompt = Prompt((ChatMessage(Role.SYSTEM, SYSTEM_TEXT),))
        completion_id = await answers.add_completion(
            work, ticket, Purpose(version), prompt, completion
        )
        for reply in (
            NewMessage(Role.ASSISTANT, BOT, "So.", Visibility.PUBLIC, version, completion_id),
            NewMessage(Role.ASSISTANT, BOT, "A colleague.", data={"notice": "handoff"}),
            NewMessage(Role.USER, author, "How do I restore??", Visibility.INTERNAL),
        ):
            await threads.append_message(work, ticket.id, reply, AT + timedelta(minutes=1))
        thumb = NewThumb(rating=1, customer_id=customer, message_id=None)
        await feedback.add_thumb(work, ticket, thumb, AT)
        happened = [NewEvent(EventKind.OPENED, SYSTEM), NewEvent(EventKind.DRAFTED, BOT)]
        await threads.append_events(work, ticket, happened, AT)
        draft = NewDraft(1, "Use the panel.", DraftState.OPEN, version, completion_id, "mode")
        await drafts.add(work, ticket, draft, AT)
    await db.aclose()


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(tickets.app, [*words, "--config", str(folder)])


def read(folder: Path, *words: str) -> Any:
    result = run(folder, *words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def shown(folder: Path) -> Any:
    return read(folder, "show", TICKET)


def test_show_has_exactly_the_promised_keys(folder: Path) -> None:
    ticket = shown(folder)
    promised = "id status handler product channel subject messages events deliveries drafts"
    assert " ".join(ticket) == f"{promised} feedback"
    assert ticket["messages"][1] == {
        "seq": 2,
        "role": "assistant",
        "author": "bot",
        "name": None,
        "text": "So.",
        "verified": None,
        "verified_by": [],
        "created_at": "2026-03-02T09:01:00.000Z",
        "policy_sha": POLICY.sha256,
        "model": "m-1",
        "tool_calls": [],
        "tool": None,
        "rests_on": [],
        "files": [],
    }
    assert ticket["feedback"] == [
        {"kind": "thumbs", "rating": 1, "comment": None, "at": "2026-03-02T09:00:00.000Z"}
    ]
    assert ticket["product"] == "hosting"
    assert [event["kind"] for event in ticket["events"]] == ["opened", "drafted"]


def test_show_for_people_tells_the_whole_story(folder: Path) -> None:
    result = run(folder, "show", TICKET.lower())
    assert result.exit_code == 0
    for part in ("How do I restore?", "bot (m-1)", POLICY.sha256[:12], "Use the panel.", "drafted"):
        assert part in result.stdout


def test_a_ticket_is_shown_by_a_unique_ending(folder: Path) -> None:
    asyncio.run(another(folder))
    for ending in ("9D7F", "…c9d7f", "...C9D7F"):
        assert read(folder, "show", ending)["id"] == TICKET
    error = run(folder, "show", "…D7F").exception
    assert isinstance(error, NotFoundError)
    assert "2 tickets end with 'D7F'" in str(error)


def test_the_list_tells_whose_ticket_it_is(folder: Path) -> None:
    asyncio.run(another(folder))
    assert [one["customer"] for one in read(folder, "list")] == ["Cora", None]
    assert "Cora" in run(folder, "list").stdout


def test_an_unknown_ticket_names_the_command_that_finds_one(folder: Path) -> None:
    error = run(folder, "show", "nope").exception
    assert isinstance(error, NotFoundError)
    assert "supportbot tickets list" in str(error)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), 1),
        (("--status", "open", "--product", "hosting", "--channel", "web"), 1),
        (("--handler", "bot", "--channel", "web:hosting"), 1),
        (("--handler", "human"), 0),
        (("--status", "resolved"), 0),
        (("--product", "retail"), 0),
    ],
)
def test_list_filters(folder: Path, words: tuple[str, ...], count: int) -> None:
    assert len(read(folder, "list", *words)) == count


def test_a_wrong_filter_is_a_usage_error(folder: Path) -> None:
    assert run(folder, "list", "--status", "lost").exit_code == 2


def test_list_as_csv_holds_no_formula(folder: Path) -> None:
    listed = run(folder, "list", "--format", "csv")
    assert [row["subject"] for row in csv.DictReader(io.StringIO(listed.stdout))] == ["'=1+1"]


def test_export_is_a_chat_with_its_system_message(folder: Path) -> None:
    lines = run(folder, "export").stdout.splitlines()
    assert len(lines) == 1
    example = json.loads(lines[0])
    assert example["messages"] == [
        {"role": "system", "content": SYSTEM_TEXT},
        {"role": "user", "content": "How do I restore?"},
        {"role": "assistant", "content": "So."},
    ]
    assert example["ticket"] == TICKET
    assert example["policy_sha"] == POLICY.sha256


_PRINTING = [("export",), ("list",), ("list", "-f", "csv"), ("show", TICKET)]


def printed_to(output: int, folder: Path, words: tuple[str, ...]) -> tuple[int, str]:
    command = [sys.executable, "-m", "supportbot", "tickets", *words, "-c", str(folder)]
    ended = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("words", _PRINTING)
def test_a_reader_that_left_is_no_error(folder: Path, words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert printed_to(writer, folder, words) == (1, "")
    os.close(writer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", _PRINTING)
def test_a_full_disk_is_not_laid_on_the_database(folder: Path, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = printed_to(full.fileno(), folder, words)
    assert ended == (1, "error: standard output: No space left on device\n")


def test_a_draft_is_sent_with_other_words(folder: Path) -> None:
    (draft,) = read(folder, "drafts")
    assert draft["text"] == "Use the panel."
    config = ("--config", str(folder))
    words = ["drafts", "send", str(draft["id"]), "--text", "Use the old panel.", *config]
    result = CliRunner().invoke(tickets.app, words)
    assert result.exit_code == 0, result.output
    assert "supportbot run" in result.stdout
    ticket = shown(folder)
    assert ticket["messages"][-1]["text"] == "Use the old panel."
    assert [d["state"] for d in ticket["deliveries"]] == ["pending"]
    assert ticket["drafts"][0]["state"] == "edited"
    assert read(folder, "drafts") == []
    again = CliRunner().invoke(tickets.app, words)
    assert isinstance(again.exception, ConflictError)


def test_a_discarded_draft_leaves_its_ticket_to_a_person(folder: Path) -> None:
    (draft,) = read(folder, "drafts")
    words = ["drafts", "discard", str(draft["id"]), "--config", str(folder)]
    assert CliRunner().invoke(tickets.app, words).exit_code == 0
    assert (shown(folder)["handler"], read(folder, "drafts")) == ("human", [])


def test_the_verbs_move_the_ticket(folder: Path) -> None:
    for words, status, handler in (
        (("take-over", TICKET), "open", "human"),
        (("return", TICKET), "pending", "bot"),  # it was answered before
        (("reply", TICKET, "I looked."), "pending", "human"),
        (("resolve", TICKET), "resolved", "human"),
    ):
        assert run(folder, *words).exit_code == 0
        ticket = shown(folder)
        assert (ticket["status"], ticket["handler"]) == (status, handler)
    assert ticket["messages"][-1]["author"] == "operator"


def test_every_report_has_its_command(folder: Path) -> None:
    assert list(report.NAMES) == list(REPORTS)
    days = ("--from", "2026-03-01", "--to", "2026-03-02", "--config", str(folder))
    for name in REPORTS:
        for output in ("json", "csv", "table"):
            result = CliRunner().invoke(report.app, [name, *days, "--format", output])
            assert result.exit_code == 0, result.output
            assert result.stdout
    found = CliRunner().invoke(report.app, ["volume", *days, "--format", "json"])
    assert json.loads(found.stdout)["rows"][1] == {
        "day": "2026-03-02",
        "episodes": 1,
        "new_tickets": 1,
        "customers": 1,
        "resolved": 0,
    }


def test_what_waits_too_long_is_listed_and_fails_a_monitor(folder: Path) -> None:
    (draft,) = read(folder, "violations")
    assert draft == {
        "ticket": TICKET,
        "kind": "draft",
        "number": 1,
        "since": "2026-03-02T09:00:00.000Z",
        "deadline": "2026-03-02T13:00:00.000Z",
        "what_happens": "nothing leaves until an operator sends or discards it",
    }
    assert run(folder, "violations").exit_code == 0
    assert TICKET in run(folder, "violations").stdout
    assert run(folder, "violations", "--fail").exit_code == 1
    listed = run(folder, "violations", "--format", "csv").stdout
    assert [row["kind"] for row in csv.DictReader(io.StringIO(listed))] == ["draft"]
    config = ("--config", str(folder))
    CliRunner().invoke(tickets.app, ["drafts", "send", "1", *config])
    left = read(folder, "violations")
    assert "draft" not in {one["kind"] for one in left}


@pytest.mark.parametrize(
    "words", [("--from", "March"), ("--from", "2026-03-02", "--to", "2026-03-01")]
)
def test_wrong_days_are_a_usage_error(folder: Path, words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(report.app, ["overview", *words, "--config", str(folder)])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
