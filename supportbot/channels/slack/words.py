"""What the bot says in Slack beside its answers."""

from __future__ import annotations

from collections.abc import Mapping

from supportbot.channels.slack.parse import GROUP_UNKNOWN, NOT_IN_GROUP

#: Told to whoever may not ask in a channel, by the reason that is stored.
BARRED: Mapping[str, str] = {
    NOT_IN_GROUP: "I only take questions of certain groups in this channel. "
    "Ask me in a direct message, or ask a colleague who is a member.",
    GROUP_UNKNOWN: "I cannot find out right now whether you may ask me in this channel. "
    "Please try again in a few minutes.",
}
