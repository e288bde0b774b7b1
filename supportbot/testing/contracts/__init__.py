"""What every channel, completer, retriever and dispatcher promises, as suites to derive from.

The suites need pytest and pytest-asyncio in its auto mode. Each test is one promise of the
docstrings in `channels.base`, `completions.base`, `knowledge.base` or `dispatch.base`.
"""

from __future__ import annotations

from supportbot.testing.contracts.channel import ChannelContract
from supportbot.testing.contracts.completer import CompleterContract
from supportbot.testing.contracts.dispatcher import DispatcherContract
from supportbot.testing.contracts.retriever import RetrieverContract

__all__ = ["ChannelContract", "CompleterContract", "DispatcherContract", "RetrieverContract"]
