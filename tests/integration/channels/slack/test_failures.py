"""Answers that Slack, or whatever stands before it, may give, and what they mean for a delivery."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.failures import translated
from supportbot.errors import DeliveryUnknown, SendError

HTML = "<html>no</html>"


@dataclass
class Answering:
    """A client, and what it is answered."""

    client: AsyncWebClient
    status: int = 200
    body: str | bytes = HTML
    content_type: str = "text/html"
    asked: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        body = self.body if isinstance(self.body, bytes) else self.body.encode()
        headers = {"Content-Type": self.content_type}
        return web.Response(status=self.status, body=body, headers=headers)

    async def post(self, *, may_repeat: bool = False) -> None:
        with translated("post", may_repeat=may_repeat):
            await self.client.chat_postMessage(channel="C1", text="hi")


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    client = AsyncWebClient(token="xoxb-1", retry_handlers=[])
    client.proxy = None
    answering = Answering(client)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answering.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    yield answering
    await runner.cleanup()


@pytest.mark.parametrize("status", [400, 403, 404, 407, 408, 451, 503])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (HTML, "text/html"),
        ("no", "text/plain"),
        (HTML, "application/json"),
        ('{"error": "forbidden by the gateway"}', "application/json"),
        ("", "text/html"),
    ],
)
async def test_an_error_that_is_not_slacks_own_is_temporary(
    answering: Answering, status: int, body: str, content_type: str
) -> None:
    answering.status, answering.body, answering.content_type = status, body, content_type
    with pytest.raises(SendError, match=f"http_{status}") as caught:
        await answering.post()
    assert not caught.value.permanent


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_an_error_of_a_proxy_that_passed_the_call_on_leaves_a_post_unknown(
    answering: Answering, status: int
) -> None:
    """What it posted must be found before it is taken for unsent, and cancelled by a take-over."""
    answering.status = status
    with pytest.raises(DeliveryUnknown):
        await answering.post()
    with pytest.raises(SendError) as caught:
        await answering.post(may_repeat=True)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("code", "permanent"),
    [("org_login_required", False), ("team_added_to_org", False), ("channel_not_found", True)],
)
async def test_slacks_own_error_tells_whether_to_try_again(
    answering: Answering, code: str, *, permanent: bool
) -> None:
    answering.body = f'{{"ok": false, "error": "{code}"}}'
    answering.content_type = "application/json"
    with pytest.raises(SendError, match=code) as caught:
        await answering.post()
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("hello", "text/plain"),
        (b"\xff\xfe", "text/plain; charset=utf-8"),
        (HTML, "text/html"),
        (HTML, "application/json"),
        ("[1]", "application/json"),
        (b'"\xff"', "application/json; charset=utf-8"),
    ],
)
async def test_an_answer_that_cannot_be_read_leaves_a_post_unknown(
    answering: Answering, body: str | bytes, content_type: str
) -> None:
    answering.body, answering.content_type = body, content_type
    with pytest.raises(DeliveryUnknown):
        await answering.post()
    with pytest.raises(SendError) as caught:
        await answering.post(may_repeat=True)
    assert not caught.value.permanent
    assert len(answering.asked) == 2
