"""What authors of extensions test with: fakes here, contract suites in `testing.contracts`.

`FakeSlack` stands in `testing.fake_slack`: it brings a web server along, so it loads on its own.
"""

from __future__ import annotations

from supportbot.completions.scripted import ScriptedCompleter
from supportbot.testing.memory import Fails, LiveMemoryChannel, MemoryChannel, said

__all__ = ["Fails", "LiveMemoryChannel", "MemoryChannel", "ScriptedCompleter", "said"]
