"""What a model reads as the result of a call: text, the same for the same value. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

#: A longer result is cut: head and tail stay.
MOST_CHARACTERS = 20_000

#: A result of more values than this is not turned into text at all: that would take the processor
#: for seconds, and nothing else of the process could run meanwhile. Long texts count for several.
MOST_VALUES = 200_000
_CHARACTERS_PER_VALUE = 20


class Outcome(StrEnum):
    """What is known of a call afterwards."""

    DONE = "done"
    #: Nothing was changed.
    FAILED = "failed"
    #: It may or may not have changed something.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ran:
    """A call that is over."""

    outcome: Outcome
    #: For the model.
    text: str


def failed(kind: str, message: str) -> Ran:
    """Make the result of a call that changed nothing."""
    return Ran(Outcome.FAILED, error_text(kind, message))


def unknown(name: str, why: str) -> Ran:
    """Make the result of a call that may have changed something."""
    message = f"It is not known whether {name} was carried out: {why}. Do not repeat it."
    return Ran(Outcome.UNKNOWN, error_text("uncertain", message))


def error_text(kind: str, message: str) -> str:
    """Describe an error to a model."""
    return _canonical({"error": {"type": kind, "message": message}})


def wrong_arguments(name: str, error: ValidationError) -> Ran:
    """Tell a model what is wrong with the arguments it gave."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return failed("invalid_json", f"The arguments of {name} are not JSON: {found[0]['msg']}.")
    said = "; ".join(f"{_place(one['loc'])}{one['msg']}" for one in found)
    return failed("invalid_arguments", f"{name} was not called: {said}.")


def shown(value: object) -> str:
    """Turn what a tool returned into text: a text as it is, else JSON with sorted keys.

    Of a result with too many values the text says only that.

    Raises:
        ValueError: JSON cannot hold it.
    """
    if isinstance(value, str):
        return capped(value)
    if _is_too_large(value):
        return error_text("result_too_large", "The result is too large to be shown; ask for less.")
    return capped(_canonical(_ordered(value)))


def capped(text: str) -> str:
    """Keep head and tail of a text that is too long, with a visible mark between."""
    if len(text) <= MOST_CHARACTERS:
        return text
    tail = MOST_CHARACTERS // 4
    head = MOST_CHARACTERS - tail
    mark = f"\n[... {len(text) - MOST_CHARACTERS} characters left out ...]\n"
    return text[:head] + mark + text[-tail:]


def _place(place: tuple[str | int, ...]) -> str:
    return ".".join(map(str, place)) + ": " if place else ""


def _canonical(value: object) -> str:
    plain = to_jsonable_python(value, inf_nan_mode="null")
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _ordered(value: Any) -> Any:
    """Give sets an order: theirs changes from process to process."""
    if isinstance(value, dict):
        return {key: _ordered(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_ordered(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted((_ordered(one) for one in value), key=repr)
    if isinstance(value, Iterator):  # it may have no end
        return [_ordered(one) for one in islice(value, MOST_VALUES)]
    return value


def _is_too_large(value: object) -> bool:
    """Count values, and stop as soon as there are too many; an iterator is left as it is."""
    left, waiting = MOST_VALUES, [value]
    while waiting and len(waiting) <= left:  # each that waits is one at least
        one = waiting.pop()
        left -= 1
        if isinstance(one, str | bytes):
            left -= len(one) // _CHARACTERS_PER_VALUE
        else:
            waiting += islice(_parts(one), left + 1)
    return bool(waiting) or left < 0


def _parts(value: Any) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, BaseModel):
        return value.__dict__.values()
    if is_dataclass(value) and not isinstance(value, type):
        return (getattr(value, one.name, None) for one in fields(value))
    return ()
