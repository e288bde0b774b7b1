"""The product and the world around it, running on loopback until the block ends."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from supportbot.app import House, application, running
from supportbot.demo.cast import SLACK_PEOPLE, SLACK_PLACES
from supportbot.demo.folder import LOG, OUTBOX, Ports, demo_environment, write_settings
from supportbot.demo.logs import logging_to
from supportbot.demo.mail_client import MailClient
from supportbot.errors import ConfigError
from supportbot.settings.load import load
from supportbot.settings.tree import Settings
from supportbot.testing.fake_slack import FakeSlack

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Stage:
    """The running product and the customers' ways to it."""

    folder: Path
    settings: Settings
    app: Starlette
    house: House
    slack: FakeSlack
    mail: MailClient
    #: Such as `http://127.0.0.1:8080`.
    origin: str

    @property
    def answered_by(self) -> str:
        """Who writes the answers; kb-extractive is never called a model."""
        return self.settings.model.chosen or "kb-extractive (no language model)"

    @property
    def has_model(self) -> bool:
        """True when a real language model answers."""
        return self.settings.model.chosen is not None


def bound(port: int) -> socket.socket:
    """Take a port of 127.0.0.1; a free one where it is busy (compare with what was asked).

    Raises:
        ConfigError: it cannot be had for another reason.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listening.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            listening.bind((HOST, 0))
    except OSError as error:
        listening.close()
        raise ConfigError(f"port {port} cannot be used ({error.strerror})") from error
    return listening


@asynccontextmanager
async def staged(
    folder: Path, listening: socket.socket, environ: Mapping[str, str]
) -> AsyncIterator[Stage]:
    """Run everything in a prepared bot folder; all of it is closed when the block ends.

    Raises:
        ConfigError: the product cannot start so; what it logged stands in the folder.
    """
    with logging_to(folder / LOG):
        async with FakeSlack(strict=False) as slack:
            _furnish(slack)
            ports = Ports(listening.getsockname()[1], _free_port(), slack.url)
            write_settings(folder, ports)
            settings = load(folder, demo_environment(environ, _tokens(slack)))
            async with running(settings) as house:
                app = application(house)
                async with _serving(app, listening, folder / LOG):
                    await _connected(slack, ports.smtp, folder / LOG)
                    yield Stage(
                        folder=folder,
                        settings=settings,
                        app=app,
                        house=house,
                        slack=slack,
                        mail=MailClient(ports.smtp, folder / OUTBOX),
                        origin=f"http://{HOST}:{ports.http}",
                    )


def _furnish(slack: FakeSlack) -> None:
    """Replace the fake's own channel and people by ours."""
    slack.workspace.channels.clear()
    for place in SLACK_PLACES:
        slack.add_channel(place.name)
    for person in SLACK_PEOPLE:
        slack.add_user(person.handle, real_name=person.name, email=person.email)


def _tokens(slack: FakeSlack) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}


def _free_port() -> int:
    with bound(0) as probe:
        port: int = probe.getsockname()[1]
        return port


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: uvicorn would raise the signal again after its own end."""
        yield


@asynccontextmanager
async def _serving(app: Starlette, listening: socket.socket, log: Path) -> AsyncIterator[None]:
    server = _Server(
        uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            if task.done():
                raise ConfigError(f"the product did not start; {log} says why")
            await asyncio.sleep(_LOOK_SECONDS)
        yield
    finally:
        server.should_exit = True
        await task


async def _connected(slack: FakeSlack, smtp_port: int, log: Path) -> None:
    """Wait until the product hears Slack and takes mail."""
    try:
        await slack.connected(_START_SECONDS)
        async with asyncio.timeout(_START_SECONDS):
            await _opened(smtp_port)
    except TimeoutError as error:
        raise ConfigError(f"a channel did not connect; {log} says why") from error


async def _opened(port: int) -> None:
    """Wait until a port takes connections."""
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except ConnectionError:
            await asyncio.sleep(_LOOK_SECONDS)
            continue
        writer.close()
        await writer.wait_closed()
        return
