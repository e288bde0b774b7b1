from __future__ import annotations

from datetime import UTC, datetime

import pytest

from supportbot.completions.failures import Failure, classify, retry_after_seconds

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failure", "kind", "permanent"),
    [
        (Failure("x", 400), "bad_request", True),
        (Failure("x", 401), "authentication", True),
        (Failure("x", 402), "quota", True),
        (Failure("x", 403), "permission", True),
        (Failure("x", 404), "not_found", True),
        (Failure("x", 408), "timeout", False),
        (Failure("x", 409), "conflict", False),
        (Failure("x", 418), "bad_request", True),
        (Failure("x", 422), "bad_request", True),
        (Failure("x", 429), "rate_limit", False),
        (Failure("x", 500), "server", False),
        (Failure("x", 529), "server", False),
        (Failure("x", 429, code="insufficient_quota"), "quota", True),
        (Failure("x", 429, type="insufficient_quota"), "quota", True),
        (Failure("x", 400, code="context_length_exceeded"), "context_length", True),
        (Failure("the maximum context length is 5", 400), "context_length", True),
        (Failure("exceeds the available context size", 400), "context_length", True),
        (Failure("Context window of 8192 exceeded", 400), "context_length", True),
        (Failure("Too many tokens: 9000 > 8192", 400), "context_length", True),
        (Failure("the request exceeds the available context size"), "context_length", True),
        (Failure("too many tokens per minute", 429), "rate_limit", False),
        (Failure("may not use this context window", 403), "permission", True),
        (Failure("x", code="400"), "bad_request", True),
        (Failure("x", code="401"), "authentication", True),
        (Failure("x", code="402"), "quota", True),
        (Failure("x", code="403"), "permission", True),
        (Failure("x", code="429"), "rate_limit", False),
        (Failure("x", code="503"), "server", False),
        (Failure("x", code="1305"), "server", False),
        (Failure("too many tokens per minute", code="429"), "rate_limit", False),
        (Failure("too many tokens", code="rate_limit_exceeded"), "rate_limit", False),
        (Failure("x", 400, code="string_above_max_length"), "bad_request", True),
        (Failure("x", 400, code="content_filter"), "content_filter", True),
        (Failure("x", code="rate_limit_exceeded"), "rate_limit", False),
        (Failure("x", type="invalid_request_error"), "bad_request", True),
        (Failure("x", code="insufficient_quota"), "quota", True),
        (Failure("x"), "server", False),
        (Failure("x", 503, headers={"x-should-retry": "false"}), "server", True),
    ],
)
def test_failure_has_a_kind_and_tells_whether_to_try_again(
    failure: Failure,
    kind: str,
    permanent: bool,  # noqa: FBT001 - a column of the table
) -> None:
    error = classify(failure, NOW)
    assert (error.kind, error.permanent) == (kind, permanent)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_wait_that_is_asked_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, NOW) == seconds


def test_error_names_the_cure() -> None:
    assert "OPENAI_API_KEY" in str(classify(Failure("Wrong key", 401), NOW))


def test_long_message_of_a_server_is_cut() -> None:
    assert len(str(classify(Failure("x" * 10_000, 500), NOW))) < 400
