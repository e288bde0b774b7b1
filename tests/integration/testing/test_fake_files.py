"""Files of the fake workspace: to a good token the file, to others the way to sign in."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.testing.fake_slack import FakeSlack


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [("xoxb-fake-bot", 200, b"boom"), ("xoxb-other", 302, b""), ("xapp-fake-app", 302, b"")],
)
async def test_file_is_given_to_its_workspace_only(token: str, status: int, body: bytes) -> None:
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        message = slack.files.share("support", "ada", "look", [("a.log", "text/plain", b"boom")])
        (file,) = message.files
        headers = {"Authorization": f"Bearer {token}"}
        async with session.get(
            file["url_private"], headers=headers, allow_redirects=False
        ) as answer:
            assert (answer.status, await answer.read()) == (status, body)
        async with session.get(file["url_private"]) as answer:
            assert "Sign in" in await answer.text()
        assert slack.files.requests == [(file["id"], token), (file["id"], "")]


async def test_event_of_a_shared_file_has_the_file_and_the_subtype() -> None:
    async with FakeSlack(retry_delays_seconds=()) as slack:
        kept = slack.files.add("a.log", "text/plain", b"boom")
        slack.files.share("support", "ada", "look", [kept])
        (delivery,) = slack.deliveries
        event = delivery.payload["event"]
        assert (event["subtype"], event["files"][0]["id"]) == ("file_share", kept.id)
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url)
        answer = await client.files_info(file=kept.id)
        assert answer["file"]["size"] == 4
