"""The measured programs as processes of their own: start, ready, processor time, memory, end."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_READY_SECONDS = 20.0
_PREFIXES = ("SUPPORTBOT_", "OPENAI_", "SLACK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Program:
    """What to start, and what its URL answers to GET once it is ready."""

    command: Sequence[str]
    environ: Mapping[str, str]
    ready_url: str
    ready_status: int
    log: Path


@dataclass(frozen=True, slots=True)
class Running:
    """A program that is ready."""

    pid: int
    start_seconds: float

    def cpu_seconds(self) -> float:
        """Return user and system time so far, as `/proc/<pid>/stat` tells (see proc(5))."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / _TICKS_PER_SECOND

    def memory_mib(self) -> float:
        """Return the resident size."""
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * _PAGE_BYTES / 1024 / 1024

    def peak_mib(self) -> float:
        """Return the largest resident size so far."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024


@asynccontextmanager
async def started(program: Program) -> AsyncIterator[Running]:
    """Run a program until the end of the block; gives it once it is ready."""
    begun = time.monotonic()
    with program.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *program.command,
            env={**clean_environ(), **program.environ},
            stdout=log,
            stderr=log,
        )
    try:
        await _until_ready(program, process)
        yield Running(process.pid, time.monotonic() - begun)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until_ready(program: Program, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_READY_SECONDS), aiohttp.ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(program.ready_url) as answer:
                    if answer.status == program.ready_status:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.005)
    raise RuntimeError(f"it ended by itself:\n{program.log.read_text(encoding='utf-8')}")


def clean_environ() -> dict[str, str]:
    """Return the environment without whatever would configure the measured programs."""
    return {
        name: value for name, value in os.environ.items() if not name.upper().startswith(_PREFIXES)
    }


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
