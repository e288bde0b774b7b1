"""A customer-support bot for Slack, email and web chat.

The names below are for authors of extensions. They load on first use, so that importing any single
module of the package stays cheap; nothing inside the package imports them from here. Type checkers
read `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "Channel": "supportbot.channels.base",
    "Completer": "supportbot.completions.base",
    "Retriever": "supportbot.knowledge.base",
    "ReviewRule": "supportbot.policy.base",
    "Tool": "supportbot.tools.tool",
    "ToolContext": "supportbot.tools.tool",
    "ToolError": "supportbot.errors",
    "ToolRules": "supportbot.tools.tool",
    "ToolSpec": "supportbot.model.completion",
    "build_app": "supportbot.app",
    "tool": "supportbot.tools.declare",
    "tool_from_schema": "supportbot.tools.declare",
}

__all__ = [
    "Channel",
    "Completer",
    "Retriever",
    "ReviewRule",
    "Tool",
    "ToolContext",
    "ToolError",
    "ToolRules",
    "ToolSpec",
    "build_app",
    "tool",
    "tool_from_schema",
]


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'supportbot' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
