"""Functions that the model may call: two examples to read and to change.

* Plain Python, sync or async, with a type on every argument: the types become the schema that the
  model sees; the docstring tells it what the function is for.
* What it returns goes back to the model: text as it is, anything else as JSON. Raise
  `supportbot.ToolError` to tell the model what went wrong.
* No product uses a function before its policy names it: see policies/products/hosting.md. One that
  changes something says `@supportbot.tool(writes=True)` and needs `access: write`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import supportbot
from pydantic import Field

# Your own data would come from a database or an API of yours.
_PLAN_STORAGE_GB = {"starter": 10, "plus": 50, "pro": 200}


@supportbot.tool
def get_plan_storage(
    plan: Annotated[str, Field(description="Name of the plan: starter, plus or pro.")],
) -> dict[str, object]:
    """Look up how much storage a hosting plan has."""
    name = plan.strip().lower()
    if name not in _PLAN_STORAGE_GB:
        raise supportbot.ToolError(f"There is no plan {plan!r}.")
    return {"plan": name, "storage_gb": _PLAN_STORAGE_GB[name]}


@supportbot.tool(writes=True, needs_identity=True)
async def request_backup(
    size: Literal["files", "everything"], context: supportbot.ToolContext, idempotency_key: str
) -> str:
    """Ask for an extra backup of the customer's website."""
    # Send the key along to your API: it lets a call be repeated after a crash without a second
    # backup. Without such a parameter a call that was interrupted goes to a person instead.
    return f"A backup of {size} is on its way for {context.customer} (order {idempotency_key})."
