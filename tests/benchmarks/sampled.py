"""Runs the command line with a sampler of processor time inside.

    python -m tests.benchmarks.sampled RESULT.json run --config FOLDER

Every 2 ms of processor time the running stack is counted for the part it belongs to, found from
the innermost frame outwards. Its own cost, some percent, falls on all parts alike.
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from supportbot.cli.root import app

_EVERY_SECONDS = 0.002
#: Part → path pieces of its frames; the first that is found on the way out decides.
_PARTS = {
    "SQL": ("/supportbot/store/", "/sqlalchemy/", "/psycopg/", "/aiosqlite/"),
    "model call and stream": ("/supportbot/completions/", "/openai/", "/httpx2/", "/httpcore2/"),
    "Slack calls": (
        "/channels/slack/replies/outbound",
        "/channels/slack/web.py",
        "/slack_sdk/web/",
    ),
    "Slack events in": (
        "/supportbot/channels/slack/",
        "/slack_bolt/",
        "/slack_sdk/",
        "/uvicorn/",
        "/starlette/",
    ),
    "prompt, review and knowledge": ("/supportbot/policy/", "/supportbot/knowledge/"),
    "dispatch and orchestration": ("/supportbot/dispatch/", "/supportbot/orchestrator/"),
}
#: Callbacks of sockets have no caller but the loop.
_LOOSE = {"client sockets (model and Slack)": ("/aiohttp/",), "event loop": ("/asyncio/",)}


class Sampler:
    """Counts samples by part."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """Count the running stack once."""
        files = []
        while frame is not None:
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
        self.counted[_part(files)] += 1


def _part(files: list[str]) -> str:
    for parts in (_PARTS, _LOOSE):
        for file in files:
            for part, pieces in parts.items():
                if any(piece in file for piece in pieces):
                    return part
    return "everything else"


def main() -> None:
    """Run until the command ends, then write what was counted."""
    result, arguments = Path(sys.argv[1]), sys.argv[2:]
    sampler = Sampler()
    signal.signal(signal.SIGPROF, sampler.take)
    # The start is not what is asked for: counting begins with the first SIGUSR1.
    signal.signal(signal.SIGUSR1, lambda *_: _begin(sampler))
    signal.signal(signal.SIGUSR2, lambda *_: result.write_text(json.dumps(sampler.counted)))
    app(arguments, standalone_mode=False)


def _begin(sampler: Sampler) -> None:
    sampler.counted.clear()
    signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)


if __name__ == "__main__":
    main()
