"""Functions that the model may call: an example to read and to change.

This version of supportbot does not read this file yet: tools are offered to the model from the next
version on. It shows what will be expected of a function, so that yours can be written and tested:

* plain Python with a type on every argument; the types become the schema that the model sees;
* a docstring that says what it is for: the model reads its first line and the `Args` section;
* it returns something that JSON can hold, and raises `LookupError` where there is nothing to find;
* it is named in a policy before any product may use it: a function that no policy names is never
  offered, and the policy decides whether the customer must confirm first.
"""

from __future__ import annotations

# Your own data would come from a database or an API of yours.
_PLAN_STORAGE_GB = {"starter": 10, "plus": 50, "pro": 200}


def get_plan_storage(plan: str) -> dict[str, object]:
    """Look up how much storage a hosting plan has.

    Args:
        plan: Name of the plan: starter, plus or pro.
    """
    name = plan.strip().lower()
    if name not in _PLAN_STORAGE_GB:
        raise LookupError(f"there is no plan {plan!r}")
    return {"plan": name, "storage_gb": _PLAN_STORAGE_GB[name]}
