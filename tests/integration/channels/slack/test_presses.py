"""What whoever pressed a button is told, in their sight only."""

from __future__ import annotations

from supportbot.channels.slack.client import FixedToken
from supportbot.channels.slack.config import Transport
from supportbot.channels.slack.surfaces.presses import answer_press
from supportbot.channels.slack.web import SlackWeb, WebSession
from supportbot.model.inbound import Accepted
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import make_config


async def test_a_name_in_what_is_told_has_no_power(slack: FakeSlack) -> None:
    slack.say("support", "ada", "Hello")
    session = WebSession(make_config(slack, Transport.HTTP))
    web = SlackWeb(session, FixedToken(slack.bot_token))
    pressed = {
        "type": "block_actions",
        "user": {"id": "U0ADA"},
        "container": {"channel_id": "C0SUPPORT"},
    }
    answer = answer_press(web, pressed, Accepted(1, note="<!here> & Kim has this ticket already."))
    assert answer is not None
    await answer
    await session.aclose()
    ((user, told),) = slack.workspace.ephemerals
    assert (user, told.text) == ("U0ADA", "&lt;!here&gt; &amp; Kim has this ticket already.")
