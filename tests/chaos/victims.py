"""The victims as the harness sees them: started in a fork server, waited for, killed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.fuse import Fuse

_ROOT = Path(__file__).parents[2]
_LOAD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a victim ended."""

    #: The signal that ended it, or 0.
    signal: int
    #: Its exit code, or 0.
    code: int


@dataclass(eq=False, slots=True)
class Victim:
    """One running process of the product."""

    id: int
    ended: asyncio.Future[Ended]
    serving: asyncio.Event = field(default_factory=asyncio.Event)


class Victims:
    """The fork server's other end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._running: dict[int, Victim] = {}
        self._ids = iter(range(1, 1_000_000_000))

    def start(
        self, arguments: Sequence[str], environ: Mapping[str, str], log: Path, fuse: Fuse | None
    ) -> Victim:
        """Start `supportbot` with these arguments and no other environment."""
        victim = Victim(next(self._ids), asyncio.get_running_loop().create_future())
        self._running[victim.id] = victim
        self._tell(
            id=victim.id,
            arguments=list(arguments),
            environ=dict(environ),
            log=str(log),
            fuse=fuse.told() if fuse else None,
        )
        return victim

    def kill(self, victim: Victim) -> None:
        """End it with SIGKILL; one that has ended is left alone."""
        self._tell(kill=victim.id)

    async def hear(self) -> None:
        """Take what the fork server tells until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "serving" in told:
                self._running[told["serving"]].serving.set()
            elif "ended" in told:
                victim = self._running.pop(told["ended"])
                victim.serving.set()  # nobody has to wait for it any more
                victim.ended.set_result(Ended(told["signal"], told["code"]))

    def _tell(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")


@asynccontextmanager
async def nursery() -> AsyncIterator[Victims]:
    """Run a fork server; with it end all its victims."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.forks",
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(_LOAD_SECONDS):
        ready = await process.stdout.readline()
    if not ready:
        raise RuntimeError("the fork server ended while it loaded the product")
    victims = Victims(process)
    hearing = asyncio.create_task(victims.hear())
    try:
        yield victims
    finally:
        process.stdin.close()
        await process.wait()
        await hearing
