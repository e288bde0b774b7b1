from __future__ import annotations

import aiohttp
import pytest

from supportbot.channels.slack.config import Transport
from supportbot.errors import Unparsable
from supportbot.testing.fake_slack import FakeSlack
from supportbot.testing.fake_slack.signatures import Signature
from tests.integration.channels.slack.listening import Ear, Setup, make_channel, served

FORGED = [how for how in Signature if how is not Signature.VALID]


@pytest.mark.parametrize("how", FORGED)
async def test_request_that_slack_did_not_sign_is_refused_and_not_logged(
    http: Setup,
    how: Signature,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    payload = {"type": "event_callback", "event": {"text": "the secret words"}}
    assert await http.slack.forge(payload, how) == 401
    assert http.ear.inbound == []
    assert "secret words" not in caplog.text + capsys.readouterr().out
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("body", [b"\xff\xfe", b"x" * 10])
async def test_forged_bytes_are_refused(http: Setup, body: bytes) -> None:
    assert await http.slack.forge(body, Signature.WRONG) == 401


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": ',
        b"[1, 2]",
        b'{"type": "event_callback", "event": "text"}',
        b"null",
        b"[" * 100_000,
        b'{"event_time": ' + b"9" * 5000 + b"}",
    ],
)
async def test_signed_but_unreadable_payload_is_kept(http: Setup, body: bytes) -> None:
    assert await http.slack.forge(body, Signature.VALID) == 200
    (inbound,) = http.ear.inbound
    assert inbound.raw == body
    with pytest.raises(Unparsable):
        http.channel.parse(inbound)


async def test_unreadable_payload_that_cannot_be_kept_is_not_acknowledged(http: Setup) -> None:
    http.ear.refusals_left = 1
    assert await http.slack.forge(b"[1]", Signature.VALID) == 500


async def test_endless_body_is_cut_off(http: Setup) -> None:
    assert await http.slack.forge(b"x" * 5_000_000, Signature.WRONG) == 413


async def test_event_before_slack_is_reached_is_to_be_sent_again(
    slack: FakeSlack, ear: Ear
) -> None:
    channel = make_channel(slack, Transport.HTTP)
    async with served(channel.routes(ear.accept)) as origin:
        with pytest.raises(ValueError, match="503"):
            await slack.use_http(f"{origin}/slack/events")
    assert ear.inbound == []


async def test_other_methods_are_not_served(slack: FakeSlack, ear: Ear) -> None:
    channel = make_channel(slack, Transport.HTTP)
    async with (
        served(channel.routes(ear.accept)) as origin,
        aiohttp.ClientSession() as session,
        session.get(f"{origin}/slack/events") as answer,
    ):
        assert answer.status == 405


def test_socket_mode_serves_no_route(slack: FakeSlack, ear: Ear) -> None:
    assert make_channel(slack, Transport.SOCKET).routes(ear.accept) == ()
