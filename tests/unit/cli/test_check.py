from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
import typer

from supportbot.app.plugins import load_factory
from supportbot.cli.check import check, find_problems, look_at
from supportbot.cli.init import write_starter
from supportbot.errors import ConfigError
from supportbot.store import schema
from supportbot.store.database import Database

ENVIRON = {"SUPPORTBOT_PORT": "0"}
OAUTH = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "x",
    "SLACK_APP_TOKEN": "xapp-1",
    "SUPPORTBOT_SECRET_TOKEN_KEY": f"{'A' * 43}=",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A starter bot folder."""
    write_starter(tmp_path / "bot")
    return tmp_path / "bot"


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


async def test_a_starter_folder_has_no_problems(folder: Path) -> None:
    assert await find_problems(folder, ENVIRON) == []
    assert not (folder / "supportbot.db").exists()


async def test_settings_policies_and_surroundings_are_told_together(folder: Path) -> None:
    edit(folder / "supportbot.toml", "[web]", "[wed]")
    lines = (folder / "supportbot.toml").read_text(encoding="utf-8").splitlines()
    edit(folder / "supportbot.toml", '"hosting"   ', '"hostig"   ')
    edit(folder / "policies/products/retail.md", "owner:", "ownr:")
    edit(folder / "policies/products/hosting.md", "hosting-help", "hosting-hlp")
    found = await find_problems(folder, ENVIRON | {"SLACK_APP_TOKEN": "xapp-1"})
    expected = (
        f"supportbot.toml:{lines.index('[wed]') + 1}: wed",
        "tickets.default_product: there is no product 'hostig'",
        "retail.md:6",
        "hosting-hlp",
        "SLACK_BOT_TOKEN",
    )
    missing = [part for part in expected if not any(part in line for line in found)]
    assert missing == []
    assert len(found) == 5


async def test_a_folder_without_settings_is_told(tmp_path: Path) -> None:
    found = await find_problems(tmp_path, {})
    assert any("supportbot init" in line for line in found)


async def test_a_busy_port_is_named_with_its_variable(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        (line,) = await find_problems(folder, {"SUPPORTBOT_PORT": port})
    assert f"port {port} on 127.0.0.1 is in use" in line
    assert "SUPPORTBOT_PORT" in line


async def test_a_port_that_the_bot_itself_uses_is_no_problem(folder: Path) -> None:
    async def metrics(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'supportbot_build_info{version="1"} 1.0\n'
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    server = await asyncio.start_server(metrics, "127.0.0.1", 0)
    async with server:
        port = str(server.sockets[0].getsockname()[1])
        assert await find_problems(folder, {"SUPPORTBOT_PORT": port}) == []


async def test_a_port_of_another_machine_is_named(folder: Path) -> None:
    (line,) = await find_problems(folder, ENVIRON | {"SUPPORTBOT_HOST": "192.0.2.1"})
    assert "cannot listen on 192.0.2.1" in line


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:///nowhere/bot.db", "does not exist; create it"),
        ("sqlite:///policies", "is a folder"),
        ("mysql://h/d", "is not supported"),
        ("postgresql://u:hush@127.0.0.1:1/d", "u:***@127.0.0.1:1"),
    ],
)
async def test_an_unusable_database_is_told(folder: Path, url: str, problem: str) -> None:
    (line,) = await find_problems(folder, ENVIRON | {"SUPPORTBOT_DATABASE_URL": url})
    assert problem in line
    assert "hush" not in line


async def test_a_file_that_is_no_database_is_told(folder: Path) -> None:
    (folder / "supportbot.db").write_bytes(b"certainly not a database" * 100)
    (line,) = await find_problems(folder, ENVIRON)
    assert "not a database" in line


async def test_a_database_of_this_version_is_fine(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'supportbot.db'}")
    await schema.prepare(database)
    await database.aclose()
    assert await find_problems(folder, ENVIRON) == []


async def test_parts_that_no_package_brings_are_told_in_the_words_of_run(folder: Path) -> None:
    file = folder / "supportbot.toml"
    more = '\n[knowledge]\nretriever = "vector"\n[[channels]]\nkind = "teams"\n'
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    said = []
    for group, name in [("retrievers", "vector"), ("channels", "teams")]:
        with pytest.raises(ConfigError) as caught:
            load_factory(f"supportbot.{group}", name)
        said.append(str(caught.value))
    assert await find_problems(folder, ENVIRON) == [
        f"[knowledge] retriever: {said[0]}",
        f"[[channels]] kind: {said[1]}",
    ]


@pytest.mark.parametrize(
    ("variable", "wrong", "problem"),
    [
        ("SUPPORTBOT_SECRET_TOKEN_KEY", "short", "is no key"),
        ("SUPPORTBOT_SERVER_PUBLIC_URL", "bot.example", "write it as"),
    ],
)
async def test_a_wrong_value_is_not_also_missing(
    folder: Path, variable: str, wrong: str, problem: str
) -> None:
    given = {"SUPPORTBOT_SERVER_PUBLIC_URL": "https://bot.example", variable: wrong}
    (line,) = await find_problems(folder, ENVIRON | OAUTH | given)
    assert line.startswith(f"{variable}: {problem}")


async def test_a_wrong_value_of_the_file_is_not_also_missing(folder: Path) -> None:
    edit(folder / "supportbot.toml", "[server]", '[server]\npublic_url = "bot.example"')
    (line,) = await find_problems(folder, ENVIRON | OAUTH)
    assert "server.public_url: write it as" in line


def test_check_exits_1_and_prints_every_problem(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPPORTBOT_PORT", "x")
    monkeypatch.setenv("SUPPORTBOT_NONSENSE", "1")
    with pytest.raises(typer.Exit) as stopped:
        check(folder)
    assert stopped.value.exit_code == 1
    printed = capsys.readouterr().out
    assert "SUPPORTBOT_PORT" in printed
    assert "SUPPORTBOT_NONSENSE" in printed


def test_check_says_when_all_is_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPPORTBOT_PORT", "0")
    check(folder)
    assert capsys.readouterr().out == "No problems found.\n"


MAILBOX = """
[[email.mailboxes]]
address = "help@bot.example"
outbox = "out"

[email.listener]
port = 0
"""


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


async def test_mailbox_without_a_way_to_know_senders_is_noted(folder: Path) -> None:
    hosting = folder / "policies/products/hosting.md"
    edit(hosting, "# tools: {get_plan_storage", "tools: {request_backup: {access: write}} #")
    append(folder / "supportbot.toml", MAILBOX)
    found = await look_at(folder, ENVIRON)
    assert found.problems == []
    (note,) = (note for note in found.notes if "help@bot.example" in note)
    assert "refused request_backup" in note


async def test_check_of_senders_without_its_packages_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(folder / "supportbot.toml", MAILBOX + "check_authenticity = true\n")
    assert await find_problems(folder, ENVIRON) == []
    monkeypatch.setattr("supportbot.app.mail_trust.find_spec", lambda name: None)
    (problem,) = await find_problems(folder, ENVIRON)
    assert problem.startswith("[email.listener] check_authenticity: ")
    assert "pip install 'supportbot[dmarc]'" in problem
