"""What a failed call means: one kind a failure, and whether trying again can help.

Pure: the adapter takes a vendor's error apart and asks here. Kinds are stored with completions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from supportbot.errors import CompletionError

#: Nothing was sent: too much waits already.
OVERLOADED = "overloaded"
#: Nothing was sent: every endpoint failed so often that it is left alone for a while.
BREAKER_OPEN = "breaker_open"

#: Codes that come with a 429 although no waiting will help: somebody has to pay.
_QUOTA = frozenset(
    ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "quota_exceeded"]
)
#: How servers say in words that a prompt is too long; some give no code for it.
_OVERFLOW = re.compile(
    r"maximum context length|context (?:size|window|length)"
    r"|too many (?:input |prompt )?tokens(?! per)|(?:prompt|input) is too long",
    re.IGNORECASE,
)
#: Statuses that come with it.
_OVERFLOWING = frozenset([400, 413, 422, 500])
_STATUS = re.compile(r"[45]\d\d")
_SERVER_ERROR = 500
_SHOWN_CHARACTERS = 300

#: Status code → kind and whether trying again is useless.
_BY_STATUS: Mapping[int, tuple[str, bool]] = {
    400: ("bad_request", True),
    401: ("authentication", True),
    402: ("quota", True),
    403: ("permission", True),
    404: ("not_found", True),
    408: ("timeout", False),
    409: ("conflict", False),
    413: ("context_length", True),
    422: ("bad_request", True),
    429: ("rate_limit", False),
}
#: A wait is asked for, whatever the message says of tokens.
_RATE_CODES = frozenset(["rate_limit_exceeded", "rate_limit_error"])
#: `code` or `type` of an error object that came without a status, inside a stream.
_BY_CODE: Mapping[str, tuple[str, bool]] = {
    **dict.fromkeys(_RATE_CODES, ("rate_limit", False)),
    "invalid_request_error": ("bad_request", True),
    "invalid_api_key": ("authentication", True),
    "authentication_error": ("authentication", True),
    "permission_error": ("permission", True),
    "model_not_found": ("not_found", True),
}
#: What somebody has to look at.
_CURES: Mapping[str, str] = {
    "authentication": "Check OPENAI_API_KEY.",
    "permission": "This key may not use this model.",
    "not_found": "Check `[model] name` and `[model] base_url`.",
    "quota": "The account has no credit left.",
    "not_api": "Check `[model] base_url`; it usually ends in /v1.",
    "dns": "Check `[model] base_url` and the name server.",
    "tls": "Check the certificates of this machine and the address.",
}
_LOOK = "If that goes on, look at the log and at the model's provider."


@dataclass(frozen=True, slots=True)
class Failure:
    """What a server said: a status where there is one, its error object, its headers."""

    message: str
    status: int | None = None
    code: str | None = None
    type: str | None = None
    headers: Mapping[str, str] | None = None


def cure(kind: str) -> str | None:
    """Return what somebody has to look at after a failure of this kind, where that is known."""
    return _CURES.get(kind)


def completion_error(kind: str, message: str, *, permanent: bool) -> CompletionError:
    """Make the error of a kind, with its cure where one is known."""
    shown = message[:_SHOWN_CHARACTERS]
    error = CompletionError(kind, f"{shown} {_CURES.get(kind, '')}".strip(), permanent=permanent)
    error.why = f"The model failed ({plain(kind)}). {_CURES.get(kind, _LOOK)}"
    return error


def left_alone(kind: str, since: datetime) -> CompletionError:
    """Make the error of a model that is not asked since then, because it kept failing like this."""
    message = "Every endpoint failed so often that it is left alone for a while."
    error = completion_error(BREAKER_OPEN, message, permanent=False)
    error.why = (
        f"The model is left alone since {since:%Y-%m-%d %H:%M} UTC (last error {plain(kind)}) "
        f"and asked again from time to time. {_CURES.get(kind, _LOOK)}"
    )
    return error


def plain(kind: str) -> str:
    """Return a kind of failure in words."""
    return kind.replace("_", " ")


def classify(failure: Failure, now: datetime) -> CompletionError:
    """Say what a failure means. `now` is for a `Retry-After` that is a date (RFC 9110, 10.2.3)."""
    kind, permanent = _kind(failure)
    headers = failure.headers or {}
    # Not a standard header; the vendor's way of telling whether a retry is welcome.
    if headers.get("x-should-retry") == "false":
        permanent = True
    error = completion_error(kind, failure.message, permanent=permanent)
    if not permanent:
        error.retry_after_seconds = retry_after_seconds(headers, now)
    return error


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read `retry-after-ms` or `retry-after` (seconds or a date); None where there is neither."""
    for name, unit_seconds in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            wait = float(headers.get(name, "")) * unit_seconds
        except ValueError:
            continue
        if math.isfinite(wait):
            return max(0.0, wait)
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _kind(failure: Failure) -> tuple[str, bool]:
    codes = {failure.code or "", failure.type or ""}
    if codes & _QUOTA:
        return "quota", True
    status = failure.status or _status_of(codes)
    if status is None and codes & _RATE_CODES:
        return "rate_limit", False
    if "context_length_exceeded" in codes or _overflows(failure.message, status):
        return "context_length", True
    if codes & {"content_filter", "content_policy_violation"}:
        return "content_filter", True
    if status is not None:
        if status in _BY_STATUS:
            return _BY_STATUS[status]
        return ("server", False) if status >= _SERVER_ERROR else ("bad_request", True)
    return next((_BY_CODE[code] for code in codes if code in _BY_CODE), ("server", False))


def _status_of(codes: set[str]) -> int | None:
    """Return the status that an error object names where the response itself had none."""
    return next((int(code) for code in codes if _STATUS.fullmatch(code)), None)


def _overflows(message: str, status: int | None) -> bool:
    """Tell whether a message says that the prompt is too long; a limit of tokens per minute isn't.

    A refusal for other reasons, or a broken server, may speak of the context too.
    """
    may_be = status is None or status in _OVERFLOWING
    return may_be and _OVERFLOW.search(message) is not None
