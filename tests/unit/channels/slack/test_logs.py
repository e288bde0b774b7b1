from __future__ import annotations

import logging

import pytest

from supportbot.channels.slack.logs import vendor_logger


def test_secrets_and_tracebacks_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    error = OSError("wss://x/link?ticket=abc")
    vendor_logger().error("failed (%s) with xoxb-1-2 and xapp-9", error, exc_info=error)
    assert "abc" not in caplog.text
    assert "xoxb-1" not in caplog.text
    assert "xapp-9" not in caplog.text
    assert "Traceback" not in caplog.text


def test_requests_are_not_logged_in_full() -> None:
    assert vendor_logger().level > logging.DEBUG
