from __future__ import annotations

import asyncio
import logging

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.errors import ChannelError
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import Ear, Setup, listening, make_channel, until


async def heard_one_more(setup: Setup, text: str) -> bool:
    before = len(setup.ear.inbound)
    setup.slack.direct("ada", text)
    await setup.slack.settled()
    return len(setup.ear.inbound) == before + 1


async def test_our_name_is_asked_once_not_for_each_event(setup: Setup) -> None:
    for number in range(3):
        assert await heard_one_more(setup, f"message {number}")
    assert len(setup.slack.calls("auth.test")) == 1


@pytest.mark.parametrize("how", ["ask_to_reconnect", "drop"])
async def test_socket_that_went_away_is_opened_again(socket: Setup, how: str) -> None:
    assert await heard_one_more(socket, "before")
    await getattr(socket.slack.sockets, how)()
    await until(lambda: len(socket.slack.calls("apps.connections.open")) >= 2)
    await socket.slack.connected()
    assert await heard_one_more(socket, "after")


async def test_socket_that_fell_silent_is_replaced(socket: Setup) -> None:
    socket.slack.sockets.stall()
    await until(lambda: len(socket.slack.calls("apps.connections.open")) >= 2)
    socket.slack.sockets.stall(on=False)
    await socket.slack.connected()
    await until(lambda: socket.channel.healthy() is None)
    assert await heard_one_more(socket, "after")


@pytest.mark.parametrize(
    ("transport", "secret"),
    [
        (Transport.HTTP, "bot_token"),
        (Transport.SOCKET, "bot_token"),
        (Transport.SOCKET, "app_token"),
    ],
)
async def test_refused_token_ends_the_channel_with_the_cure(
    slack: FakeSlack, ear: Ear, transport: Transport, secret: str
) -> None:
    channel = make_channel(slack, transport, **{secret: "xoxb-wrong-secret"})
    async with asyncio.timeout(5):
        with pytest.raises(ChannelError, match=r"invalid_auth.*SLACK_BOT_TOKEN") as caught:
            await channel.run(ear.accept)
    await channel.aclose()
    assert "xoxb-wrong-secret" not in str(caught.value)
    assert "invalid_auth" in (channel.healthy() or "")


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_slack_in_trouble_at_the_start_is_tried_again(
    slack: FakeSlack, ear: Ear, method: str
) -> None:
    slack.faults.fail(method, "service_unavailable", status=503, times=3)
    channel = make_channel(slack, Transport.SOCKET)
    assert channel.healthy() is not None
    async with listening(channel, ear.accept):
        await slack.connected()
    assert len(slack.calls(method)) == 4


async def test_unreachable_slack_is_told_by_health(slack: FakeSlack, ear: Ear) -> None:
    channel = make_channel(slack, Transport.HTTP, api_url="http://127.0.0.1:9/api/")
    async with listening(channel, ear.accept):
        await asyncio.sleep(0.3)
        assert "cannot be reached" in (channel.healthy() or "")


async def test_cancelled_channel_closes_its_socket(slack: FakeSlack, ear: Ear) -> None:
    channel = make_channel(slack, Transport.SOCKET)
    async with listening(channel, ear.accept):
        await slack.connected()
    await until(lambda: not slack.sockets.count)
    assert channel.healthy() is not None


async def test_channel_can_run_again(slack: FakeSlack, ear: Ear) -> None:
    channel = make_channel(slack, Transport.SOCKET)
    for _ in range(2):
        async with listening(channel, ear.accept):
            await slack.connected()
            slack.direct("ada", "hello")
            await slack.settled()
    assert len(ear.inbound) == 2


async def test_oauth_variables_do_not_change_the_mode(
    slack: FakeSlack, ear: Ear, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does Bolt say that it keeps installations in files."""
    caplog.set_level(logging.INFO)
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN"):
        monkeypatch.setenv(name, "xoxb-from-the-environment")
    channel = make_channel(slack, Transport.SOCKET)
    async with listening(channel, ear.accept):
        await slack.connected()
        slack.direct("ada", "hello")
        await slack.settled()
    assert len(ear.inbound) == 1
    assert len(slack.calls("auth.test")) == 1
    assert "InstallationStore" not in caplog.text


async def test_neither_tokens_nor_words_reach_the_log(
    setup: Setup, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    setup.ear.refusals_left = 1
    setup.slack.mention("support", "ada", "confidential words")
    await setup.slack.settled()
    await setup.slack.sockets.drop()
    await asyncio.sleep(0.5)
    shown = caplog.text + "".join(capsys.readouterr())
    assert "confidential" not in shown
    assert setup.slack.bot_token not in shown
    assert setup.slack.app_token not in shown
    assert "Traceback" not in shown
    assert "StoreUnavailable" in shown
