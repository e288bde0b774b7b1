"""What `supportbot check` says of mailboxes and of the listener."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from supportbot.cli.check import look_at
from supportbot.cli.init import write_starter
from supportbot.model.findings import Findings
from supportbot.store import schema
from supportbot.store.database import Database
from tests.integration.channels.email.fake_imap import FakeImap, Talk, serving, token_login
from tests.integration.channels.email.token_server import TokenServer, token_server

BOX = '[[email.mailboxes]]\naddress = "help@bot.example"\noutbox = "out"\n'
OAUTH = '[email.mailboxes.oauth]\ntoken_url = "{url}"\nclient_id = "1"\nrefresh_token_env = "T"\n'
KEY = f"{'A' * 43}="


@pytest.fixture
async def imap() -> AsyncIterator[FakeImap]:
    async with serving(FakeImap()) as here:
        yield here


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    async with token_server() as here:
        yield here


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starter(tmp_path / "bot")
    return tmp_path / "bot"


async def checked(folder: Path, mail: str, **environ: str) -> Findings:
    file = folder / "supportbot.toml"
    file.write_text('[tickets]\ndefault_product = "hosting"\n' + mail, encoding="utf-8")
    return await look_at(folder, {"SUPPORTBOT_PORT": "0", **environ})


def by_password(imap: FakeImap, more: str = "") -> str:
    return f'{BOX}imap = "{imap.url}"\npassword_env = "PW"\n{more}'


async def test_a_mailbox_that_can_be_read_is_fine(folder: Path, imap: FakeImap) -> None:
    imap.arrive(b"Subject: x\r\n\r\n")
    imap.dates[1] = "01-Jan-2026 00:00:00 +0000"
    found = await checked(folder, by_password(imap), PW="secret")
    assert (found.problems, found.notes) == ([], [])
    assert imap.count("EXAMINE") == imap.count("LOGIN") == 1
    assert imap.count("SELECT") == 0, "looking must change nothing"


async def test_a_refused_password_is_named_with_what_to_look_at(
    folder: Path, imap: FakeImap
) -> None:
    async def no(talk: Talk) -> None:
        talk.done("NO [AUTHENTICATIONFAILED] no")

    imap.answers["LOGIN"] = no
    (problem,) = (await checked(folder, by_password(imap), PW="hush")).problems
    assert problem.startswith("mailbox help@bot.example: 127.0.0.1: ")
    assert "password_env" in problem
    assert "hush" not in problem


async def test_a_server_that_is_not_there_is_named(folder: Path, imap: FakeImap) -> None:
    text = f'{BOX}imap = "imap://bot@127.0.0.1:1"\npassword_env = "PW"\n'
    (problem,) = (await checked(folder, text, PW="x")).problems
    assert problem.startswith("mailbox help@bot.example: cannot be reached: 127.0.0.1: ")


async def test_folders_clock_and_notices_are_looked_at(folder: Path, imap: FakeImap) -> None:
    imap.capabilities = "IMAP4rev1"
    imap.folders |= {"Werbung": "\\Junk"}
    imap.arrive(b"Subject: from 2099\r\n\r\n")
    text = by_password(imap, 'folders = ["INBOX", "Werbung", "Nowhere"]\n')
    found = await checked(folder, text, PW="secret")
    assert [
        problem.removeprefix("mailbox help@bot.example: ")[:20] for problem in found.problems
    ] == [
        "the newest mail of I",
        "folder Werbung: hold",
        "folder Nowhere: sele",
    ]
    assert "2099-01-01" in found.problems[0]
    assert ["no IDLE" in note for note in found.notes] == [True]


async def make_database(folder: Path) -> None:
    database = Database(f"sqlite:///{folder}/supportbot.db")
    await schema.prepare(database)
    await database.aclose()


def by_token(imap: FakeImap, tokens: TokenServer) -> str:
    imap.capabilities += " AUTH=XOAUTH2"
    imap.answers["AUTHENTICATE"] = token_login({"access-1", "access-2"}, [])
    return f'{BOX}imap = "{imap.url}"\n{OAUTH.format(url=tokens.url)}'


async def test_a_refresh_token_that_is_spent_by_looking_is_kept(
    folder: Path, imap: FakeImap, tokens: TokenServer
) -> None:
    text = by_token(imap, tokens)
    tokens.rotates, tokens.expires_in = True, 0
    await make_database(folder)
    for _ in range(2):
        found = await checked(folder, text, T="first", SUPPORTBOT_SECRET_TOKEN_KEY=KEY)
        assert found.problems == []
    assert [asked["refresh_token"] for asked in tokens.asked] == ["first", "refresh-1"]


async def test_a_refresh_token_is_not_spent_where_its_successor_cannot_be_kept(
    folder: Path, imap: FakeImap, tokens: TokenServer
) -> None:
    text = by_token(imap, tokens)
    found = await checked(folder, text, T="first", SUPPORTBOT_SECRET_TOKEN_KEY=KEY)
    assert "without a database" in found.notes[0]
    assert tokens.asked == []
    assert not (folder / "supportbot.db").exists()


async def test_a_grant_that_is_over_is_a_problem(
    folder: Path, imap: FakeImap, tokens: TokenServer
) -> None:
    text = by_token(imap, tokens)
    tokens.failure = (400, {"error": "invalid_grant", "error_description": "revoked"})
    await make_database(folder)
    found = await checked(folder, text, T="first", SUPPORTBOT_SECRET_TOKEN_KEY=KEY)
    (problem,) = found.problems
    assert "invalid_grant: revoked" in problem
    assert "refresh token into T" in problem
    assert imap.connections == 0


async def test_a_certificate_that_cannot_be_read_is_a_problem(folder: Path) -> None:
    text = f'{BOX}[email.listener]\nport = 0\ncertificate = "mx.pem"\n'
    (problem,) = (await checked(folder, text)).problems
    assert problem.startswith(f"[email.listener] certificate: {folder}/mx.pem cannot be used")
    text = f'{BOX}[email.listener]\nport = 0\ncertificate_key = "mx.pem"\n'
    (problem,) = (await checked(folder, text)).problems
    assert problem.startswith("[email.listener] certificate: is not set")
