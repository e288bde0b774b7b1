"""The composition root: settings in, wired objects out; the only place where vendors meet the core.

`build_app` gives the ASGI application, `opened` the operators' verbs for the command line, and
`answering` the whole house without its listeners.
"""

from __future__ import annotations

from supportbot.app.house import Desk, House, answering, opened
from supportbot.app.serving import application, build_app, running

__all__ = ["Desk", "House", "answering", "application", "build_app", "opened", "running"]
