"""`supportbot run`: the product behind one HTTP server, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import typer
import uvicorn

from supportbot.app import House, application
from supportbot.app.alone import alone
from supportbot.app.roles import choose
from supportbot.app.serving import running_alone
from supportbot.cli.logs import configure_logs
from supportbot.errors import SettingsError
from supportbot.settings.tree import Settings

#: How long a busy loop keeps the interpreter from a thread that waits for it. A commit hands it
#: over twice, and whatever waits to be written waits for the commit.
_SWITCH_SECONDS = 0.0005
#: Connections that may wait to be accepted, as uvicorn has it.
_BACKLOG = 2048
#: Longer than Slack or a proxy keep an idle connection: who ends it first must not be us, or a
#: request on its way meets a closed door.
_KEEP_ALIVE_SECONDS = 75


async def serve(settings: Settings, only: Sequence[str] = ()) -> None:
    """Serve until SIGINT or SIGTERM; with `only` these roles, see `roles.choose`.

    Raises:
        SettingsError: there is no such role, or the port is taken; the message names the cure.
        StoreUnavailable: another process runs on this SQLite database.
        ConfigError: the bot folder has a problem.
    """
    configure_logs()
    sys.setswitchinterval(_SWITCH_SECONDS)
    # What else would stop us is looked at first: its message names the real cause.
    roles = choose(settings, only)
    with (
        alone(settings.database.url),
        bound(settings.server.host, settings.server.port) as listening,
    ):
        async with running_alone(settings, roles) as house:
            await _serve(house, listening)


async def _serve(house: House, listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    roles = "" if house.roles.works and house.roles.shows else f" ({', '.join(house.roles)})"
    typer.echo(f"supportbot {version('supportbot')} on http://{host}:{port}{roles}")
    if house.roles.works and house.settings.model.chosen is None:
        typer.echo(
            "No language model is configured: kb-extractive answers with verbatim sentences of "
            "your knowledge. Set OPENAI_API_KEY or OPENAI_BASE_URL to use a model."
        )
    server = _Server(
        uvicorn.Config(
            application(house),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
    )
    await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Takes what was loaded until it is ready out of garbage collection, then turns that on."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at SIGINT or SIGTERM without raising it again, which would end us before we drained.

        A second one finds the usual handlers and ends the process at once.
        """
        loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
        for number in numbers:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()
        gc.enable()


def bound(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts.

    Raises:
        SettingsError: it is taken or the address is not ours.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # Two that are bound and do not listen yet may share a port; whoever listens first has it.
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        cause = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error})"
        raise SettingsError(
            f"{host}:{port} {cause}; stop what uses it, or set SUPPORTBOT_PORT to a free port"
        ) from error
    return listening
