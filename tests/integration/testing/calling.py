"""Calls of the fake workspace as a bot makes them."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.testing.fake_slack import FakeSlack


def client(slack: FakeSlack, token: str | None = None) -> AsyncWebClient:
    """Return the Web API with the bot's token, or with another; it tries everything once."""
    return AsyncWebClient(token=token or slack.bot_token, base_url=slack.url, retry_handlers=[])


async def refusal(call: Any) -> str:
    """Return the code that a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])
