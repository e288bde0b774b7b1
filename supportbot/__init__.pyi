# The public names with their types, for type checkers; `__init__.py` loads them on first use.

from supportbot.app import build_app as build_app
from supportbot.channels.base import Channel as Channel
from supportbot.completions.base import Completer as Completer
from supportbot.errors import ToolError as ToolError
from supportbot.knowledge.base import Retriever as Retriever
from supportbot.model.completion import ToolSpec as ToolSpec
from supportbot.policy.base import ReviewRule as ReviewRule
from supportbot.tools.declare import tool as tool
from supportbot.tools.declare import tool_from_schema as tool_from_schema
from supportbot.tools.tool import Tool as Tool
from supportbot.tools.tool import ToolContext as ToolContext
from supportbot.tools.tool import ToolRules as ToolRules
