"""`make bench`: speed and memory of supportbot beside a bare script, measured in the same run.

    python -m tests.benchmarks.run --only closed --only acks --ack-seconds 60

Real processes, loopback only, about six minutes; ends by itself and ends what it started. It never
fails for being slow (that depends on the machine), only when answers are missing or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from tests.benchmarks.breakdown import breakdown
from tests.benchmarks.closed import closed
from tests.benchmarks.dispatch import dispatch
from tests.benchmarks.everyday import everyday
from tests.benchmarks.figures import print_table
from tests.benchmarks.growing import growing
from tests.benchmarks.mail import mail
from tests.benchmarks.mailbox import mailbox
from tests.benchmarks.plan import Found, Plan
from tests.benchmarks.rush import flight, rush
from tests.benchmarks.stores import acks, wire, workers

#: What is measured, and the seconds after which it is given up.
_SECTIONS: dict[str, tuple[Callable[[Plan, Path], Awaitable[Found]], float]] = {
    "everyday": (everyday, 300),
    "closed": (closed, 240),
    "dispatch": (dispatch, 120),
    "growing": (growing, 120),
    "rush": (rush, 180),
    "wire": (wire, 120),
    "flight": (flight, 180),
    "acks": (acks, 700),
    "workers": (workers, 240),
    "breakdown": (breakdown, 90),
    "mail": (mail, 240),
    "mailbox": (mailbox, 500),
}


async def bench(name: str, plan: Plan, folder: Path) -> Found:
    """Measure one section; one that does not end is what went wrong."""
    measure, seconds = _SECTIONS[name]
    # What is sent in a second may take some to be answered, on each store and by the script.
    seconds += 30 * max(0.0, plan.ack_seconds - 10)
    try:
        async with asyncio.timeout(seconds):
            return await measure(plan, folder)
    except TimeoutError:
        return Found((), [f"{name} did not end within {seconds:g} s"])


def main() -> int:
    """Measure, print, and return 1 if answers were missing or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=_SECTIONS, action="append", help="these sections")
    parser.add_argument("--rounds", type=int, default=2, help="alternating rounds")
    parser.add_argument("--seconds", type=float, default=6.0, help="of one measurement")
    parser.add_argument("--ack-seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    plan = Plan(chosen.rounds, chosen.seconds, chosen.ack_seconds)
    console, begun = Console(), time.monotonic()
    wrong: list[str] = []
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="supportbot-bench-") as folder:
        for name in chosen.only or _SECTIONS:
            place = Path(folder) / name
            place.mkdir()
            wall, own = time.monotonic(), time.process_time()
            found = asyncio.run(bench(name, plan, place))
            share = (time.process_time() - own) / (time.monotonic() - wall)
            console.print(f"\n[bold]{name}[/bold], the fakes took {share:.0%} of a processor")
            print_table(console, found.rows)
            for note in found.notes:
                console.print(note, highlight=False)
            wrong += found.wrong
    console.print(
        f"\n{plan.rounds} alternating rounds, {os.cpu_count()} processors (load {busy:.1f} before) "
        f"shared by the program, the customers and the fakes; {time.monotonic() - begun:.0f} s. "
        "Every message was answered once: " + ("yes" if not wrong else "NO: " + "; ".join(wrong)),
        highlight=False,
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
