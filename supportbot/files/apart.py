"""Processes that read what strangers send: bounded, and told no secret of ours."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress

_NICE = 10
#: What Python may need to start at all.
_NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")


def environment() -> Mapping[str, str]:
    """Return what a process needs to find our modules, and nothing that it could tell anybody."""
    needed = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    return {**needed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def bound(memory_bytes: int, cpu_seconds: int | None = None) -> None:
    """Take little of the machine from now on, as far as the system lets us say so."""
    with suppress(OSError):  # such as deploy/supportbot.service, which forbids it
        os.nice(_NICE)
    bounds = {resource.RLIMIT_AS: memory_bytes}
    if cpu_seconds is not None:
        bounds[resource.RLIMIT_CPU] = cpu_seconds
    for what, most in bounds.items():
        with suppress(ValueError, OSError):  # macOS has no bound of memory; or it is lower already
            resource.setrlimit(what, (most, most))
