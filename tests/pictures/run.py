"""`make pictures`: the Slack surfaces of the lab page as pictures of docs/.

Pictures differ a little from run to run (times, ids) and from machine to machine (fonts).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import supportbot.cli
from supportbot.demo.folder import prepare
from supportbot.demo.scene import Day
from supportbot.demo.show import opened_day
from supportbot.demo.stage import bound, staged
from supportbot.testing.fake_model import FakeModel
from tests.browser.chromium import Page, browser
from tests.pictures.surfaces import SURFACES, Surface

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_STARTER = Path(supportbot.cli.__file__).parent / "starter"
_WIDTH, _LEAST_HEIGHT, _MOST_HEIGHT = 1120, 420, 1200
_ANSWER = (
    "To restore a backup, open **Websites > Backups** and choose a day. Then select *Restore "
    "files*, *Restore database* or both. Download the current state first: the restore replaces "
    "what is there now."
)


async def main() -> None:
    """Make all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="such as `thread`; all if none is named")
    wanted = parser.parse_args().names
    chosen = [one for one in SURFACES if not wanted or one.name in wanted]
    PICTURES.mkdir(exist_ok=True)
    async with browser() as page:
        for surface in chosen:
            picture = await taken(page, surface)
            path = PICTURES / f"slack-{surface.name}.png"
            path.write_bytes(picture)
            print(f"{path.name:<24} {len(picture) / 1000:.0f} kB")  # noqa: T201 - a command's output


async def taken(page: Page, surface: Surface) -> bytes:
    """Play what brings a surface about, and return its picture as PNG."""
    async with AsyncExitStack() as stack:
        environment = {}
        if surface.slow_model:
            slow = FakeModel(lambda _: _ANSWER, first_token_seconds=3, seconds_per_chunk=2)
            model = await stack.enter_async_context(slow)
            environment = {"OPENAI_BASE_URL": model.url, "SUPPORTBOT_MODEL_NAME": "slow-model"}
        day = await stack.enter_async_context(opened(environment))
        await page.visit(f"{day.stage.origin}/lab", _WIDTH, _LEAST_HEIGHT)
        await page.until("document.querySelector('#slack-tabs button') !== null")
        await surface.play(day)
        await _looked_at(page, surface)
        return await page.picture(".pane.slack")


@asynccontextmanager
async def opened(environment: Mapping[str, str]) -> AsyncIterator[Day]:
    """Open the lab of a new demo without its scripted day."""
    with tempfile.TemporaryDirectory(prefix="supportbot-pictures-") as name, bound(0) as listening:
        folder = Path(name) / "demo"
        prepare(folder, _STARTER)
        async with staged(folder, listening, environment) as stage, opened_day(stage) as day:
            yield day


async def _looked_at(page: Page, surface: Surface) -> None:
    """Go where it is to be seen, as its viewer, in a window in which all of it has room."""
    await page.click("#slack-only")
    await page.choose("#slack-user", surface.viewer.handle)
    await page.click(f"#slack-tabs [data-channel='{surface.tab}']")
    await page.shows(".pane.slack", surface.words)
    await page.resize(_WIDTH, await _fitting(page))
    if surface.typed is not None:
        await page.type_into("#slack-modal textarea", surface.typed)
    if surface.under_mouse is not None:
        await page.point_at(surface.under_mouse)


async def _fitting(page: Page) -> int:
    """Return the height of a window in which nothing in the pane needs scrolling."""
    missing = await page.evaluate(
        "Math.max(...['#slack-list', '#slack-modal'].map((id) => {"
        " const it = document.querySelector(id); return it.scrollHeight - it.clientHeight; }))"
    )
    return min(_MOST_HEIGHT, _LEAST_HEIGHT + int(missing))


if __name__ == "__main__":
    asyncio.run(main())
