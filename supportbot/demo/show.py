"""`supportbot demo`: plays the scripted day, then leaves the stage to the user."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from supportbot.dashboard.access import Access, link_path
from supportbot.demo.cast import ROBIN
from supportbot.demo.folder import LOG, prepare
from supportbot.demo.lab.page import Lab
from supportbot.demo.ledger import Ledger, totals
from supportbot.demo.printing import announce, console, show_scene, show_summary
from supportbot.demo.scene import Day, Scene, Take, perform
from supportbot.demo.script import SCENES
from supportbot.demo.stage import Stage, bound, staged
from supportbot.model.catalog import OperatorRole
from supportbot.store import operators

_PATIENCE_SECONDS = 20.0


async def show(*, starter: Path, once: bool, keep: Path | None, port: int) -> int:
    """Play the day; then serve until Ctrl-C, unless `once` is set or nobody sits at a terminal.

    `starter` is the folder that policies and knowledge are copied from, `keep` a folder for the
    database and everything else (None: a temporary one). Returns the exit code: after the day
    alone 0 only if every expectation held, after serving 0.

    Raises:
        ConfigError: the folder, the port or the model's settings cannot be used.
    """
    out = console()
    alone = once or not sys.stdout.isatty()
    with _folder(keep) as folder, bound(port) as listening, _interruption() as interrupted:
        prepare(folder, starter)
        taken = listening.getsockname()[1]
        if port not in {0, taken}:
            out.print(Text(f"Port {port} is busy; using {taken} instead.", "yellow"))
        async with staged(folder, listening, os.environ) as stage, opened_day(stage) as day:
            announce(out, stage.answered_by, has_model=stage.has_model)
            held = await _unless(interrupted, _play(out, day))
            if alone:
                return 0 if held else 1
            if not interrupted.is_set():
                await _invite(out, stage, kept=keep is not None)
                await interrupted.wait()
            out.print("\nThe demo ends.")
    return 0


async def _play(out: Console, day: Day) -> bool:
    """Play all scenes and print them; tell whether every expectation held."""
    began, began_at = time.monotonic(), day.stage.house.wiring.clock()
    played: list[tuple[Scene, Take]] = []
    for number, scene in enumerate(SCENES, 1):
        start = time.monotonic()
        take = await perform(scene, day)
        played.append((scene, take))
        seconds = time.monotonic() - start
        show_scene(out, number, scene, take, answered_by=day.stage.answered_by, seconds=seconds)
    cases = await day.ledger.opened_since(_whole_ms(began_at))
    show_summary(out, played, totals(cases), time.monotonic() - began)
    return all(take.held for _, take in played)


def _whole_ms(moment: datetime) -> datetime:
    """Step back to the store's resolution."""
    return moment - timedelta(milliseconds=1)


async def _invite(out: Console, stage: Stage, *, kept: bool) -> None:
    """Print where everything is, with a login link that works once."""
    fate = "kept" if kept else "removed at the end"
    out.print()
    for name, where in (
        ("Lab page", f"{stage.origin}/lab"),
        ("Web chat", f"{stage.origin}/chat"),
        ("Dashboard", f"{stage.origin}{await _login(stage)}"),
        ("", "(signs you in once, as an admin)"),
        ("Bot folder", f"{stage.folder} ({fate})"),
        ("Log", f"{stage.folder / LOG}"),
    ):
        out.print(Text.assemble((f"{name:<12}", "bold"), where), soft_wrap=True)
    out.print("\nWrite as a customer on the lab page. Ctrl-C ends the demo.")


async def _login(stage: Stage) -> str:
    wiring = stage.house.wiring
    access = Access(wiring.db, wiring.clock)
    async with wiring.db.writing() as work:
        operator = await operators.by_email(work, ROBIN.email)
        if operator is not None:  # Slack knew them first, as an operator
            await operators.change(work, operator.id, role=OperatorRole.ADMIN)
    if operator is None:
        operator = await access.create_operator(ROBIN.email, ROBIN.name, OperatorRole.ADMIN)
    return link_path(await access.login_link(operator.id))


@asynccontextmanager
async def opened_day(stage: Stage) -> AsyncIterator[Day]:
    """Open the lab beside the product; its visitors leave at the end."""
    turn_seconds = stage.settings.model.turn_seconds if stage.has_model else 0.0
    ledger = Ledger(stage.house.wiring.db)
    day = Day(stage, ledger, _PATIENCE_SECONDS + turn_seconds)
    # In front: the dashboard answers whatever nobody else does.
    stage.app.router.routes[:0] = Lab(day).routes()
    try:
        yield day
    finally:
        for visitor in day.visitors:
            await visitor.aclose()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="supportbot-demo-") as name:
        yield Path(name).resolve()


@contextmanager
def _interruption() -> Iterator[asyncio.Event]:
    """Turn Ctrl-C and SIGTERM into an event while the block runs."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    caught = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C stays a KeyboardInterrupt
            loop.add_signal_handler(number, event.set)
            caught.append(number)
    try:
        yield event
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


async def _unless(interrupted: asyncio.Event, work: Coroutine[None, None, bool]) -> bool:
    """Do the work and return its result; False as soon as the user interrupts it."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(interrupted.wait())
    try:
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else False
    finally:
        working.cancel()
        waiting.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
