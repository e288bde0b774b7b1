"""Slack Connect: a channel that two workspaces share.

Where both have the app, each event is sent once, authorized for the workspace that joined last,
whoever wrote and whichever bot is mentioned: https://github.com/slackapi/bolt-js/issues/2008.
"""

from __future__ import annotations

from supportbot.testing.fake_slack.workspace import FakeChannel, Workspace


def share(channel: FakeChannel, host: Workspace, guest: Workspace) -> None:
    """Let another workspace join a channel, with all of its people and its bot."""
    channel.is_ext_shared = True
    channel.members.add(guest.bot_user)
    guest.channels[channel.id] = channel
    for here, there in ((host, guest), (guest, host)):
        here.partners[channel.id] = there
        here.users |= {**there.users, **here.users}
    host.authorized[channel.id] = guest.authorized[channel.id] = guest
