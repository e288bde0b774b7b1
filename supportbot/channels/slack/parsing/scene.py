"""What is known beside a payload when it is read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supportbot.channels.slack.config import ChannelRules, Rulebook
from supportbot.channels.slack.identity import Identity

#: Why somebody may not open a ticket in a channel that is reserved for groups.
NOT_IN_GROUP = "not_in_group"
GROUP_UNKNOWN = "group_unknown"
#: Marks what Bolt could not read, in an inbound's meta.
UNREADABLE = "unreadable"
#: Why nothing is made of what comes from a workspace that never installed the app, or removed it.
NOT_INSTALLED = "app_not_installed"


@dataclass(frozen=True, slots=True)
class Scene:
    """Who we are, what holds where, and what was known of the person who did something."""

    own: Identity
    rulebook: Rulebook
    #: Facts from the moment when it was heard: see `directory.Directory.facts`.
    meta: Mapping[str, str]

    @property
    def by_operator(self) -> bool:
        """True where the person is one of the operators."""
        return self.meta.get("operator") == "1"

    @property
    def perhaps_by_operator(self) -> bool:
        """True where nobody can tell yet whether the person is one of the operators."""
        return self.meta.get("operator_unknown") == "1"

    def barred(self, rules: ChannelRules) -> str | None:
        """Say why the person may not open a ticket in a channel that is reserved for some."""
        if not rules.groups or rules.groups & set(self.meta.get("groups", "").split()):
            return None
        unknown = rules.groups & set(self.meta.get("groups_unknown", "").split())
        return GROUP_UNKNOWN if unknown else NOT_IN_GROUP
