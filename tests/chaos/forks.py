"""Runs the real `supportbot` command in forked children, so that a start costs no imports.

    python -m tests.chaos.forks

Standard input takes one JSON object a line, `{"id", "arguments", "environ", "log", "fuse"}` to
start a child and `{"kill": id}` to end one with SIGKILL; standard output tells `{"serving": id}`
and `{"ended": id, "signal": n, "code": n}`. Children die with this process. It runs no event loop
and no thread, so a fork copies nothing that is half done.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from typing import Any

import uvicorn

from supportbot.cli.root import app
from tests.chaos import aimed, points
from tests.chaos.fuse import Fuse, install

#: What the product loads on the way to its first answer.
_NEEDED = (
    "alembic.command",
    "openai.resources.chat.completions",
    "slack_bolt.adapter.socket_mode.aiohttp",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "supportbot.channels.email.channel",
    "supportbot.channels.slack.channel",
    "supportbot.channels.web.channel",
    "supportbot.cli.run",
    "supportbot.completions.openai",
    "supportbot.knowledge.search",
    "supportbot.settings.load",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.off",
)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


class Nursery:
    """The children, and what is told about them."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}

    def obey(self, line: str) -> None:
        """Start or kill a child."""
        told = json.loads(line)
        if "kill" in told:
            for pid, child in self._ids.items():
                if child == told["kill"]:
                    os.kill(pid, signal.SIGKILL)
            return
        pid = os.fork()
        if pid == 0:
            _live(told)
        self._ids[pid] = told["id"]

    def reap(self) -> None:
        """Tell of children that have ended."""
        while self._ids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            ended = os.waitstatus_to_exitcode(status)
            _tell(ended=self._ids.pop(pid), signal=max(0, -ended), code=max(0, ended))

    def end(self) -> None:
        """Kill all children and wait for them."""
        for pid in self._ids:
            os.kill(pid, signal.SIGKILL)
        for pid in self._ids:
            os.waitpid(pid, 0)


def _live(told: dict[str, Any]) -> None:
    """Be the victim: the command line as a user types it, with a fuse inside. Never returns."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _tell_when_serving(told["id"], os.dup(1))
        log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(told["environ"])
        if told["fuse"]:
            install((*points.ALL, *aimed.ALL), Fuse.read(told["fuse"]))
        code = app(told["arguments"], standalone_mode=False) or 0
    finally:
        if sys.exc_info()[0]:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(code)


def _tell_when_serving(child: int, pipe: int) -> None:
    """Have the child's server say so itself: from then on its life counts."""
    startup = uvicorn.Server.startup

    async def watched(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        await startup(server, sockets)
        os.write(pipe, json.dumps({"serving": child}).encode() + b"\n")

    uvicorn.Server.startup = watched  # type: ignore[method-assign,assignment] # the product has no such hook


def _tell(**facts: int) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until standard input ends."""
    for module in _NEEDED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    nursery = Nursery()
    ended_read, ended_write = os.pipe()
    os.set_blocking(ended_write, False)
    signal.set_wakeup_fd(ended_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    waiting.register(ended_read, selectors.EVENT_READ)
    os.set_blocking(sys.stdin.fileno(), False)
    _tell(ready=os.getpid())
    buffered = b""
    while True:
        for key, _ in waiting.select():
            if key.fileobj == ended_read:
                os.read(ended_read, 4096)
                nursery.reap()
                continue
            piece = os.read(sys.stdin.fileno(), 65536)
            if not piece:
                nursery.end()
                return
            *lines, buffered = (buffered + piece).split(b"\n")
            for line in lines:
                nursery.obey(line.decode())


if __name__ == "__main__":
    main()
