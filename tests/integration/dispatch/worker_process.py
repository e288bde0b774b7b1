"""A worker as a process of its own: `python worker_process.py URL HOLD_SECONDS`; prints events."""

from __future__ import annotations

import asyncio
import sys

from supportbot.dispatch.base import Periodic
from supportbot.dispatch.procrastinate import ProcrastinateDispatcher


def tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


async def main(url: str, hold_seconds: float) -> None:
    async def settle(ticket_id: int) -> None:
        tell(f"began {ticket_id}")
        await asyncio.sleep(hold_seconds)
        tell(f"ended {ticket_id}")

    async def lead() -> None:
        tell("led")

    dispatcher = ProcrastinateDispatcher(url)
    await dispatcher.start(settle, [Periodic("lead", 0.2, lead)])
    tell("ready")
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], float(sys.argv[2])))
