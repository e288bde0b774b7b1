"""The example plugin, installed by its entry points: small, true to the contracts, and it answers.

Nothing of supportbot knows of it; the one thing that ties them is the installed metadata.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supportbot.app import running
from supportbot.app.plugins import CHANNELS, load_factory
from supportbot.channels.base import Channel, ChannelOptions, ChannelParts
from supportbot.cli.init import write_starter
from supportbot.errors import ConfigError
from supportbot.knowledge.base import Retriever
from supportbot.knowledge.document import Document
from supportbot.model.completion import Passage
from supportbot.settings.load import load
from supportbot.store.database import Database
from supportbot.testing.contracts import ChannelContract, RetrieverContract

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"
PACKAGE = "supportbot_example"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip put the package with its metadata."""
    folder = tmp_path_factory.mktemp("site")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", *offline)
    done = subprocess.run(
        (*pip, "--target", str(folder), str(EXAMPLE)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(autouse=True)
def plugin(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package is importable and its entry points are found, for one test."""
    monkeypatch.syspath_prepend(str(installed))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


class DropboxRig:
    """The other side of the folders: whoever writes questions and collects answers."""

    def __init__(self, channel: Channel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.channel = channel
        self._inbox, self._outbox = folder / "inbox", folder / "outbox"
        self._monkeypatch = monkeypatch

    async def write(self, text: str, key: str) -> bool:
        path = self._inbox / f"{key}.json"
        drop(path, text)
        for _ in range(80):
            if not path.exists():
                return True
            await asyncio.sleep(0.01)
        return False

    async def arrived(self) -> Sequence[str]:
        if not self._outbox.is_dir():
            return []
        answers = sorted(self._outbox.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_bytes())["text"] for path in answers]

    def refuse_next(self, *, permanent: bool) -> None:
        self._outbox.rmdir()
        if permanent:
            self._outbox.write_text("not a folder")

    def interrupt_next(self, *, left: bool) -> None:
        module = importlib.import_module(f"{PACKAGE}.dropbox")
        write: Callable[[Path, str], None] = module._write

        def interrupted(path: Path, text: str) -> None:
            if left:
                write(path, text)
            raise KeyError("the process is gone")

        self._monkeypatch.setattr(module, "_write", interrupted)


def drop(path: Path, text: str, thread: str = "1") -> None:
    """Put a message into the inbox in one move."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"from": "ada@example.org", "thread": thread, "text": text}))
    unfinished.replace(path)


def folders(folder: Path) -> dict[str, str]:
    made = {name: folder / name for name in ("inbox", "outbox")}
    for path in made.values():
        path.mkdir()
    return {name: str(path) for name, path in made.items()}


class TestDropboxChannel(ChannelContract):
    @pytest.fixture
    def rig(
        self, tmp_path: Path, sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> DropboxRig:
        options = ChannelOptions("dropbox", "main", None, folders(tmp_path))
        parts = ChannelParts(sqlite_db, lambda: datetime.now(UTC), "a secret")
        channel = load_factory(CHANNELS, "dropbox")(options, parts)
        return DropboxRig(channel, tmp_path, monkeypatch)


class TestGlossary(RetrieverContract):
    @pytest.fixture
    def make_retriever(self) -> Callable[..., Awaitable[Retriever]]:
        async def make(known: Mapping[str, Sequence[Document]]) -> Retriever:
            glossary: Any = importlib.import_module(f"{PACKAGE}.glossary")
            passages = [
                Passage(f"{name}/{one.key}", one.title, one.text, one.url, one.sha256)
                for name, documents in known.items()
                for one in documents
            ]
            retriever: Retriever = glossary.Glossary(passages)
            return retriever

        return make


@pytest.mark.parametrize(("module", "most_lines"), [("dropbox", 120), ("glossary", 40)])
def test_a_plugin_is_small(module: str, most_lines: int) -> None:
    source = (EXAMPLE / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= most_lines


@asynccontextmanager
async def bot(folder: Path, channel: str, retriever: str) -> AsyncIterator[None]:
    """Run the starter folder with one more channel and another retriever."""
    write_starter(folder)
    named = ", ".join(f'{name} = "{path}"' for name, path in folders(folder).items())
    (folder / "supportbot.toml").write_text(
        f'[knowledge]\nretriever = "{retriever}"\n'
        f'[[channels]]\nkind = "{channel}"\nproduct = "hosting"\noptions = {{ {named} }}\n',
        encoding="utf-8",
    )
    policy = folder / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8").replace("default: draft", "default: auto")
    policy.write_text(text, encoding="utf-8")
    async with running(load(folder, {})):
        yield


async def test_an_installed_plugin_answers_by_its_name_alone(tmp_path: Path) -> None:
    async with bot(tmp_path / "bot", "dropbox", "glossary"), asyncio.timeout(20):
        drop(tmp_path / "bot" / "inbox" / "q1.json", "What is a nameserver?")
        while not (answers := list((tmp_path / "bot" / "outbox").glob("*.json"))):  # noqa: ASYNC110 - a folder tells nobody
            await asyncio.sleep(0.02)
    answer = json.loads(answers[0].read_bytes())
    assert "A nameserver tells the world which machine serves your domain." in answer["text"]
    assert (answer["to"], answer["thread"]) == ("ada@example.org", "1")
    assert not list((tmp_path / "bot" / "inbox").glob("*.json"))


async def test_an_unknown_channel_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no channel 'pigeon'.*dropbox.*slack.*pip install"):
        async with bot(tmp_path / "bot", "pigeon", "glossary"):
            pass


async def test_an_unknown_retriever_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no retriever 'oracle'.*glossary.*postings.*pip"):
        async with bot(tmp_path / "bot", "dropbox", "oracle"):
            pass


async def test_a_channel_without_its_folders_says_which_is_missing(sqlite_db: Database) -> None:
    build = load_factory(CHANNELS, "dropbox")
    parts = ChannelParts(sqlite_db, lambda: datetime.now(UTC), "a secret")
    with pytest.raises(ConfigError, match=r"options\.inbox"):
        build(ChannelOptions("dropbox", "main", None, {}), parts)
