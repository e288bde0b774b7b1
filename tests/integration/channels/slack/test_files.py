"""Files of messages are fetched from Slack, with our token for Slack alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from supportbot.errors import FileUnavailable
from supportbot.model.inbound import Attached, CustomerMessage, Referred
from supportbot.testing.fake_slack import FakeFile
from tests.integration.channels.slack.listening import Setup

LIMIT = 200_000


async def shared(setup: Setup, *files: FakeFile) -> list[Referred]:
    """Share files with the bot; return them as they were understood."""
    setup.slack.files.share("support", "ada", "<@U0FAKEBOT1> look", files)
    await setup.slack.settled()
    heard = setup.heard()[-1]
    assert isinstance(heard, CustomerMessage)
    assert all(isinstance(file, Referred) for file in heard.attachments)
    return [file for file in heard.attachments if isinstance(file, Referred)]


async def refusal(setup: Setup, ref: Any) -> tuple[str, bool]:
    with pytest.raises(FileUnavailable) as refused:
        await setup.channel.fetch(ref, LIMIT)
    return refused.value.reason, refused.value.permanent


async def test_file_is_named_when_it_is_heard_and_fetched_when_it_is_asked_for(
    setup: Setup,
) -> None:
    log = setup.slack.files.add("error.log", "text/plain", b"boom")
    (file,) = await shared(setup, log)
    assert (file.filename, file.content_type, file.size_bytes) == ("error.log", "text/plain", 4)
    assert setup.slack.files.requests == []
    assert await setup.channel.fetch(file.ref, LIMIT) == Attached("", "", b"boom")
    assert setup.slack.files.requests == [(log.id, setup.slack.bot_token)]


async def test_file_of_another_company_is_looked_up_first(http: Setup) -> None:
    log = http.slack.files.add("error.log", "text/plain", b"boom")
    log.hidden = True
    (file,) = await shared(http, log)
    assert file.filename == "unnamed"
    found = await http.channel.fetch(file.ref, LIMIT)
    assert found == Attached("error.log", "text/plain", b"boom")
    log.gone = True
    assert await refusal(http, file.ref) == ("gone", True)
    http.slack.faults.fail("files.info", "missing_scope")
    assert await refusal(http, file.ref) == ("refused", True)
    http.slack.faults.fail("files.info", "internal_error")
    assert await refusal(http, file.ref) == ("unavailable", False)


@pytest.mark.parametrize(
    ("change", "reason", "permanent"),
    [
        ({"gone": True}, "gone", True),
        ({"status": 403}, "refused", True),
        ({"status": 429}, "unavailable", False),
        ({"status": 503}, "unavailable", False),
        ({"content": b"x" * (LIMIT + 1)}, "too_large", True),
        ({"moved_to": "/signin"}, "refused", True),
    ],
)
async def test_file_that_cannot_be_had_says_why(
    change: dict[str, Any], reason: str, permanent: object, http: Setup
) -> None:
    log = http.slack.files.add("error.log", "text/plain", b"boom")
    (file,) = await shared(http, log)
    for name, value in change.items():
        setattr(log, name, value)
    assert await refusal(http, file.ref) == (reason, permanent)


async def test_token_without_the_scope_is_shown_the_sign_in_page(http: Setup) -> None:
    log = http.slack.files.add("error.log", "text/plain", b"boom")
    (file,) = await shared(http, log)
    url = str(file.ref["url"])
    sign_in = file.ref | {"url": f"{url.partition('/files-pri')[0]}/signin"}
    assert await refusal(http, sign_in) == ("refused", True)
    # Also where a page was shared, the sign-in page is not taken for it.
    assert await refusal(http, sign_in | {"type": "text/html"}) == ("refused", True)


async def test_page_that_was_shared_is_fetched(http: Setup) -> None:
    page = http.slack.files.add("report.html", "text/html", b"<p>it fails</p>")
    (file,) = await shared(http, page)
    assert (await http.channel.fetch(file.ref, LIMIT)).content == b"<p>it fails</p>"
    page.hidden = True
    (file,) = await shared(http, page)
    found = await http.channel.fetch(file.ref, LIMIT)
    assert found == Attached("report.html", "text/html", b"<p>it fails</p>")


async def test_file_of_another_company_that_is_only_a_link_says_so(http: Setup) -> None:
    page = http.slack.files.add("plan.gdoc", "application/vnd.google-apps", b"")
    page.hidden = True
    (file,) = await shared(http, page)
    page.is_external = True
    assert await refusal(http, file.ref) == ("elsewhere", True)
    assert http.slack.files.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a",
        "https://files.slack.com.evil.example/a",
        "https://files.slack.com@evil.example/a",
        "https://files.slack.com:8443/a",
        "http://files.slack.com/a",
        "http://127.0.0.1:1/a",
        "file:///etc/passwd",
        "https://[broken",
        "",
    ],
)
async def test_no_other_place_is_asked(url: str, http: Setup) -> None:
    assert await refusal(http, {"team": http.slack.team, "url": url or "x"}) == ("refused", True)


async def test_token_does_not_follow_a_redirect(http: Setup) -> None:
    shown: list[str | None] = []

    async def elsewhere(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Authorization"))
        return web.Response(text="secret")

    app = web.Application()
    app.router.add_get("/a", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    log = http.slack.files.add("error.log", "text/plain", b"boom")
    log.moved_to = f"http://127.0.0.1:{runner.addresses[0][1]}/a"
    (file,) = await shared(http, log)
    assert await refusal(http, file.ref) == ("refused", True)
    assert shown == []
    await runner.cleanup()


async def test_body_without_end_is_left_at_the_limit(http: Setup) -> None:
    log = http.slack.files.add("error.log", "text/plain", b"x" * 20 * LIMIT)
    log.size = 10
    (file,) = await shared(http, log)
    assert await refusal(http, file.ref) == ("too_large", True)


async def test_slow_file_can_be_left(http: Setup) -> None:
    log = http.slack.files.add("error.log", "text/plain", b"x" * LIMIT)
    log.seconds_per_piece = 30
    (file,) = await shared(http, log)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await http.channel.fetch(file.ref, LIMIT)
