"""A Slack workspace in this process, to test bots against: no network, no account.

It speaks the Web API, Socket Mode and signed HTTP events as documented at https://docs.slack.dev,
refuses what Slack refuses, sends again what was not acknowledged, and can be told to fail::

    async with FakeSlack() as slack:
        bot = start_my_bot(slack.url, slack.bot_token, slack.app_token)  # docs/how-to/fake-slack.md
        await slack.connected()
        question = slack.mention("support", "ada", "How do I export?")
        (answer,) = await slack.wait_for_replies(question)
        slack.click(answer, "my_button", "ada")

People also share files (`slack.files`), type commands and choose shortcuts (`slack.requests`), open
the home tab, press in it and fill in modals (`slack.views`), open the messages tab (`slack.tab`),
put reactions on messages (`slack.reactions`) and belong to user groups (`slack.groups`). Streams
grow, expire and are stopped (`slack.streams`); what is called too often is refused (`slack.rates`).
Things vanish (`slack.lose`) and come in another order (`slack.order`). Not here yet: files that a
bot uploads.

Further workspaces install the same app (`slack.oauth`: consent, codes, tokens that end, removal)
and may share channels; a token that is used in another workspace than its own is a violation::

    other = slack.another("umbrella")
    code = other.oauth.consent("ada")     # buys a token by oauth.v2.access
    slack.share("support", other)         # Slack Connect
    other.oauth.uninstall()
"""

from __future__ import annotations

from supportbot.testing.fake_slack.faults import Faults
from supportbot.testing.fake_slack.files import FakeFile
from supportbot.testing.fake_slack.groups import FakeGroup
from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.rates import ALL_LIMITS, STREAM_LIMITS, Limit
from supportbot.testing.fake_slack.server import FakeSlack
from supportbot.testing.fake_slack.web_api import Call
from supportbot.testing.fake_slack.workspace import FakeChannel, FakeMessage, FakeUser

__all__ = [
    "ALL_LIMITS",
    "STREAM_LIMITS",
    "Call",
    "EventDelivery",
    "FakeChannel",
    "FakeFile",
    "FakeGroup",
    "FakeMessage",
    "FakeSlack",
    "FakeUser",
    "Faults",
    "Limit",
]
