"""Signed HTTP events: the bot's request URL is called."""

from __future__ import annotations

import io
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.signatures import Signature, signed_headers

_OK = range(200, 300)
_REASONS = {"timeout": "http_timeout", "unreachable": "connection_failed"}


class Webhooks:
    """Posts payloads to one request URL. A missing ack in time is noted as a violation."""

    def __init__(self, url: str, secret: str, ack_seconds: float, violations: list[str]) -> None:
        self._url = url
        self._secret = secret
        self._ack_seconds = ack_seconds
        self._violations = violations

    async def attempt(self, event: EventDelivery) -> str | None:
        """Post once; any 2xx in time is the ack."""
        headers = {}
        if event.attempts > 1:
            headers["x-slack-retry-num"] = str(event.attempts - 1)
            last = event.failures[-1] if event.failures else ""
            headers["x-slack-retry-reason"] = _REASONS.get(last, "http_error")
        try:
            status, event.response = await self._post_as(event, headers)
        except TimeoutError:
            self._violations.append(f"no ack within {self._ack_seconds} s")
            return "timeout"
        except aiohttp.ClientError:
            return "unreachable"
        return None if status in _OK else f"http_{status}"

    async def _post_as(self, event: EventDelivery, headers: dict[str, str]) -> tuple[int, str]:
        """Post as Slack does: a command's fields are those of a form, an interaction is one."""
        if event.kind != "slash_commands":
            return await self.post(event.payload, form=event.kind == "interactive", headers=headers)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.post_bytes(urlencode(event.payload).encode(), kind | headers)

    async def post(
        self,
        payload: dict[str, Any],
        *,
        form: bool = False,
        headers: dict[str, str] | None = None,
        how: Signature = Signature.VALID,
    ) -> tuple[int, str]:
        """Post a payload (as JSON, or as form field `payload`); return status and body."""
        text = json.dumps(payload)
        body = (urlencode({"payload": text}) if form else text).encode()
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        return await self.post_bytes(body, {"Content-Type": kind, **(headers or {})}, how)

    async def post_bytes(
        self, body: bytes, headers: dict[str, str], how: Signature = Signature.VALID
    ) -> tuple[int, str]:
        """Post any bytes, signed as told; return status and body."""
        signed = headers | signed_headers(body, self._secret, int(time.time()), how)
        timeout = aiohttp.ClientTimeout(total=self._ack_seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self._url, data=io.BytesIO(body), headers=signed) as answer,
        ):
            return answer.status, await answer.text()
